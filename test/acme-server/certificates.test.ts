import { base64url, exportJWK, importPKCS8 } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { readCertificate } from "../../src/pki/certificate";
import { checkChain } from "../../src/pki/chain";
import { generatePrivateKey, readPrivateKey } from "../../src/pki/keys";
import { decodePem } from "../../src/pki/pem";
import {
  BASE,
  DAY,
  type Key,
  names,
  newAccount,
  newKey,
  newOrder,
  obtain,
  postByKey,
  readyOrder,
  type TestAccount,
  type TestServer,
  testServer,
  urnOf,
} from "./acme-server";

const REVOKE = `${BASE}/revoke-cert`;
let server: TestServer;
let account: TestAccount;
let count = 0;
const fresh = () => `c${count++}.example.com`;
const leafOf = (chain: string) => base64url.encode(decodePem(chain)[0]?.der ?? new Uint8Array());

beforeAll(async () => {
  server = await testServer();
  account = await newAccount(server);
});

describe("A certificate", () => {
  it("is for the key and the names of the order, the leaf first, without the root", async () => {
    const privateKeyPem = await generatePrivateKey("p256");
    const apex = fresh();
    const { order, chain } = await obtain(server, account, [apex, `*.${apex}`], privateKeyPem);
    const answer = await account.post(order.json.certificate);
    expect(answer.headers.get("content-type")).toBe("application/pem-certificate-chain");
    const { publicKeyInfo } = await readPrivateKey(privateKeyPem);
    const identifiers = [apex, `*.${apex}`].map((value) => ({ type: "dns" as const, value }));
    const checked = await checkChain({ chainPem: chain, identifiers, publicKeyInfo, now: server.clock.now + 1000 });
    const root = await readCertificate(server.rootPem);
    expect(checked.chain.map(({ fingerprint }) => fingerprint)).not.toContain(root.fingerprint);
    expect(checked.chain.at(-1)?.issuer).toBe(root.subject);
  });
});

describe("Revocation", () => {
  const revoke = (by: TestAccount, chain: string, reason?: number) =>
    by.post(REVOKE, { certificate: leafOf(chain), reason });

  it("is done by the account that ordered it, once", async () => {
    const { chain } = await obtain(server, account, [fresh()]);
    expect((await revoke(account, chain, 4)).status).toBe(200);
    expect(await revoke(account, chain)).toMatchObject({ status: 400, json: { type: urnOf("alreadyRevoked") } });
  });

  it.each(["p256", "p384", "rsa2048"] as const)("is done by the certificate's own key, %s", async (keyType) => {
    const privateKeyPem = await generatePrivateKey(keyType);
    const { chain } = await obtain(server, account, [fresh()], privateKeyPem);
    const alg = { p256: "ES256", p384: "ES384", rsa2048: "RS256" }[keyType];
    const { publicKey } = await readPrivateKey(privateKeyPem);
    const key: Key = { alg, privateKey: await importPKCS8(privateKeyPem, alg), jwk: await exportJWK(publicKey) };
    expect((await postByKey(server, key, REVOKE, { certificate: leafOf(chain), reason: 1 })).status).toBe(200);
    expect((await revoke(account, chain)).json.type).toBe(urnOf("alreadyRevoked"));
  });

  it("is done by another account that has proven all the names, and not by one that has proven some", async () => {
    const [a, b] = [fresh(), `*.${fresh()}`];
    const { chain } = await obtain(server, account, [a, b]);
    const other = await newAccount(server);
    await readyOrder(server, other, a);
    expect(await revoke(other, chain)).toMatchObject({ status: 403, json: { type: urnOf("unauthorized") } });
    await readyOrder(server, other, b.slice(2));
    expect((await revoke(other, chain)).status).toBe(403);
    await readyOrder(server, other, b);
    expect((await revoke(other, chain)).status).toBe(200);
  });

  it("is refused to a stranger, by account or by key", async () => {
    const { chain } = await obtain(server, account, [fresh()]);
    expect((await revoke(await newAccount(server), chain)).status).toBe(403);
    const stranger = await postByKey(server, await newKey(), REVOKE, { certificate: leafOf(chain) });
    expect(stranger).toMatchObject({ status: 403, json: { type: urnOf("unauthorized") } });
    const byAccountKey = await postByKey(server, account.key, REVOKE, { certificate: leafOf(chain) });
    expect(byAccountKey.status).toBe(403);
  });

  it("takes the reasons that a holder can have", async () => {
    const { chain } = await obtain(server, account, [fresh()]);
    for (const reason of [2, 6, 7, 8, 10, 11, -1, 99]) {
      expect((await revoke(account, chain, reason)).json.type, String(reason)).toBe(urnOf("badRevocationReason"));
    }
    expect((await revoke(account, chain, 9)).status).toBe(200);
  });

  it("is refused for a certificate that is not of this CA, or none", async () => {
    const other = await testServer();
    const { chain } = await obtain(other, await newAccount(other), [fresh()]);
    expect((await revoke(account, chain)).json.type).toBe(urnOf("malformed"));
    const { chain: own } = await obtain(server, account, [fresh()]);
    const changed = base64url.decode(leafOf(own));
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    for (const certificate of [base64url.encode(changed), "AAAA", "***", "", undefined]) {
      const answer = await account.post(REVOKE, { certificate });
      expect(answer.json.type, String(certificate)).toBe(urnOf("malformed"));
      expect([400, 404]).toContain(answer.status);
    }
  });
});

