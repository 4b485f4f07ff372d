/** Directories of an account's own: who registers there, with what, and which names those get. */
import { describe, expect, it } from "vitest";
import { generateAccountKey, importAccountKey } from "../../src/acme/account-key";
import { readCertificate } from "../../src/pki/certificate";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { newMember } from "../support/members";
import type { Caller } from "../support/requests";
import { acmeClient, obtain, orderOf } from "./acme-client";

const newSlug = () => uniqueName("d").split(".")[0] ?? "";
const DAY = 86_400_000;

async function newProfile(input: object = {}, caller: Caller = admin()) {
  const made = await request(caller).post("/api/acme/profiles", { slug: newSlug(), title: "Servers", ...input });
  expect(made.status).toBe(201);
  const path = `/api/acme/profiles/${made.json.id}`;
  const newKey = async (key: object = {}) => request(caller).post(`${path}/eab`, { name: "web", ...key });
  return { ...made.json, path, newKey } as { path: string; slug: string; directory_url: string; newKey: typeof newKey };
}

/** A client that has registered with a key of the profile. */
async function registered(profile: Awaited<ReturnType<typeof newProfile>>, key: object = {}) {
  const eab = (await profile.newKey(key)).json;
  const client = await acmeClient(profile.directory_url);
  const account = await client.newAccount({ externalAccount: { kid: eab.id, hmacKey: eab.hmac_key } });
  return { client, eab, account };
}

const typeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "nothing",
    (error: Error) => error.message,
  );

describe("A profile", () => {
  it("gives certificates for the names of a key at once, for as long as it says", async () => {
    const profile = await newProfile({ lifetime_days: 7, website: "https://ca.example.com/" });
    const { client } = await registered(profile, { allowed_names: ["web.example", "*.web.example", "192.0.2.7"] });
    const names = ["web.example", "*.web.example", "a.b.web.example", "192.0.2.7"];
    const { identifiers, notBefore, notAfter } = await readCertificate(await obtain(client, names));
    expect(identifiers.map(({ value }) => value).sort()).toEqual([...names].sort());
    expect(notAfter - notBefore).toBeLessThanOrEqual(7 * DAY);
    expect(await typeOf(orderOf(client, ["web.example", "other.example"]))).toMatch(/other\.example is not for this/);

    const { meta } = (await request().get(`/acme/${profile.slug}/directory`)).json;
    expect(meta).toMatchObject({ externalAccountRequired: true, website: "https://ca.example.com/" });
  });

  it("has names proven where nobody said whose they are", async () => {
    const profile = await newProfile({ eab_required: false, allowed_names: ["*.open.example"] });
    const client = await acmeClient(profile.directory_url);
    await client.newAccount({});
    expect((await orderOf(client, ["a.open.example"])).status).toBe("pending");
    expect(await typeOf(orderOf(client, ["b.example"]))).toMatch(/b\.example is not for this account/);
    const bound = await registered(await newProfile());
    expect((await orderOf(bound.client, ["a.open.example"])).status).toBe("pending");
  });

  it("spares those who do not run certedge the proof of their own names alone", async () => {
    const ada = await newMember(certedge().url, admin(), "elite");
    const name = uniqueName("ada");
    await request(ada).post("/api/domains", { fqdn: name, record_ip: "192.0.2.1" });
    const profile = await newProfile({}, ada);
    const { client } = await registered(profile, { allowed_names: [name, "bank.example", "192.0.2.7"] });
    expect((await orderOf(client, [name])).status).toBe("ready");
    expect((await orderOf(client, ["bank.example"])).status).toBe("pending");
    expect((await orderOf(client, ["192.0.2.7"])).status).toBe("pending");
  });

  it("knows no accounts but its own", async () => {
    const [one, other] = [await newProfile({ eab_required: false }), await newProfile({ eab_required: false })];
    const key = await importAccountKey(await generateAccountKey());
    const account = await (await acmeClient(one.directory_url, key)).newAccount({});
    // The URL of the account at the one, and the same at the other.
    for (const accountUrl of [account.url, account.url.replace(one.slug, other.slug)]) {
      const elsewhere = await acmeClient(other.directory_url, key, accountUrl);
      expect(await typeOf(orderOf(elsewhere, ["a.example"]))).toMatch(/accountDoesNotExist/);
    }
    const own = await (await acmeClient(other.directory_url, key)).newAccount({});
    expect(own.url).not.toBe(account.url);
  });

  it("is the one at /acme/directory when an administrator says so, and no other is then", async () => {
    const [first, second] = [await newProfile({ is_default: true }), await newProfile()];
    const urls = async () => (await request().get("/acme/directory")).json.newAccount;
    expect(await urls()).toBe(`${certedge().url}/acme/${first.slug}/new-account`);
    await request(admin()).patch(second.path, { is_default: true });
    expect(await urls()).toBe(`${certedge().url}/acme/${second.slug}/new-account`);
    expect((await request(admin()).get(first.path)).json.is_default).toBe(false);
    const ada = await newMember(certedge().url, admin(), "elite");
    const refused = await request(ada).post("/api/acme/profiles", { slug: newSlug(), title: "x", is_default: true });
    expect(refused.status).toBe(403);
  });

  it("has an address that no other has, and none that is something else", async () => {
    const { slug } = await newProfile();
    for (const taken of [slug, "builtin", "directory"]) {
      const answer = await request(admin()).post("/api/acme/profiles", { slug: taken, title: "x" });
      expect([taken, answer.status]).toEqual([taken, 409]);
    }
    expect((await request().get("/acme/nobodys/directory")).status).toBe(404);
    const wrong = await request(admin()).post("/api/acme/profiles", {
      slug: newSlug(),
      title: "x",
      allowed_names: ["a b"],
    });
    expect([wrong.status, wrong.json.errors[0].pointer]).toEqual([422, "/allowed_names/0"]);
  });

  it("leaves its clients nothing when it is deleted", async () => {
    const profile = await newProfile();
    const { client } = await registered(profile, { allowed_names: ["gone.example"] });
    expect((await request(admin()).delete(profile.path)).status).toBe(204);
    expect(await typeOf(orderOf(client, ["gone.example"]))).not.toBe("nothing");
    expect((await request().get(`/acme/${profile.slug}/directory`)).status).toBe(404);
  });
});

