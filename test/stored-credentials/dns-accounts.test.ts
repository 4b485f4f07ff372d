/** DNS accounts that work with a stored credential: what may be combined, and who may use what. */
import { describe, expect, it } from "vitest";
import { admin, request } from "../support/certedge";

const api = () => request(admin());
const unique = (stem: string) => `${stem}-${Math.random().toString(36).slice(2, 10)}`;
const MASK = "***masked***";

const accountAt = (provider: string, id = "") => `/api/dns/${provider}/accounts${id && `/${id}`}`;
const store = async (kind: string, fields: object, more: object = {}) =>
  (await api().post("/api/credentials", { name: unique(kind.replace(":", "-")), kind, fields, ...more })).json;
const newInstance = async () => (await api().post("/api/instances", { name: unique("instance") })).json.id as string;
const addAccount = (provider: string, more: object, account_id = unique("account")) =>
  api().post(accountAt(provider), { account_id, ...more });

describe("A DNS account with a stored credential", () => {
  it("has the fields of the credential, masked, and follows each change of it", async () => {
    const { id } = await store("dns:route53", { access_key_id: "A", secret_access_key: "s", region: "eu-west-1" });
    const made = await addAccount("route53", { credential_id: id });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      credential_id: id,
      credentials: { access_key_id: MASK, secret_access_key: MASK, region: "eu-west-1" },
    });
    await api().patch(`/api/credentials/${id}`, { fields: { region: "us-east-1" } });
    const path = accountAt("route53", made.json.account_id);
    expect((await api().get(path)).json.credentials.region).toBe("us-east-1");
    await api().delete(path);
  });

  it("may have a stored token beside fields of its own, where the provider takes a single secret", async () => {
    const { id } = await store("api_token", { token: "a-token-of-name.com" });
    const made = await addAccount("namedotcom", { credential_id: id, credentials: { username: "ada" } });
    expect(made.json.credentials).toEqual({ username: "ada", api_token: MASK });
    const path = accountAt("namedotcom", made.json.account_id);
    const changed = await api().put(path, { credentials: { username: "bob", api_token: MASK } });
    expect(changed.json).toMatchObject({ credential_id: id, credentials: { username: "bob", api_token: MASK } });
    await api().delete(path);
  });

  it.each([
    ["another provider's", "cloudflare", "dns:gandi", { api_token: "t" }, {}, "/credential_id"],
    ["one of several secrets", "porkbun", "api_token", { token: "t" }, {}, "/credential_id"],
    [
      "a token that says no address, where people say one",
      "powerdns",
      "api_token",
      { token: "t" },
      { base_url: "https://thief.example" },
      "/credential_id",
    ],
    [
      "a token, and where to send it",
      "namedotcom",
      "api_token",
      { token: "t" },
      { username: "ada", base_url: "https://thief.example" },
      "/credentials/base_url",
    ],
    [
      "a whole credential, and where to send it",
      "cloudflare",
      "dns:cloudflare",
      { api_token: "t" },
      { base_url: "https://thief.example" },
      "/credentials/base_url",
    ],
    ["a secret of its own", "gandi", "dns:gandi", { api_token: "t" }, { api_token: "u" }, "/credentials/api_token"],
    ["a field that there is none of", "gandi", "api_token", { token: "t" }, { colour: "x" }, "/credentials/colour"],
  ])("is refused %s", async (_what, provider, kind, fields, credentials, pointer) => {
    const { id } = await store(kind, fields);
    const answer = await addAccount(provider, { credential_id: id, credentials });
    expect(answer.json).toMatchObject({ status: 422, errors: [{ pointer }] });
  });

  it("may have a stored token that says its address, where the provider is where people say it is", async () => {
    const address = "https://ns.example.net:8081";
    const { id } = await store("api_token", { token: "a-token-of-powerdns", address });
    const made = await addAccount("powerdns", { credential_id: id, credentials: { server_id: "second" } });
    expect(made.json.credentials).toEqual({ base_url: address, api_key: MASK, server_id: "second" });
    const path = accountAt("powerdns", made.json.account_id);
    const moved = await api().put(path, { credentials: { base_url: "https://thief.example" } });
    expect(moved.json).toMatchObject({ status: 422, errors: [{ pointer: "/credentials/base_url" }] });
    // Without it the account is there all the same, and says what it lacks.
    await api().patch(`/api/credentials/${id}`, { fields: { address: null, token: "anew" } });
    expect((await api().get(path)).json.credentials).toEqual({ api_key: MASK, server_id: "second" });
    const tested = await api().post(`${path}/test`, {});
    expect(tested.json).toMatchObject({ ok: false, steps: [{ detail: expect.stringContaining("base_url") }] });
    await api().delete(path);
  });

  it("is refused a credential that there is none of", async () => {
    const answer = await addAccount("gandi", { credential_id: crypto.randomUUID() });
    expect(answer.json).toMatchObject({ status: 422, errors: [{ pointer: "/credential_id" }] });
  });

  it("takes another credential, and fields of its own again when all of them are given", async () => {
    const first = await store("dns:gandi", { api_token: "first" });
    const second = await store("api_token", { token: "second" });
    const { account_id } = (await addAccount("gandi", { credentials: { api_token: "its own" } })).json;
    const path = accountAt("gandi", account_id);
    for (const { id } of [first, second]) {
      expect((await api().put(path, { credential_id: id })).json).toMatchObject({ credential_id: id });
    }
    const bare = await api().put(path, { credential_id: null });
    expect(bare.json).toMatchObject({ status: 422, errors: [{ pointer: "/credentials/api_token" }] });
    const masked = await api().put(path, { credential_id: null, credentials: { api_token: MASK } });
    expect(masked.status).toBe(422);
    const own = await api().put(path, { credential_id: null, credentials: { api_token: "its own again" } });
    expect(own.json).toMatchObject({ credential_id: null, credentials: { api_token: MASK } });
    await api().delete(path);
  });

  it("stays as it is when the DNS settings come back as they were shown", async () => {
    const { id } = await store("dns:route53", { access_key_id: "A", secret_access_key: "s" });
    const { account_id } = (await addAccount("route53", { credential_id: id })).json;
    const settings = (await api().get("/api/settings/dns")).json;
    const shown = { route53: { [account_id]: settings.dns_providers.route53[account_id] } };
    const answer = await api().put("/api/settings/dns", { dns_providers: shown });
    expect(answer.json).toMatchObject({ left_out: [], changed: [`route53/${account_id}`] });
    shown.route53[account_id].region = "cn-north-1";
    expect((await api().put("/api/settings/dns", { dns_providers: shown })).status).toBe(422);
    const path = accountAt("route53", account_id);
    expect((await api().get(path)).json).toMatchObject({ credential_id: id });
    await api().delete(path);
  });
});

