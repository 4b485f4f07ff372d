import { exportJWK, FlattenedSign } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { AcmeServerProblem } from "../../src/acme-server/problems";
import {
  accountAt,
  BASE,
  DAY,
  newAccount,
  newKey,
  postByKey,
  send,
  signJws,
  type TestServer,
  testServer,
  urnOf,
} from "./acme-server";

const NEW_ACCOUNT = `${BASE}/new-account`;
let server: TestServer;

beforeAll(async () => {
  server = await testServer();
});

const expectProblem = (answer: { status: number; headers: Headers; json: unknown }, status: number, type: string) => {
  expect(answer.json).toMatchObject({ type: urnOf(type), status, detail: expect.stringMatching(/\S/) });
  expect(answer.status).toBe(status);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
};

describe("Every answer", () => {
  it("has a nonce of its own, the link to the directory, and is not stored", async () => {
    const account = await newAccount(server);
    const answers = [
      await server.get("directory"),
      await server.get("nothing-here"),
      await account.post(account.url),
      await account.post(`${BASE}/order/00000000-0000-0000-0000-000000000000`),
    ];
    for (const { headers } of answers) {
      expect(headers.get("link")).toContain(`<${BASE}/directory>;rel="index"`);
      expect(headers.get("cache-control")).toBe("no-store");
    }
    const nonces = answers.map(({ headers }) => headers.get("replay-nonce"));
    expect(new Set(nonces).size).toBe(answers.length);
    for (const nonce of nonces) expect(nonce).toMatch(/^[A-Za-z0-9_-]+$/);
  });
});

describe("The directory and newNonce", () => {
  it("name every resource", async () => {
    const { status, json } = await server.get("directory");
    expect(status).toBe(200);
    for (const name of ["newNonce", "newAccount", "newOrder", "revokeCert", "keyChange", "renewalInfo"]) {
      expect(json[name]).toMatch(new RegExp(`^${BASE}/`));
    }
    expect(json.meta).toMatchObject({ externalAccountRequired: false });
  });

  it("answer HEAD with 200 and GET with 204, both with a nonce that works", async () => {
    for (const [method, status] of [
      ["HEAD", 200],
      ["GET", 204],
    ] as const) {
      const answer = await server.get("new-nonce", method);
      expect(answer.status).toBe(status);
      const key = await newKey();
      const nonce = answer.headers.get("replay-nonce") ?? "";
      const made = await send(server, NEW_ACCOUNT, await signJws(key, { jwk: key.jwk, nonce, url: NEW_ACCOUNT }, {}));
      expect(made.status).toBe(201);
    }
  });

  it("can be read by POST-as-GET too (RFC 8555 §6.3)", async () => {
    const account = await newAccount(server);
    const directory = await account.post(`${BASE}/directory`);
    expect(directory.status).toBe(200);
    expect(directory.json.newOrder).toBe(`${BASE}/new-order`);
    expect((await account.post(`${BASE}/new-nonce`)).status).toBeLessThan(300);
  });
});

describe("A nonce", () => {
  const newAccountWith = async (nonce: string | undefined) => {
    const key = await newKey();
    const header = nonce === undefined ? {} : { nonce };
    return send(server, NEW_ACCOUNT, await signJws(key, { jwk: key.jwk, url: NEW_ACCOUNT, ...header }, {}));
  };

  it("is good for one request", async () => {
    const nonce = await server.nonce();
    expect((await newAccountWith(nonce)).status).toBe(201);
    expectProblem(await newAccountWith(nonce), 400, "badNonce");
  });

  it("is used up by one of two requests at once", async () => {
    const nonce = await server.nonce();
    const both = await Promise.all([newAccountWith(nonce), newAccountWith(nonce)]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 400]);
  });

  it("is good for one request however its bytes are written", async () => {
    const nonce = await server.nonce();
    expect((await newAccountWith(nonce)).status).toBe(201);
    for (const variant of [`${nonce} `, `\t${nonce}`, nonce.replaceAll("-", "+").replaceAll("_", "/"), `${nonce}=`]) {
      expect((await newAccountWith(variant)).status, JSON.stringify(variant)).toBe(400);
    }
  });

  it("is refused when it is missing, another's, or changed", async () => {
    const nonce = await server.nonce();
    const changed = (nonce[0] === "A" ? "B" : "A") + nonce.slice(1);
    for (const bad of [undefined, "", "AAAA", changed, "A".repeat(nonce.length)]) {
      const answer = await newAccountWith(bad);
      expect(answer.status).toBe(400);
      expect([urnOf("badNonce"), urnOf("malformed")]).toContain(answer.json.type);
    }
  });

  it("comes with its refusal, and that one works", async () => {
    const refused = await newAccountWith("AAAA");
    expect((await newAccountWith(refused.headers.get("replay-nonce") ?? "")).status).toBe(201);
  });

  it("runs out after an hour", async () => {
    const own = await testServer();
    const nonce = await own.nonce();
    own.clock.now += DAY / 24;
    const key = await newKey();
    const jws = await signJws(key, { jwk: key.jwk, nonce, url: NEW_ACCOUNT }, {});
    expectProblem(await send(own, NEW_ACCOUNT, jws), 400, "badNonce");
  });
});

