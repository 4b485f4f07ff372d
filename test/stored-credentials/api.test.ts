/** Stored credentials over the API: what goes in is never shown again, and comes back where it was kept. */
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { admin, request } from "../support/certedge";

const api = () => request(admin());
const inPerson = () => request({ cookie: admin().cookie });
const unique = (stem: string) => `${stem}-${Math.random().toString(36).slice(2, 10)}`;
const MASK = "***masked***";

const at = (id: string, rest = "") => `/api/credentials/${id}${rest}`;
const store = async (kind: string, fields: object, more: object = {}) =>
  (await api().post("/api/credentials", { name: unique(kind), kind, fields, ...more })).json;

const vault = { address: "https://vault.example.net:8200", token: "hvs.the-first-token" };

describe("A stored credential", () => {
  it("is made by the fields of its kind, and shown with its secrets masked", async () => {
    const name = unique("s3");
    const fields = { access_key_id: "AKIAEXAMPLE", secret_access_key: "a secret of the store" };
    const made = await api().post("/api/credentials", { name, kind: "s3", fields, description: "Backups" });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      name,
      kind: "s3",
      description: "Backups",
      version: 1,
      may_be_unlocked: false,
      fields: { access_key_id: "AKIAEXAMPLE", secret_access_key: MASK, region: "us-east-1" },
    });
    const listed = await api().get("/api/credentials?kind=s3");
    expect(listed.json.credentials).toContainEqual(made.json);
    expect((await api().get(at(made.json.id))).json).toEqual(made.json);
    expect(made.text + listed.text).not.toContain(fields.secret_access_key);
  });

  it("has kinds for DNS providers and for much else, each with what a form needs", async () => {
    const { kinds } = (await api().get("/api/credentials/kinds")).json;
    const ids = kinds.map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining(["api_token", "ssh_key", "smtp", "vault", "dns:cloudflare"]));
    expect(ids).not.toContain("dns:builtin");
    for (const { id, title, help, fields } of kinds) {
      expect(`${title}${help}`, id).toMatch(/\w/);
      expect(fields.length, id).toBeGreaterThan(0);
      for (const field of fields) expect(field, id).toMatchObject({ title: expect.stringMatching(/\w/) });
    }
  });

  it.each([
    ["api_token", {}, "/fields/token"],
    ["api_token", { token: "t", colour: "blue" }, "/fields/colour"],
    ["api_token", { token: MASK }, "/fields/token"],
    ["api_token", { token: "********" }, "/fields/token"],
    ["dns:cloudflare", { api_token: MASK }, "/fields/api_token"],
    ["ssh_key", { username: "deploy", private_key: "not a key" }, "/fields/private_key"],
    ["vault", { ...vault, address: "http://vault.example.net" }, "/fields/address"],
    ["smtp", { host: "smtp.example.net", port: "70000", username: "a", password: "b" }, "/fields/port"],
    ["smtp", { host: "https://smtp.example.net", username: "a", password: "b" }, "/fields/host"],
    ["webhook_secret", { secret: "too short" }, "/fields/secret"],
    ["colour", { token: "t" }, "/kind"],
  ])("is refused where it does not fit: %s %j", async (kind, fields, pointer) => {
    const answer = await api().post("/api/credentials", { name: unique("bad"), kind, fields });
    expect(answer.status).toBe(422);
    expect(answer.json.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  it("has a name that no other of the account has", async () => {
    const { id, name } = await store("api_token", { token: "t" });
    const again = await api().post("/api/credentials", { name, kind: "api_token", fields: { token: "t" } });
    expect(again).toMatchObject({ status: 409, json: { detail: expect.stringContaining(name) } });
    const other = await store("api_token", { token: "t" });
    expect((await api().patch(at(other.id), { name })).status).toBe(409);
    expect((await api().patch(at(id), { name })).status).toBe(200);
  });

  it("keeps, in a change, the fields that are not given and the secrets that are given masked", async () => {
    const { id } = await store("vault", vault, { may_be_unlocked: true });
    const changed = await api().patch(at(id), { fields: { namespace: "team", token: MASK } });
    expect(changed.json).toMatchObject({ version: 2, fields: { ...vault, namespace: "team", token: MASK } });
    expect((await api().patch(at(id), { description: "Renamed" })).json).toMatchObject({ version: 2 });
    expect((await api().patch(at(id), { fields: { token: MASK } })).json).toMatchObject({ version: 2 });
    const unlocked = await inPerson().post(at(id, "/unlock"), { reason: "to look", password: admin().password });
    expect(unlocked.json.fields).toEqual({ ...vault, namespace: "team" });
    expect((await api().patch(at(id), { fields: { namespace: null } })).json.fields).toEqual({ ...vault, token: MASK });
  });

  it.each([
    ["vault", vault, { address: "https://thief.example.net" }, "token"],
    ["smtp", { host: "smtp.example.net", username: "ada", password: "p" }, { host: "thief.example.net" }, "password"],
    [
      "s3",
      { access_key_id: "A", secret_access_key: "s" },
      { endpoint: "https://thief.example.net" },
      "secret_access_key",
    ],
    [
      "dns:powerdns",
      { base_url: "https://ns.example.net", api_key: "k" },
      { base_url: "https://t.example" },
      "api_key",
    ],
  ])("has its secrets sent to no other address than they were given for: %s", async (kind, fields, moved, secret) => {
    const { id } = await store(kind, fields);
    const [member] = Object.keys(moved);
    for (const change of [moved, { ...moved, [secret]: MASK }]) {
      const answer = await api().patch(at(id), { fields: change });
      expect(answer.json).toMatchObject({ status: 422, errors: [{ pointer: `/fields/${member}` }] });
    }
    const anew = await api().patch(at(id), { fields: { ...moved, [secret]: "a new one" } });
    expect(anew.json.fields).toMatchObject({ ...moved, [secret]: MASK });
  });

  it("has a history that says who and when, and an older version can be brought back", async () => {
    const { id } = await store("user_password", { username: "first", password: "one" }, { may_be_unlocked: true });
    await inPerson().patch(at(id), { fields: { username: "second", password: "two" } });
    const back = await api().post(at(id, "/roll-back"), { version: 1 });
    expect(back.json).toMatchObject({ version: 3, fields: { username: "first", password: MASK } });
    const history = await api().get(at(id, "/versions"));
    expect(history.json.versions).toEqual([
      expect.objectContaining({ version: 3, created_by: "API key tests", copy_of: 1, in_use: true }),
      expect.objectContaining({ version: 2, created_by: admin().username, copy_of: null, in_use: false }),
      expect.objectContaining({ version: 1, created_by: "API key tests", copy_of: null, in_use: false }),
    ]);
    expect(history.text).not.toMatch(/one|two/);
    const seen = await inPerson().post(at(id, "/unlock"), { reason: "to look", password: admin().password });
    expect(seen.json.fields).toEqual({ username: "first", password: "one" });
    expect((await api().post(at(id, "/roll-back"), { version: 3 })).status).toBe(422);
    expect((await api().post(at(id, "/roll-back"), { version: 9 })).status).toBe(404);
  });

  it("is made a new version of by one of two changes at once, and the other is told", async () => {
    const { id } = await store("api_token", { token: "t" });
    const both = await Promise.all(["a", "b"].map((token) => api().patch(at(id), { fields: { token } })));
    const versions = (await api().get(at(id, "/versions"))).json.versions;
    const done = both.filter(({ status }) => status === 200).length;
    expect(versions).toHaveLength(1 + done);
    expect(both.filter(({ status }) => status === 409)).toHaveLength(2 - done);
  });

  it("is deleted with its history when nothing uses it", async () => {
    const { id } = await store("api_token", { token: "t" });
    expect((await api().get(at(id, "/usage"))).json).toEqual({
      dns_accounts: [],
      notification_channels: [],
      certificates: [],
      domains: [],
    });
    expect((await api().delete(at(id))).status).toBe(204);
    expect((await api().get(at(id))).status).toBe(404);
  });
});

describe("A trial", () => {
  it.each([
    ["ec", { namedCurve: "prime256v1" }],
    ["ed25519", {}],
    ["rsa", { modulusLength: 2048 }],
  ] as const)(
    "of a private key is done by the Worker itself, and stays with the credential: %s",
    async (type, options) => {
      const pem = {
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
      };
      const generate = generateKeyPairSync as (
        type: string,
        options: object,
      ) => { privateKey: string; publicKey: string };
      const { privateKey, publicKey } = generate(type, { ...options, ...pem });
      const { id } = await store("key_pair", { private_key: privateKey, public_key: publicKey });
      const tested = await api().post(at(id, "/test"), {});
      expect(tested.json).toMatchObject({ ok: true, detail: expect.stringContaining(`type ${type}`) });
      expect((await api().get(at(id))).json.last_test).toEqual(tested.json);
      const changed = await api().patch(at(id), { fields: { public_key: null } });
      expect(changed.json.last_test).toBeNull();
    },
  );

  it("of a kind that nobody can be asked about is refused", async () => {
    const { id } = await store("api_token", { token: "t" });
    expect((await api().post(at(id, "/test"), {})).status).toBe(422);
  });
});

describe("The end of a credential", () => {
  const DAY = 86_400_000;
  const inDays = (days: number) => `${new Date(Date.now() + days * DAY).toISOString().slice(0, 19)}Z`;

  it("is told of 14 days before, unless another day is given", async () => {
    const [end, before, early] = [inDays(100), inDays(86), inDays(50)];
    const { id, ...made } = await store("api_token", { token: "t" }, { expires_at: end });
    expect(made).toMatchObject({ expires_at: end, remind_at: before });
    expect((await api().patch(at(id), { remind_at: early })).json).toMatchObject({ expires_at: end, remind_at: early });
    const without = await api().patch(at(id), { expires_at: null });
    expect(without.json).toMatchObject({ expires_at: null, remind_at: null });
  });

  it.each([
    [{ expires_at: inDays(-1) }, "/expires_at"],
    [{ remind_at: inDays(-1) }, "/remind_at"],
    [{ expires_at: inDays(10), remind_at: inDays(11) }, "/remind_at"],
    [{ expires_at: "tomorrow" }, "/expires_at"],
  ])("is refused where it makes no sense: %j", async (expiry, pointer) => {
    const body = { name: unique("end"), kind: "api_token", fields: { token: "t" }, ...expiry };
    expect((await api().post("/api/credentials", body)).json).toMatchObject({ status: 422, errors: [{ pointer }] });
  });
});

describe("The secrets of a credential", () => {
  const look = { reason: "to hand it to the auditors" };
  const unlock = (id: string, body: object = { ...look, password: admin().password }) =>
    inPerson().post(at(id, "/unlock"), body);

  it("are shown to a person who signed in again and says why, which the audit log keeps", async () => {
    const { id, name } = await store("api_token", { token: "the secret that was shown" }, { may_be_unlocked: true });
    expect((await unlock(id)).json).toEqual({ fields: { token: "the secret that was shown" } });
    const query = new URLSearchParams({ subject: `credential ${name}`, action: "credential.unlock" });
    const log = await api().get(`/api/audit?${query}`);
    expect(log.json.entries).toHaveLength(1);
    expect(log.json.entries[0].after).toMatchObject(look);
    expect(log.text).not.toContain("the secret that was shown");
  });

  it("are never shown where that was not asked for when they were stored", async () => {
    const { id } = await store("api_token", { token: "t" });
    expect((await unlock(id)).status).toBe(403);
    const refused = await api().patch(at(id), { may_be_unlocked: true });
    expect(refused.json).toMatchObject({ status: 422, errors: [{ pointer: "/may_be_unlocked" }] });
    const masked = await api().patch(at(id), { may_be_unlocked: true, fields: { token: MASK } });
    expect(masked.status).toBe(422);
    await api().patch(at(id), { may_be_unlocked: true, fields: { token: "a new one" } });
    expect((await unlock(id)).json.fields).toEqual({ token: "a new one" });
  });

  it("stay hidden when an older version comes back whose secrets were", async () => {
    const { id } = await store("api_token", { token: "hidden" });
    await api().patch(at(id), { may_be_unlocked: true, fields: { token: "shown" } });
    const back = await api().post(at(id, "/roll-back"), { version: 1 });
    expect(back.json.may_be_unlocked).toBe(false);
    expect((await unlock(id)).status).toBe(403);
  });

  it("are hidden for ever in all versions once that was said", async () => {
    const { id } = await store("api_token", { token: "first" }, { may_be_unlocked: true });
    await api().patch(at(id), { fields: { token: "second" }, may_be_unlocked: false });
    const back = await api().post(at(id, "/roll-back"), { version: 1 });
    expect(back.json.may_be_unlocked).toBe(false);
  });

  it("are shown to no API key, and to nobody without a reason", async () => {
    const { id } = await store("api_token", { token: "t" }, { may_be_unlocked: true });
    expect((await api().post(at(id, "/unlock"), look)).status).toBe(403);
    expect((await unlock(id, { password: admin().password })).status).toBe(422);
  });
});
