/** What a directory may ask of its clients (external account binding), and give them without a proof. */
import { FlattenedSign, type JWSHeaderParameters } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import type { DirectoryPolicy, ExternalAccountKey, Verdict } from "../../src/acme-server/policy";
import {
  type Answer,
  accountAt,
  BASE,
  csrFor,
  type Key,
  names,
  newKey,
  postByKey,
  type TestServer,
  testServer,
  urnOf,
} from "./acme-server";

const NEW_ACCOUNT = `${BASE}/new-account`;
const hmacKey = crypto.getRandomValues(new Uint8Array(32));
const keys: ExternalAccountKey[] = ["good", "once", "other", "third", "many"].map((id) => ({ id, hmacKey }));
const ended: ExternalAccountKey = { id: "ended", hmacKey, refusal: "This key ended yesterday." };

/** What is below mine.example is theirs, what is below closed.example nobody's. */
const verdictOf = (name: string): Verdict => {
  if (name.endsWith("closed.example")) return { refusal: `${name} is not for this account.` };
  return name.endsWith("mine.example") || name === "192.0.2.7" ? "proven" : "prove";
};

const policy: DirectoryPolicy = {
  meta: { externalAccountRequired: true, website: "https://ca.test", profiles: { home: "Of the house" } },
  externalAccountKey: async (kid) => [...keys, ended].find(({ id }) => id === kid),
  judge: async (_account, identifiers) => identifiers.map(({ value }) => verdictOf(value)),
};

let server: TestServer;
beforeAll(async () => {
  server = await testServer(policy);
});

interface Binding {
  header?: JWSHeaderParameters;
  payload?: unknown;
  secret?: Uint8Array;
}

const bind = ({ jwk }: Key, kid: string, { header = {}, payload = jwk, secret = hmacKey }: Binding = {}) =>
  new FlattenedSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "HS256", kid, url: NEW_ACCOUNT, ...header })
    .sign(secret);

const register = async (key: Key, externalAccountBinding?: unknown): Promise<Answer> =>
  postByKey(server, key, NEW_ACCOUNT, { termsOfServiceAgreed: true, externalAccountBinding });

async function registered(kid: string) {
  const key = await newKey();
  const answer = await register(key, await bind(key, kid));
  expect(answer.status).toBe(201);
  return accountAt(server, key, answer.headers.get("location") ?? "");
}

describe("A directory that gives out keys to register with", () => {
  it("says so, with its website and its profiles", async () => {
    const { meta } = (await server.get("directory")).json;
    expect(meta).toEqual(policy.meta);
  });

  it("makes no account without one", async () => {
    const answer = await register(await newKey());
    expect(answer).toMatchObject({ status: 403, json: { type: urnOf("externalAccountRequired") } });
  });

  it.each(["HS256", "HS384", "HS512"])("makes an account for one that signs by %s", async (alg) => {
    const key = await newKey();
    const answer = await register(
      key,
      await bind(key, { HS256: "good", HS384: "other", HS512: "third" }[alg] ?? "", { header: { alg } }),
    );
    expect(answer.status).toBe(201);
    // The account is found again without it.
    expect((await register(key)).status).toBe(200);
  });

  it("makes one account of two that are asked for at once with the same one", async () => {
    const pair = await Promise.all([newKey(), newKey()]);
    const answers = await Promise.all(pair.map(async (key) => register(key, await bind(key, "once"))));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 403]);
    expect(answers.find(({ status }) => status === 403)?.json.type).toBe(urnOf("unauthorized"));
  });

  const wrong: [string, string, Binding | "not a JWS", string, RegExp][] = [
    ["of an unknown kid", "nonesuch", {}, "unauthorized", /no external account key/],
    ["of the wrong HMAC key", "many", { secret: new Uint8Array(32) }, "unauthorized", /no external account key/],
    ["that has ended", "ended", {}, "unauthorized", /ended yesterday/],
    ["that has ended, to who does not have it", "ended", { secret: new Uint8Array(32) }, "unauthorized", /no external/],
    [
      "of another account's key",
      "many",
      { payload: { kty: "EC", crv: "P-256", x: "AA", y: "AA" } },
      "malformed",
      /another key/,
    ],
    ["of no key", "many", { payload: "x" }, "malformed", /payload/],
    ["for another URL", "many", { header: { url: `${BASE}/new-order` } }, "malformed", /but it was sent to/],
    ["with a nonce", "many", { header: { nonce: "x" } }, "malformed", /nonce/],
    ["with a jwk", "many", { header: { jwk: { kty: "oct" } } as JWSHeaderParameters }, "malformed", /jwk/],
    ["that is no JWS", "many", "not a JWS", "malformed", /flattened/],
  ];
  it.each(wrong)("refuses a binding %s", async (_what, kid, how, type, words) => {
    const key = await newKey();
    const answer = await register(key, how === "not a JWS" ? { protected: 1 } : await bind(key, kid, how));
    expect(answer.json).toMatchObject({ type: urnOf(type), detail: expect.stringMatching(words) });
    expect(answer.headers.get("replay-nonce")).toBeTruthy();
    expect((await register(key)).status).toBe(403);
  });

  it("refuses a binding that is signed by a key pair, and says what it takes", async () => {
    const key = await newKey();
    const binding = await new FlattenedSign(new TextEncoder().encode(JSON.stringify(key.jwk)))
      .setProtectedHeader({ alg: "ES256", kid: "many", url: NEW_ACCOUNT })
      .sign(key.privateKey);
    expect((await register(key, binding)).json).toMatchObject({
      type: urnOf("badSignatureAlgorithm"),
      algorithms: ["HS256", "HS384", "HS512"],
    });
  });
});