describe("A signed request", () => {
  it.each(["ES256", "ES384", "ES512", "EdDSA", "RS256", "PS256"])("can be signed with %s", async (alg) => {
    const account = await newAccount(server, await newKey(alg));
    expect((await account.post(account.url)).json).toMatchObject({ status: "valid" });
  });

  it("is refused when its payload, its header or its signature was changed", async () => {
    const account = await newAccount(server);
    const sign = async () =>
      signJws(account.key, { kid: account.url, nonce: await server.nonce(), url: account.url }, {});
    const flip = (text: string) => (text.startsWith("A") ? "B" : "A") + text.slice(1);
    const payload = { ...(await sign()), payload: "eyJzdGF0dXMiOiJkZWFjdGl2YXRlZCJ9" };
    expectProblem(await send(server, account.url, payload), 400, "malformed");
    const jws = await sign();
    expectProblem(await send(server, account.url, { ...jws, signature: flip(jws.signature) }), 400, "malformed");
    const other = await sign();
    expectProblem(await send(server, account.url, { ...(await sign()), protected: other.protected }), 400, "malformed");
    expect((await account.post(account.url)).json.status).toBe("valid");
  });

  it("is refused when another key signed in the account's name", async () => {
    const account = await newAccount(server);
    const thief = accountAt(server, await newKey(), account.url);
    expectProblem(await thief.post(account.url), 400, "malformed");
  });

  it("is refused when it was signed for another URL", async () => {
    const account = await newAccount(server);
    const url = account.url.replace("https:", "http:");
    const jws = await signJws(account.key, { kid: account.url, nonce: await server.nonce(), url }, undefined);
    expectProblem(await send(server, account.url, jws), 403, "unauthorized");
  });

  it('is refused with the algorithm "none"', async () => {
    const account = await newAccount(server);
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const header = { alg: "none", kid: account.url, nonce: await server.nonce(), url: account.url };
    for (const signature of ["", "AAAA"]) {
      const answer = await send(server, account.url, { protected: encode(header), payload: "", signature });
      expect(answer.status).toBe(400);
    }
    const answer = await send(server, account.url, { protected: encode(header), payload: "", signature: "AAAA" });
    expectProblem(answer, 400, "badSignatureAlgorithm");
    expect(answer.json.algorithms).toEqual(expect.arrayContaining(["ES256", "RS256", "EdDSA"]));
  });

  it("is refused with a MAC under the account's public key", async () => {
    const account = await newAccount(server);
    const header = { alg: "HS256", kid: account.url, nonce: await server.nonce(), url: account.url };
    const secret = new TextEncoder().encode(JSON.stringify(account.key.jwk));
    const jws = await new FlattenedSign(new Uint8Array()).setProtectedHeader(header).sign(secret);
    expectProblem(await send(server, account.url, jws), 400, "badSignatureAlgorithm");
  });

  it("has either kid or jwk", async () => {
    const account = await newAccount(server);
    const common = async () => ({ nonce: await server.nonce(), url: account.url });
    const both = await signJws(account.key, { ...(await common()), kid: account.url, jwk: account.key.jwk }, undefined);
    expectProblem(await send(server, account.url, both), 400, "malformed");
    const neither = await signJws(account.key, await common(), undefined);
    expectProblem(await send(server, account.url, neither), 400, "malformed");
  });

  it("has jwk for newAccount and kid for what belongs to an account", async () => {
    const account = await newAccount(server);
    expectProblem(await account.post(NEW_ACCOUNT, {}), 400, "malformed");
    expectProblem(await postByKey(server, account.key, `${BASE}/new-order`, {}), 400, "malformed");
  });

  it("is refused when its account is not here", async () => {
    const key = await newKey();
    for (const url of [`${BASE}/account/00000000-0000-0000-0000-000000000000`, "https://other.test/account/1", "1"]) {
      expectProblem(await accountAt(server, key, url).post(`${BASE}/new-order`, {}), 400, "accountDoesNotExist");
    }
  });

  it("is refused when its key is private, symmetric, weak or no key at all", async () => {
    const key = await newKey();
    const keys = [
      await exportJWK(key.privateKey),
      { kty: "oct", k: "AAAA" },
      { kty: "RSA", e: "AQAB", n: Buffer.alloc(128, 0xff).toString("base64url") },
      { kty: "EC", crv: "P-256", x: "AA" },
      {},
    ];
    for (const jwk of keys) {
      const jws = await signJws(key, { jwk, nonce: await server.nonce(), url: NEW_ACCOUNT }, {});
      expectProblem(await send(server, NEW_ACCOUNT, jws), 400, "badPublicKey");
    }
  });

  it("is refused with an extension, an unprotected header, or several signatures", async () => {
    const account = await newAccount(server);
    const header = async () => ({ kid: account.url, nonce: await server.nonce(), url: account.url });
    const jws = await signJws(account.key, await header(), undefined);
    expectProblem(await send(server, account.url, { ...jws, header: { kid: account.url } }), 400, "malformed");
    const { payload, protected: head, signature } = await signJws(account.key, await header(), undefined);
    const general = { payload, signatures: [{ protected: head, signature }] };
    expectProblem(await send(server, account.url, general), 400, "malformed");
    const unencoded = await signJws(account.key, { ...(await header()), b64: false, crit: ["b64"] }, undefined);
    expectProblem(await send(server, account.url, unencoded), 400, "malformed");
  });

  it("is a flattened JWS in JSON", async () => {
    for (const body of ["", "no json", "[]", "null", "{}", '{"protected":"%","payload":"","signature":"AAAA"}']) {
      expectProblem(await send(server, NEW_ACCOUNT, body), 400, "malformed");
    }
  });

  it("has the content type application/jose+json", async () => {
    const key = await newKey();
    const jws = await signJws(key, { jwk: key.jwk, nonce: await server.nonce(), url: NEW_ACCOUNT }, {});
    expectProblem(await send(server, NEW_ACCOUNT, jws, "application/json"), 415, "malformed");
    expect((await send(server, NEW_ACCOUNT, jws, "Application/JOSE+JSON; charset=utf-8")).status).toBe(201);
  });

  it("is at most 64 KiB", async () => {
    const key = await newKey();
    const header = { jwk: key.jwk, nonce: await server.nonce(), url: NEW_ACCOUNT };
    const jws = await signJws(key, header, { contact: ["x".repeat(70_000)] });
    expectProblem(await send(server, NEW_ACCOUNT, jws), 413, "malformed");
  });

  it("has a payload where one is needed, and it is an object", async () => {
    const account = await newAccount(server);
    expectProblem(await account.post(`${BASE}/new-order`), 400, "malformed");
    for (const payload of [[], "text", 1, null]) {
      expectProblem(await account.post(`${BASE}/new-order`, payload), 400, "malformed");
    }
  });
});

