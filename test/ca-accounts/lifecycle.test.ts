/** What becomes of a CA account at a real Pebble: changed, tried out, taken over, deactivated, deleted. */
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { importAccountKey } from "../../src/acme/account-key";
import { AcmeClient } from "../../src/acme/client";
import { DirectoryCache } from "../../src/acme/directory";
import { NoncePool } from "../../src/acme/nonces";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { away, type CertificateAuthority, refusing, startCertificateAuthority } from "../support/certificate-authority";
import { httpsFetch } from "../support/https-fetch";
import { type Member, newMember } from "../support/members";
import { describeWith } from "../support/tools";

const NOBODY = "00000000-0000-4000-8000-000000000000";

describeWith(["pebble", "openssl"], "A CA account", () => {
  let ca: CertificateAuthority;
  let member: Member;
  let account: { id: string; name: string; account_url: string };

  beforeAll(async () => {
    member = await newMember(certedge().url, admin(), "elite");
    ca = await startCertificateAuthority({ testRoot: inject("testRoot") });
  });
  afterAll(() => ca?.stop());
  beforeEach(async () => {
    account = await add();
  });
  afterEach(() => ca.behave());

  const me = () => request(member);
  const at = (rest = "") => `/api/ca/accounts/${account.id}${rest}`;
  const seen = async (id = account.id) => (await me().get(`/api/ca/accounts/${id}`)).json;
  let made = 0;

  async function add(more: object = {}) {
    const plain = { name: `ca ${++made}`, authority: "custom", directory_url: ca.directoryUrl };
    const { status, json } = await me().post("/api/ca/accounts", { ...plain, ...more });
    expect(status).toBe(201);
    return json;
  }

  async function pinned(): Promise<string> {
    const domain = uniqueName("pinned");
    await me().post("/api/domains", { fqdn: domain });
    const { json } = await me().post("/api/certificates/create?wait=60", { domain, ca_account_id: account.id });
    expect(json.order.state).toBe("valid");
    return domain;
  }

  describe("that is changed", () => {
    it("keeps what is not given, and takes the rest", async () => {
      const before = await seen();
      const { json } = await me().patch(at(), { preferred_chain: "Pebble Root CA 1" });
      expect(json).toEqual({ ...before, preferred_chain: "Pebble Root CA 1", updated_at: json.updated_at });
      const name = `renamed ${account.name}`;
      expect((await me().patch(at(), { name, preferred_chain: null })).json).toMatchObject({
        name,
        preferred_chain: null,
      });
      expect((await me().patch(at(), { name: "Built-in CA" })).status).toBe(409);
    });

    it("tells the CA of a new contact, and keeps the old one where the CA refuses", async () => {
      const path = new URL(account.account_url).pathname;
      const asked = () => ca.pebble.requests().filter((line) => line === "POST /my-account/").length;
      const before = asked();
      expect((await me().patch(at(), { contact: "ada@example.com" })).json.contact).toEqual(["ada@example.com"]);
      expect(asked()).toBe(before + 1);

      ca.answer(`POST ${path}`, refusing(400, "invalidContact", "nobody reads mail there"));
      const refused = await me().patch(at(), { contact: "bob@example.com" });
      expect(refused.status).toBe(422);
      expect(refused.json.errors).toEqual([
        { pointer: "/contact", detail: "The authority refused: nobody reads mail there" },
      ]);
      ca.answer(`POST ${path}`, away);
      expect((await me().patch(at(), { contact: "bob@example.com" })).status).toBe(502);
      expect((await seen()).contact).toEqual(["ada@example.com"]);
    });

    it("prefers the other chain from the next certificate on, not from the next start on", async () => {
      const other = await startCertificateAuthority({ testRoot: inject("testRoot"), alternateRoots: 1 });
      try {
        account = await add({ directory_url: other.directoryUrl });
        const domain = await pinned();
        const chain = async () => (await me().get(`/api/certificates/${domain}/download?format=chain`)).text;
        const first = await chain();
        const { issuerPem } = other.pebble;
        const [, name] = /CN=(.*)/.exec(new X509Certificate(await issuerPem("roots", 1)).subject) ?? [];
        await me().patch(at(), { preferred_chain: name });
        await me().post(`/api/certificates/${domain}/renew?wait=60`);
        expect(await chain()).not.toBe(first);
        expect((await chain()).trim()).toBe((await issuerPem("intermediates", 1)).trim());
      } finally {
        await other.stop();
      }
    });

    it("is bound to an instance of its owner's alone, and not while certificates beyond it are pinned to it", async () => {
      const instance = (await me().post("/api/instances", { name: account.name })).json;
      expect((await me().patch(at(), { instance_id: NOBODY })).status).toBe(422);
      const stranger = await newMember(certedge().url, admin(), "elite");
      const theirs = (await request(stranger).post("/api/instances", { name: "theirs" })).json;
      expect((await me().patch(at(), { instance_id: theirs.id })).status).toBe(422);

      const domain = await pinned();
      const used = await me().patch(at(), { instance_id: instance.id });
      expect(used.status).toBe(409);
      expect(used.json.certificates).toEqual([domain]);
      await me().delete(`/api/certificates/${domain}`);
      expect((await me().patch(at(), { instance_id: instance.id })).json.instance_id).toBe(instance.id);
      expect((await me().post(at("/default"))).status).toBe(422);
      expect((await me().patch(at(), { instance_id: null, set_as_default: true })).json.is_default).toBe(true);
      expect((await me().patch(at(), { instance_id: instance.id })).status).toBe(422);
    });
  });

  describe("that is tried out", () => {
    const test = async () => (await me().post(at("/test"))).json;

    it("is found to work, by its directory and by its key, and nothing is ordered", async () => {
      const before = ca.pebble.requests().length;
      const { ok, steps } = await test();
      expect({ ok, steps: steps.map(({ step }: { step: string }) => step) }).toEqual({
        ok: true,
        steps: ["directory", "account"],
      });
      expect(steps[1].detail).toBe(`The account is valid: ${account.account_url}.`);
      expect(ca.pebble.requests().slice(before)).not.toContain("POST /order-plz");
    });

    it("is found to be no registration yet, or one that works, where it is the built-in CA's", async () => {
      const { accounts } = (await me().get("/api/ca/accounts")).json;
      account = accounts.find(({ authority }: { authority: string }) => authority === "builtin");
      expect(await test()).toMatchObject({ ok: false, steps: [{ ok: true }, { ok: false }] });
      const domain = uniqueName("builtin");
      await me().post("/api/domains", { fqdn: domain });
      await me().post("/api/certificates/create?wait=60", { domain, ca_account_id: account.id });
      expect(await test()).toMatchObject({ ok: true });
    });

    it("has what the directory says now, not what it said a moment ago", async () => {
      ca.say({ profiles: { brief: "lives a day" } });
      const { steps } = await test();
      expect(steps[0].detail).toContain("It offers the profiles brief.");
      expect((await seen()).directory.profiles).toEqual({ brief: "lives a day" });
    });

    it.each<[string, () => void, number, RegExp]>([
      ["does not answer", () => ca.answer("GET /dir", away), 0, /503/],
      [
        "knows the account no more",
        () => ca.answer("POST /sign-me-up", refusing(400, "accountDoesNotExist", "gone with the wind")),
        1,
        /no account of this key any more: gone with the wind/,
      ],
      [
        "has deactivated the account",
        () => ca.answer("POST /sign-me-up", refusing(403, "unauthorized", "Account is not valid")),
        1,
        /refused: Account is not valid/,
      ],
      [
        "knows the key as another account's",
        () =>
          ca.answer("POST /sign-me-up", ({ headers }) => ({
            headers: { ...headers, location: "https://ca.example/7" },
          })),
        1,
        /knows this key as https:\/\/ca\.example\/7, not as/,
      ],
    ])("says what is wrong at a CA that %s", async (_, misbehave, index, detail) => {
      misbehave();
      const { ok, steps } = await test();
      expect(ok).toBe(false);
      expect(steps).toHaveLength(index + 1);
      expect(steps[index]).toMatchObject({ ok: false, detail: expect.stringMatching(detail) });
    });
  });

  describe("of another client", () => {
    const client = async (pem: string) =>
      new AcmeClient({
        directoryUrl: ca.directoryUrl,
        fetch: httpsFetch(readFileSync(join(inject("testRoot"), "root.pem"), "utf8")),
        now: Date.now,
        userAgent: "test",
        nonces: new NoncePool(),
        directories: new DirectoryCache(),
        accountKey: await importAccountKey(pem),
      });
    const newKey = () => generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
    const pemOf = (key: ReturnType<typeof newKey>) => key.export({ type: "pkcs8", format: "pem" }).toString();
    const take = (more: object) => me().post("/api/ca/accounts/import", { name: `ca ${++made}`, ...more });

    it("is taken over as a JWK, by its key alone, with the contact that the CA has", async () => {
      const key = newKey();
      const contact = ["mailto:ada@example.com"];
      const { url } = await (await client(pemOf(key))).newAccount({ termsOfServiceAgreed: true, contact });
      const { status, json, text } = await take({
        directory_url: ca.directoryUrl,
        account_key: key.export({ format: "jwk" }),
      });
      expect(status).toBe(201);
      expect(json).toMatchObject({ status: "registered", account_url: url, contact: ["ada@example.com"] });
      expect(text).not.toContain(key.export({ format: "jwk" }).d);

      const again = await take({ directory_url: ca.directoryUrl, account_key: pemOf(key) });
      expect(again.status).toBe(409);
      expect(again.json.detail).toContain(json.name);
    });

    it("is of the own authority whose directory it is", async () => {
      const own = { title: `in house ${made}`, staging_url: ca.directoryUrl };
      const authority = (await me().post("/api/ca/authorities", own)).json;
      const key = newKey();
      await (await client(pemOf(key))).newAccount({ termsOfServiceAgreed: true });
      const { json } = await take({ directory_url: ca.directoryUrl, account_key: pemOf(key) });
      expect(json).toMatchObject({ authority: authority.id, environment: "staging" });
      await me().delete(`/api/ca/accounts/${json.id}`);
      expect((await me().delete(`/api/ca/authorities/${authority.id}`)).status).toBe(204);
    });

    it.each<[string, (pem: string) => object, number, RegExp]>([
      ["a key that the CA does not know", (pem) => ({ account_key: pem }), 422, /knows no account of this key/],
      ["what is no key", () => ({ account_key: "-----BEGIN PRIVATE KEY-----" }), 422, /no private key in the PEM/],
      [
        "no place where the account is",
        (pem) => ({ account_key: pem, directory_url: undefined }),
        422,
        /directory_url/,
      ],
      [
        "the account of another key",
        (pem) => ({ account_key: pem, account_url: account.account_url }),
        422,
        /It refused|refused/,
      ],
    ])("is not taken over with %s, and nothing stays", async (_, more, status, detail) => {
      const { length } = (await me().get("/api/ca/accounts")).json.accounts;
      const answer = await take({ directory_url: ca.directoryUrl, ...more(pemOf(newKey())) });
      expect([answer.status, answer.json.detail]).toEqual([status, expect.stringMatching(detail)]);
      expect((await me().get("/api/ca/accounts")).json.accounts).toHaveLength(length);
    });

    it("is not taken over while the CA is away", async () => {
      ca.answer("", away);
      const answer = await take({ directory_url: ca.directoryUrl, account_key: pemOf(newKey()) });
      expect(answer.status).toBe(502);
    });
  });

  describe("that is to end", () => {
    it("is deleted while nothing needs it; the CA keeps it unless it is told", async () => {
      const told = () => ca.pebble.requests().filter((line) => line === "POST /my-account/").length;
      const before = told();
      expect((await me().delete(at())).status).toBe(204);
      expect((await me().get(at())).status).toBe(404);
      expect(told()).toBe(before);
      account = await add();
      expect((await me().delete(at("?deactivate=true"))).status).toBe(204);
      expect(told()).toBe(before + 1);
    });

    it("is not deleted while certificates are pinned to it, which go to another one where that is said", async () => {
      const domain = await pinned();
      const refused = await me().delete(at());
      expect(refused.status).toBe(409);
      expect(refused.json).toMatchObject({ certificates: [domain], detail: expect.stringContaining("?reassign_to=") });

      for (const heir of [account.id, NOBODY]) {
        expect([422, 404]).toContain((await me().delete(at(`?reassign_to=${heir}`))).status);
      }
      const staging = await add({ environment: "staging" });
      expect((await me().delete(at(`?reassign_to=${staging.id}`))).json.detail).toContain("is for staging");
      const heir = await add();
      expect((await me().delete(at(`?reassign_to=${heir.id}`))).status).toBe(204);
      expect((await me().get(`/api/certificates/${domain}`)).json.ca_account_id).toBe(heir.id);
      const revoked = await me().post(`/api/certificates/${domain}/revoke`, { reason: "superseded" });
      expect(revoked.json).toMatchObject({ status: 409, detail: expect.stringContaining("was deleted") });
      const renewed = await me().post(`/api/certificates/${domain}/renew?wait=60`);
      expect(renewed.json.order.state).toBe("valid");
    });

    it("is not deleted while certificates have to come from its authority, and it is the last one there", async () => {
      const other = await startCertificateAuthority({ testRoot: inject("testRoot") });
      try {
        const own = { title: account.name, production_url: other.directoryUrl };
        const authority = (await me().post("/api/ca/authorities", own)).json.id;
        account = await add({ authority, directory_url: undefined });
        const domain = uniqueName("required");
        await me().post("/api/domains", { fqdn: domain });
        const made = await me().post("/api/certificates/create?wait=60", { domain, authority });
        expect(made.json.order.state).toBe("valid");
        expect((await me().delete(at())).json).toMatchObject({ status: 409, certificates_of_authority: [domain] });
        const second = await add({ authority, directory_url: undefined });
        expect((await me().delete(at())).status).toBe(204);
        account = second;
        expect((await me().delete(at(`?reassign_to=${(await add()).id}`))).status).toBe(204);
        expect((await me().get(`/api/certificates/${domain}`)).json.authority).toBe("custom");
        expect((await me().delete(`/api/ca/authorities/${authority}`)).status).toBe(204);
      } finally {
        await other.stop();
      }
    });

    it("is not deleted while it is the default of what names no account", async () => {
      await me().post(at("/default"));
      const refused = await me().delete(at());
      expect(refused.json).toMatchObject({ status: 409, is_default: true });
      const heir = await add();
      expect((await me().delete(at(`?reassign_to=${heir.id}`))).status).toBe(204);
      expect((await seen(heir.id)).is_default).toBe(true);
    });

    it("stays, with all that uses it, where the CA cannot be asked to deactivate it first", async () => {
      const domain = await pinned();
      const heir = await add();
      ca.answer(`POST ${new URL(account.account_url).pathname}`, away);
      for (const asked of [
        me().delete(at(`?deactivate=true&reassign_to=${heir.id}`)),
        me().post(at(`/deactivate?reassign_to=${heir.id}`)),
      ]) {
        expect((await asked).status).toBe(502);
      }
      expect(await seen()).toMatchObject({ status: "registered", deactivated_at: null });
      expect((await me().get(`/api/certificates/${domain}`)).json.ca_account_id).toBe(account.id);
    });

    it("is deactivated at the CA for good, and chosen for nothing any more", async () => {
      const domain = await pinned();
      expect((await me().post(at("/deactivate"))).json).toMatchObject({ status: 409, certificates: [domain] });
      await me().delete(`/api/certificates/${domain}`);
      const ended = await me().post(at("/deactivate"));
      expect(ended.json).toMatchObject({ status: "deactivated", deactivated_at: expect.any(String) });
      expect((await me().post(at("/test"))).json.ok).toBe(false);
      expect((await me().post(at("/deactivate"))).status).toBe(409);
      expect((await me().post(at("/default"))).status).toBe(409);
      await me().post("/api/domains", { fqdn: domain });
      const order = await me().post("/api/certificates/create", { domain, ca_account_id: account.id });
      expect(order.status).toBe(422);
    });

    it("counts as deactivated where the CA has done so already", async () => {
      const path = new URL(account.account_url).pathname;
      ca.answer(`POST ${path}`, refusing(403, "unauthorized", "Account is not valid, has status deactivated"));
      expect((await me().post(at("/deactivate"))).json.status).toBe("deactivated");
    });

    it("leaves what was done to it in the log", async () => {
      await me().delete(at("?deactivate=true"));
      const { entries } = (await me().get("/api/audit?action=ca_account.delete&limit=1")).json;
      expect(entries[0]).toMatchObject({
        subject: `CA account ${account.name}`,
        before: { account_url: account.account_url },
        after: { deactivated: true },
      });
    });
  });
});