describe("An order", () => {
  it("is ready at once where all its names are the account's, and gets its certificate in two requests", async () => {
    const account = await registered("many");
    const wanted = ["mine.example", "*.mine.example"];
    const order = await account.post(`${BASE}/new-order`, { ...names(...wanted), profile: "home" });
    expect(order.json).toMatchObject({ status: "ready", profile: "home" });
    for (const url of order.json.authorizations) {
      const { status, expires, challenges } = (await account.post(url)).json;
      expect([status, challenges[0].status]).toEqual(["valid", "valid"]);
      expect(Date.parse(expires)).toBeGreaterThan(server.clock.now);
    }
    const final = await account.post(order.json.finalize, { csr: await csrFor(wanted) });
    expect(final.json).toMatchObject({ status: "valid", certificate: expect.any(String) });

    const mixed = await account.post(`${BASE}/new-order`, names("mine.example", "a.example"));
    expect(mixed.json.status).toBe("pending");
    const refused = await account.post(
      `${BASE}/new-order`,
      names("x.closed.example", "mine.example", "closed.example"),
    );
    expect(refused).toMatchObject({ status: 400, json: { type: urnOf("rejectedIdentifier") } });
    expect(refused.json.subproblems).toMatchObject([
      { identifier: { type: "dns", value: "x.closed.example" } },
      { identifier: { type: "dns", value: "closed.example" } },
    ]);
    const another = await account.post(`${BASE}/new-order`, { ...names("mine.example"), profile: "nonesuch" });
    expect(another.json.type).toBe(urnOf("invalidProfile"));
  });

  it("is not finalized any more when its names are not the account's by then", async () => {
    keys.push({ id: "short", hmacKey });
    const account = await registered("short");
    const order = await account.post(`${BASE}/new-order`, names("mine.example"));
    const { judge } = policy;
    policy.judge = async (_account, identifiers) => identifiers.map(() => ({ refusal: "No more." }));
    try {
      const answer = await account.post(order.json.finalize, { csr: await csrFor(["mine.example"]) });
      expect(answer.json.type).toBe(urnOf("rejectedIdentifier"));
    } finally {
      policy.judge = judge;
    }
  });
});

it("newAuthz is not there, and says what to send instead", async () => {
  keys.push({ id: "authz", hmacKey });
  const account = await registered("authz");
  expect((await server.get("directory")).json).not.toHaveProperty("newAuthz");
  const answer = await account.post(`${BASE}/new-authz`, { identifier: { type: "dns", value: "a.example" } });
  expect(answer).toMatchObject({ status: 404, json: { detail: expect.stringMatching(/newOrder/) } });
});