describe("What is not there", () => {
  it("is a 404, known to nobody", async () => {
    const account = await newAccount(server);
    const id = "00000000-0000-0000-0000-000000000000";
    for (const path of [`order/${id}`, `order/${id}/finalize`, `authz/${id}`, `chall/${id}/0`, `cert/${id}`, "x"]) {
      const answer = await account.post(`${BASE}/${path}`, path.endsWith("finalize") ? { csr: "AAAA" } : undefined);
      expectProblem(answer, 404, "malformed");
    }
  });

  it("is a 405 that says what there is, for a GET where RFC 8555 wants POST-as-GET", async () => {
    for (const path of ["new-account", "new-order", "order/00000000-0000-0000-0000-000000000000"]) {
      const answer = await server.get(path);
      expectProblem(answer, 405, "malformed");
      expect(answer.headers.get("allow")).toBe("POST");
    }
  });
});

describe("Problem documents", () => {
  it.each([
    ["accountDoesNotExist", 400],
    ["alreadyReplaced", 409],
    ["alreadyRevoked", 400],
    ["badCSR", 400],
    ["badNonce", 400],
    ["badPublicKey", 400],
    ["badRevocationReason", 400],
    ["badSignatureAlgorithm", 400],
    ["dns", 400],
    ["externalAccountRequired", 403],
    ["incorrectResponse", 403],
    ["invalidContact", 400],
    ["invalidProfile", 400],
    ["malformed", 400],
    ["orderNotReady", 403],
    ["rejectedIdentifier", 400],
    ["serverInternal", 500],
    ["unauthorized", 403],
    ["unsupportedContact", 400],
    ["unsupportedIdentifier", 400],
  ] as const)("of type %s have the status %i", (type, status) => {
    const problem = new AcmeServerProblem(type, "why");
    expect(problem.status).toBe(status);
    expect(problem.toDocument()).toEqual({ type: urnOf(type), detail: "why", status });
  });
});