describe("A credential that DNS accounts use", () => {
  it("tells which, and is not deleted but in favour of another of its kind", async () => {
    const { id } = await store("dns:linode", { api_key: "first" });
    const heir = await store("dns:linode", { api_key: "second" });
    const other = await store("dns:gandi", { api_token: "t" });
    const { account_id } = (await addAccount("linode", { credential_id: id })).json;
    const uses = [{ provider: "linode", account_id }];
    expect((await api().get(`/api/credentials/${id}/usage`)).json).toMatchObject({ dns_accounts: uses });

    const refused = await api().delete(`/api/credentials/${id}`);
    expect(refused.json).toMatchObject({ status: 409, usage: { dns_accounts: uses } });
    expect(refused.json.detail).toContain(`linode/${account_id}`);
    for (const wrong of [other.id, id, crypto.randomUUID()]) {
      expect((await api().delete(`/api/credentials/${id}?replace_with=${wrong}`)).status).toBe(422);
    }
    expect((await api().delete(`/api/credentials/${id}?replace_with=${heir.id}`)).status).toBe(204);
    const path = accountAt("linode", account_id);
    expect((await api().get(path)).json.credential_id).toBe(heir.id);
    await api().delete(path);
    expect((await api().delete(`/api/credentials/${heir.id}`)).status).toBe(204);
  });
});

describe("What is bound to an instance", () => {
  it("is a credential that only accounts of the same instance may use", async () => {
    const [ours, theirs] = [await newInstance(), await newInstance()];
    const { id } = await store("dns:vultr", { api_key: "k" }, { instance_id: ours });
    for (const instance_id of [undefined, null, theirs]) {
      const refused = await addAccount("vultr", { credential_id: id, instance_id });
      expect(refused.json).toMatchObject({ status: 422, errors: [{ pointer: "/credential_id" }] });
    }
    const { account_id } = (await addAccount("vultr", { credential_id: id, instance_id: ours })).json;
    const path = accountAt("vultr", account_id);
    expect((await api().put(path, { instance_id: theirs })).status).toBe(422);
    expect((await api().put(path, { instance_id: null })).status).toBe(422);
    await api().patch(`/api/credentials/${id}`, { instance_id: null });
    expect((await api().put(path, { instance_id: theirs })).json.instance_id).toBe(theirs);
    const refused = await api().patch(`/api/credentials/${id}`, { instance_id: ours });
    expect(refused.json).toMatchObject({ status: 409, detail: expect.stringContaining(`vultr/${account_id}`) });
    expect((await api().patch(`/api/credentials/${id}`, { instance_id: theirs })).status).toBe(200);
    await api().delete(path);
  });

  it("is nothing of an instance that there is none of", async () => {
    const instance_id = crypto.randomUUID();
    const body = { name: unique("x"), kind: "api_token", fields: { token: "t" }, instance_id };
    for (const answer of [
      await api().post("/api/credentials", body),
      await addAccount("gandi", { credentials: { api_token: "t" }, instance_id }),
    ]) {
      expect(answer.json).toMatchObject({ status: 422, errors: [{ pointer: "/instance_id" }] });
    }
  });
});
