/** Managed challenges in each dialect, against the shared Worker and its own zone. */
import { beforeAll, describe, expect, it } from "vitest";
import { dns01Value } from "../../src/acme/challenges";
import { admin, certedge, request, uniqueName } from "../support/certedge";

const VALUE = "x".repeat(43);
const OTHER = "y".repeat(43);

/** What the world sees at a name. */
async function seen(name: string): Promise<string[]> {
  const answer = await fetch(`${certedge().url}/dns-query?name=${name}&type=TXT`);
  const { Answer = [] } = (await answer.json()) as { Answer?: { type: number; data: string }[] };
  return Answer.flatMap(({ type, data }) => (type === 16 ? [data.replaceAll('"', "")] : [])).sort();
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${certedge().url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

const basic = (key: string | undefined, user = "anybody") => ({
  authorization: `Basic ${Buffer.from(`${user}:${key}`).toString("base64")}`,
});

/** A name of the account's, under which challenges may be placed. */
async function ownName(stem: string): Promise<string> {
  const name = uniqueName(stem);
  await request(admin()).post("/api/domains", { fqdn: name, record_ip: "192.0.2.1" });
  return name;
}

let key: string;
beforeAll(() => {
  key = admin().key ?? "";
});

describe("lego's httpreq, and acmeproxy", () => {
  it.each(["/httpreq", "/acmeproxy"])("places and removes values at %s, each for itself", async (base) => {
    const name = await ownName("req");
    const record = `_acme-challenge.${name}`;
    for (const value of [VALUE, OTHER]) {
      const answer = await post(`${base}/present`, { fqdn: `${record}.`, value }, basic(key));
      expect([answer.status, await answer.json()]).toEqual([200, { fqdn: `${record}.`, value }]);
    }
    expect(await seen(record)).toEqual([VALUE, OTHER]);
    expect((await post(`${base}/cleanup`, { fqdn: `${record}.`, value: VALUE }, basic(key))).status).toBe(200);
    expect(await seen(record)).toEqual([OTHER]);
    await post(`${base}/cleanup`, { fqdn: `${record}.`, value: OTHER }, basic(key));
    expect(await seen(record)).toEqual([]);
  });

  it("makes the value itself in raw mode, and takes the key as Bearer too", async () => {
    const name = await ownName("raw");
    const input = { domain: `*.${name}`, token: "t", keyAuth: "t.thumbprint" };
    const headers = { authorization: `Bearer ${key}` };
    expect((await post("/httpreq/present", input, headers)).status).toBe(200);
    expect(await seen(`_acme-challenge.${name}`)).toEqual([await dns01Value(input.keyAuth)]);
    expect((await post("/httpreq/cleanup", input, headers)).status).toBe(200);
    expect(await seen(`_acme-challenge.${name}`)).toEqual([]);
  });

  it("takes nothing but challenge names, and says what is wrong", async () => {
    const name = await ownName("bad");
    for (const [body, pointer] of [
      [{ fqdn: `www.${name}.`, value: VALUE }, "/fqdn"],
      [{ fqdn: "_acme-challenge.a b", value: VALUE }, "/fqdn"],
      [{ domain: "192.0.2.1", keyAuth: "x" }, "/domain"],
    ] as const) {
      const answer = await post("/httpreq/present", body, basic(key));
      const { errors } = (await answer.json()) as { errors: { pointer: string }[] };
      expect([answer.status, errors[0]?.pointer]).toEqual([422, pointer]);
    }
    expect((await post("/httpreq/present", { nothing: 1 }, basic(key))).status).toBe(422);
    expect((await post("/httpreq/present", "not json {", basic(key))).status).toBe(422);
  });
});

describe("the key of a managed challenge", () => {
  const make = async (narrowing: object) => (await request(admin()).post("/api-keys/", narrowing)).json;

  it("has to be one, with the scope, and for the name", async () => {
    const name = await ownName("scope");
    const body = { fqdn: `_acme-challenge.${name}.`, value: VALUE };
    const anonymous = await post("/httpreq/present", body);
    expect([anonymous.status, anonymous.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="certedge"']);
    expect((await post("/httpreq/present", body, basic(`ak_${"A".repeat(43)}`))).status).toBe(401);
    const without = await make({ name: "c1", scopes: ["dns:read"] });
    expect((await post("/httpreq/present", body, basic(without.key))).status).toBe(403);
    const elsewhere = await make({ name: "c2", scopes: ["challenges"], allowed_domains: ["*.example.org"] });
    expect((await post("/httpreq/present", body, basic(elsewhere.key))).status).toBe(403);
    expect((await post("/httpreq/cleanup", body, basic(elsewhere.key))).status).toBe(403);
    const narrow = await make({ name: "c3", scopes: ["challenges"], allowed_domains: [name] });
    expect((await post("/httpreq/present", body, basic(narrow.key))).status).toBe(200);
    for (const { id } of [without, elsewhere]) await request(admin()).delete(`/api-keys/${id}`);
    // What one key placed, another does not take away.
    expect((await post("/httpreq/cleanup", body, basic(key))).status).toBe(200);
    expect(await seen(`_acme-challenge.${name}`)).toEqual([VALUE]);
    await post("/httpreq/cleanup", body, basic(narrow.key));
    await request(admin()).delete(`/api-keys/${narrow.id}`);
    expect(await seen(`_acme-challenge.${name}`)).toEqual([]);
  });
});

describe("acme-dns", () => {
  const register = async (body: object = {}) => (await post("/acme-dns/register", body, basic(key))).json();
  interface Registration {
    username: string;
    password: string;
    fulldomain: string;
    subdomain: string;
    allowfrom: string[];
  }
  const update = async ({ username, password, subdomain }: Registration, txt: string, at = subdomain) => {
    const headers = { "x-api-user": username, "x-api-key": password };
    const answer = await post("/acme-dns/update", { subdomain: at, txt }, headers);
    return [answer.status, await answer.json()];
  };

  it("gives a name with a password, and keeps the two newest values at it", async () => {
    const made = (await register()) as Registration;
    expect(made.fulldomain).toBe(`${made.subdomain}.acme.certedge.test`);
    const values = ["a", "b", "c"].map((letter) => letter.repeat(43));
    for (const txt of values) expect(await update(made, txt)).toEqual([200, { txt }]);
    expect(await seen(made.fulldomain)).toEqual(values.slice(1));
    const listed = (await request(admin()).get("/api/challenges/acme-dns")).json.registrations;
    expect(listed.find(({ id }: { id: string }) => id === made.username)).toMatchObject({
      fulldomain: made.fulldomain,
      updates: 3,
    });
    expect(JSON.stringify(listed)).not.toContain(made.password);
    expect((await request(admin()).delete(`/api/challenges/acme-dns/${made.username}`)).status).toBe(204);
    expect(await seen(made.fulldomain)).toEqual([]);
    expect(await update(made, VALUE)).toEqual([401, { error: "forbidden" }]);
  });

  it("refuses what acme-dns refuses, in its words", async () => {
    const [made, other] = [(await register()) as Registration, (await register()) as Registration];
    expect(await update(made, VALUE, other.subdomain)).toEqual([400, { error: "bad_subdomain" }]);
    expect(await update(made, "too short")).toEqual([400, { error: "bad_txt" }]);
    expect(await update({ ...made, password: other.password }, VALUE)).toEqual([401, { error: "forbidden" }]);
    expect(await update({ ...made, username: "nobody" }, VALUE)).toEqual([401, { error: "forbidden" }]);
    const far = (await register({ allowfrom: ["198.51.100.0/24"] })) as Registration;
    expect(far.allowfrom).toEqual(["198.51.100.0/24"]);
    expect(await update(far, VALUE)).toEqual([401, { error: "forbidden" }]);
    expect((await post("/acme-dns/register", { allowfrom: ["nowhere"] }, basic(key))).status).toBe(422);
    expect((await post("/acme-dns/register", {})).status).toBe(401);
    for (const { username } of [made, other, far])
      await request(admin()).delete(`/api/challenges/acme-dns/${username}`);
  });
});

describe("Certify Management Hub's managed challenges", () => {
  const at = "/api/v1/managedchallenge";

  it("places at once, with the credential in headers or in the body", async () => {
    const name = await ownName("hub");
    const request = {
      ChallengeType: "dns-01",
      Identifier: name,
      ResponseKey: `_acme-challenge.${name}`,
      ResponseValue: VALUE,
    };
    const inHeader = await post(`${at}/request`, request, { "x-client-id": "id", "x-client-secret": key });
    expect([inHeader.status, await inHeader.json()]).toMatchObject([200, { isSuccess: true }]);
    expect(await seen(`_acme-challenge.${name}`)).toEqual([VALUE]);
    const inBody = { ...request, AuthKey: "id", AuthSecret: key };
    expect((await post(`${at}/cleanup`, inBody)).status).toBe(200);
    expect(await seen(`_acme-challenge.${name}`)).toEqual([]);
    expect((await post(`${at}/request`, request)).status).toBe(401);
    expect(
      (await post(`${at}/request`, { ...request, ChallengeType: "http-01" }, { "x-client-secret": key })).status,
    ).toBe(422);
  });

  it("begins, and tells by the operation's id how it went", async () => {
    const name = await ownName("begin");
    const input = { identifier: `*.${name}`, responseValue: VALUE };
    const begun = await post(`${at}/requestbegin`, input, { "x-client-secret": key });
    expect(begun.status).toBe(202);
    const { id } = (await begun.json()) as { id: string };
    const status = async (headers: Record<string, string>) =>
      fetch(`${certedge().url}${at}/requeststatus/${id}`, { headers });
    await expect
      .poll(async () => ((await (await status({ "x-client-secret": key })).json()) as { status: string }).status)
      .toBe("succeeded");
    expect(await seen(`_acme-challenge.${name}`)).toEqual([VALUE]);
    expect((await status({})).status).toBe(401);
    await post(`${at}/cleanup`, { identifier: name }, { "x-client-secret": key });
    expect(await seen(`_acme-challenge.${name}`)).toEqual([]);
  });
});

describe("challenges for scripts", () => {
  it("are placed, listed with whether they are seen, and taken away", async () => {
    const name = await ownName("script");
    const api = request(admin());
    const made = await api.post("/api/challenges", { domain: name, value: VALUE, lifetime_seconds: 120 });
    expect([made.status, made.json.state, made.json.record.name]).toEqual([201, "placed", `_acme-challenge.${name}`]);
    expect((await api.get(`/api/challenges/${made.json.id}`)).json.visible).toBe(true);
    const { challenges } = (await api.get("/api/challenges")).json;
    expect(challenges.map(({ id }: { id: string }) => id)).toContain(made.json.id);
    expect((await api.delete(`/api/challenges/${made.json.id}`)).status).toBe(204);
    expect(await seen(`_acme-challenge.${name}`)).toEqual([]);
    expect((await api.get(`/api/challenges/${made.json.id}`)).status).toBe(404);
  });

  it("need one of domain and record_name", async () => {
    for (const names of [{}, { domain: "a.example.com", record_name: "_acme-challenge.a.example.com" }]) {
      expect((await request(admin()).post("/api/challenges", { ...names, value: VALUE })).status).toBe(422);
    }
  });
});