describe("Renewal information", () => {
  it("opens its window at two thirds of the lifetime, and says when to ask again", async () => {
    const { facts } = await obtain(server, account, [fresh()]);
    const answer = await server.get(`renewal-info/${facts.renewalIdentifier}`);
    const { start, end } = answer.json.suggestedWindow;
    const share = (text: string) => (Date.parse(text) - facts.notBefore) / (facts.notAfter - facts.notBefore);
    expect(share(start)).toBeCloseTo(2 / 3, 2);
    expect(share(end)).toBeGreaterThan(share(start));
    expect(share(end)).toBeLessThan(1);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("has its window in the past for a revoked certificate", async () => {
    const { chain, facts } = await obtain(server, account, [fresh()]);
    await account.post(REVOKE, { certificate: leafOf(chain) });
    const { start, end } = (await server.get(`renewal-info/${facts.renewalIdentifier}`)).json.suggestedWindow;
    expect(Date.parse(start)).toBeLessThan(Date.parse(end));
    expect(Date.parse(end)).toBeLessThanOrEqual(server.clock.now);
  });

  it("is a problem document for a certificate that is not of this CA", async () => {
    for (const identifier of ["AAAA.BBBB", "x"]) {
      const answer = await server.get(`renewal-info/${identifier}`);
      expect(answer).toMatchObject({ status: 404, json: { type: urnOf("malformed") } });
    }
  });
});

describe("An order that replaces a certificate", () => {
  const replace = (by: TestAccount, replaces: string | undefined, ...values: string[]) =>
    by.post(`${BASE}/new-order`, { ...names(...values), replaces });

  it("can be made once, and says what it replaces", async () => {
    const name = fresh();
    const { facts } = await obtain(server, account, [name]);
    const order = await replace(account, facts.renewalIdentifier, name, fresh());
    expect(order).toMatchObject({ status: 201, json: { replaces: facts.renewalIdentifier } });
    const second = await replace(account, facts.renewalIdentifier, name, fresh());
    expect(second).toMatchObject({ status: 409, json: { type: urnOf("alreadyReplaced") } });
  });

  it("is the same one when it is asked for again", async () => {
    const name = fresh();
    const { facts } = await obtain(server, account, [name]);
    const [first, again] = [
      await replace(account, facts.renewalIdentifier, name),
      await replace(account, facts.renewalIdentifier, name),
    ];
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
  });

  it("can be made again when the last one came to nothing, whether anybody looked at it or not", async () => {
    const own = await testServer();
    const owner = await newAccount(own);
    for (const end of ["failed", "ran out"]) {
      const name = fresh();
      const { facts } = await obtain(own, owner, [name]);
      const first = await replace(owner, facts.renewalIdentifier, name, fresh());
      if (end === "failed") await owner.post(first.json.authorizations[0], { status: "deactivated" });
      else own.clock.now += 8 * DAY;
      expect((await replace(owner, facts.renewalIdentifier, name, fresh())).status, end).toBe(201);
    }
  });

  it("has to be of the same account, and to share a name", async () => {
    const name = fresh();
    const { facts } = await obtain(server, account, [name]);
    expect((await replace(await newAccount(server), facts.renewalIdentifier, name)).status).toBe(403);
    expect((await replace(account, facts.renewalIdentifier, fresh())).status).toBe(400);
    expect((await newOrder(account, name)).json).not.toHaveProperty("replaces");
  });
});