describe("An external account key", () => {
  it("is shown once, as four clients want it, and never again", async () => {
    const profile = await newProfile();
    const { json } = await profile.newKey({ allowed_networks: ["203.0.113.7/24"] });
    expect(json.hmac_key).toMatch(/^[A-Za-z0-9_-]{43}$/);
    for (const command of Object.values(json.commands)) {
      for (const part of [profile.directory_url, json.id, json.hmac_key]) expect(command).toContain(part);
    }
    const listed = await request(admin()).get(`${profile.path}/eab`);
    expect(listed.json.keys).toMatchObject([{ id: json.id, allowed_networks: ["203.0.113.0/24"], revoked_at: null }]);
    const everything = await request(admin()).get("/api/audit");
    expect(listed.text + everything.text).not.toContain(json.hmac_key);
  });

  it("makes one account, or as many as it is asked for when it is reusable", async () => {
    const profile = await newProfile();
    for (const [reusable, expected] of [
      [false, /used already/],
      [true, /nothing/],
    ] as const) {
      const { eab } = await registered(profile, { reusable });
      const another = await acmeClient(profile.directory_url);
      const externalAccount = { kid: eab.id, hmacKey: eab.hmac_key };
      expect(await typeOf(another.newAccount({ externalAccount }))).toMatch(expected);
    }
  });

  it("makes one account of many that are asked for at once", async () => {
    const profile = await newProfile();
    const { id: kid, hmac_key: hmacKey } = (await profile.newKey()).json;
    const clients = await Promise.all([1, 2, 3, 4].map(() => acmeClient(profile.directory_url)));
    const ends = await Promise.all(clients.map((one) => typeOf(one.newAccount({ externalAccount: { kid, hmacKey } }))));
    expect(ends.filter((end) => end === "nothing")).toHaveLength(1);
    expect((await request(admin()).get(`${profile.path}/accounts`)).json.accounts).toHaveLength(1);
  });

  it("is refused from another network, and at another profile", async () => {
    const [profile, other] = [await newProfile(), await newProfile()];
    const elsewhere = (await profile.newKey({ allowed_networks: ["203.0.113.0/24"] })).json;
    const client = await acmeClient(profile.directory_url);
    const asked = client.newAccount({ externalAccount: { kid: elsewhere.id, hmacKey: elsewhere.hmac_key } });
    expect(await typeOf(asked)).toMatch(/may not be used from/);
    const foreign = (await other.newKey()).json;
    const borrowed = client.newAccount({ externalAccount: { kid: foreign.id, hmacKey: foreign.hmac_key } });
    expect(await typeOf(borrowed)).toMatch(/no external account key/);
  });

  it("stops its accounts when it is revoked, and makes no other", async () => {
    const profile = await newProfile();
    const { client, eab } = await registered(profile, { reusable: true, allowed_names: ["stop.example"] });
    const revoked = await request(admin()).delete(`${profile.path}/eab/${eab.id}`);
    expect(revoked.json.revoked_at).toEqual(expect.any(String));
    expect(await typeOf(orderOf(client, ["stop.example"]))).toMatch(/revoked/);
    const again = (await acmeClient(profile.directory_url)).newAccount({
      externalAccount: { kid: eab.id, hmacKey: eab.hmac_key },
    });
    expect(await typeOf(again)).toMatch(/was revoked/);
    const { accounts } = (await request(admin()).get(`${profile.path}/accounts`)).json;
    expect(accounts).toMatchObject([{ status: "revoked", external_account_key: { id: eab.id, name: "web" } }]);
  });

  it("is for no names but those of its profile, and of the API key that makes it", async () => {
    const profile = await newProfile({ allowed_names: ["*.in.example"] });
    expect((await profile.newKey({ allowed_names: ["out.example"] })).status).toBe(422);
    const { key } = (
      await request(admin()).post("/api-keys/", { name: "n", scopes: ["acme"], allowed_domains: ["a.in.example"] })
    ).json;
    const narrow = request({ key });
    const wide = await narrow.post(`${profile.path}/eab`, { name: "web", allowed_names: ["b.in.example"] });
    expect(wide.status).toBe(403);
    const own = await narrow.post(`${profile.path}/eab`, { name: "web" });
    expect([own.status, own.json.allowed_names]).toEqual([201, ["a.in.example"]]);
    expect((await narrow.patch(profile.path, { title: "mine" })).status).toBe(403);
    const others = (await profile.newKey()).json;
    expect((await narrow.delete(`${profile.path}/eab/${others.id}`)).status).toBe(403);
    expect((await narrow.delete(`${profile.path}/eab/${own.json.id}`)).status).toBe(200);
  });
});

it("An account of a client is deactivated by the owner of its directory, for ever", async () => {
  const profile = await newProfile();
  const { client, account } = await registered(profile, { allowed_names: ["end.example"] });
  const id = account.url.split("/").at(-1);
  expect((await request(admin()).delete(`${profile.path}/accounts/${id}`)).status).toBe(204);
  expect(await typeOf(orderOf(client, ["end.example"]))).toMatch(/deactivated/);
});
