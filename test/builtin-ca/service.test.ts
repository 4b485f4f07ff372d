import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateAccountKey, importAccountKey } from "../../src/acme/account-key";
import { AcmeClient } from "../../src/acme/client";
import { DirectoryCache } from "../../src/acme/directory";
import { NoncePool } from "../../src/acme/nonces";
import { createBuiltinCa } from "../../src/builtin-ca/service";
import { type BuiltinCaVariables, readSettings } from "../../src/builtin-ca/settings";
import { readCertificate } from "../../src/pki/certificate";
import { decodePem } from "../../src/pki/pem";
import { acmeCertificates, acmeOrders, builtinIssuers, installation } from "../../src/storage/schema";
import { createSealer } from "../../src/storage/sealing";
import { type LocalDatabase, localDatabase } from "../zones/local-database";
import { account, obtain, txt } from "./obtaining";

const DAY = 86_400_000;
let local: LocalDatabase;

beforeAll(async () => {
  local = await localDatabase();
});
afterAll(() => local.close());

const sealer = createSealer(`k1:${Buffer.alloc(32, 7).toString("base64")}`);

/** How far the CA's clock is ahead of ours. */
const ahead = 0;

const builtinCa = (lifetimeDays = 90, variables: Partial<BuiltinCaVariables> = {}) =>
  createBuiltinCa({
    database: local.database,
    sealer,
    resolveTxt: async (name) => txt.get(name) ?? [],
    httpFetch: fetch,
    nonceSecret: "a secret of the test",
    settings: () =>
      readSettings({
        BUILTIN_CA_NAME: "Test",
        BUILTIN_CA_KEY_TYPE: "",
        BUILTIN_CA_DAYS: String(lifetimeDays),
        BUILTIN_CA_PERMITTED: "",
        PUBLIC_URL: "https://ca.test",
        ...variables,
      }),
    now: () => Date.now() + ahead,
  });

describe("The built-in CA over D1", () => {
  it("makes one root, however many instances begin at once, and keeps it", async () => {
    const roots = await Promise.all([1, 2, 3, 4].map(() => builtinCa().rootPem()));
    expect(new Set(roots).size).toBe(1);
    expect(await builtinCa().rootPem()).toBe(roots[0]);
    const root = await readCertificate(roots[0] ?? "");
    expect(root.isAuthority).toBe(true);
    expect(root.issuer).toBe(root.subject);
  });

  it("keeps its private keys sealed", async () => {
    const rows = await local.database.select().from(installation);
    const issuers = await local.database.select().from(builtinIssuers);
    expect(rows.filter(({ name }) => name.includes("key"))).toHaveLength(1);
    expect(issuers).toHaveLength(1);
    expect(JSON.stringify([rows, issuers])).not.toContain("PRIVATE KEY");
  });

  it("signs for apex, wildcard and one more name, under its root, and stores one certificate", async () => {
    const ca = builtinCa();
    const { chain, leaf, final } = await obtain(await account(ca), ["example.com", "*.example.com", "b.example.org"]);
    const root = await readCertificate(await ca.rootPem());
    expect(chain.at(-1)?.issuer).toBe(root.subject);
    expect(chain.map(({ fingerprint }) => fingerprint)).not.toContain(root.fingerprint);
    const stored = await local.database.select().from(acmeCertificates);
    expect(stored.map(({ serial }) => serial)).toEqual([leaf.serial]);
    expect(final.status).toBe("valid");
  });

  it("takes an order of 100 names", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}.example.net`);
    const { leaf } = await obtain(await account(builtinCa()), names);
    expect(leaf.identifiers).toHaveLength(100);
  });

  it("gives out URLs of the origin that it was asked at", async () => {
    const { client } = await account(builtinCa(), "http://127.0.0.1:8787");
    expect((await client.directory()).newOrder).toBe("http://127.0.0.1:8787/acme/builtin/new-order");
    const order = await client.newOrder({ identifiers: [{ type: "dns", value: "c.example.com" }] });
    expect(order.finalize).toMatch(/^http:\/\/127\.0\.0\.1:8787\/acme\/builtin\//);
  });

  it("keeps lifetimes within 7 to 90 days", async () => {
    for (const [asked, given] of [
      [1, 7],
      [30, 30],
      [400, 90],
    ] as const) {
      const { leaf } = await obtain(await account(builtinCa(asked)), [`days${asked}.example.com`]);
      expect((leaf.notAfter - leaf.notBefore) / DAY).toBeCloseTo(given, 3);
      expect(leaf.notBefore).toBeLessThan(Date.now());
    }
  });

  it("uses a nonce up once, also for two requests at once", async () => {
    const ca = builtinCa();
    const url = "https://ca.test/acme/builtin/new-nonce";
    const nonce = (await ca.fetch(new Request(url, { method: "HEAD" }))).headers.get("replay-nonce") ?? "";
    const pool = () => {
      const nonces = new NoncePool();
      nonces.put(nonce);
      return nonces;
    };
    const answers = await Promise.all(
      [1, 2].map(async () => {
        let refused = 0;
        const client = new AcmeClient({
          directoryUrl: "https://ca.test/acme/builtin/directory",
          fetch: async (input, init) => {
            const response = await ca.fetch(new Request(input, init));
            if (response.status === 400) refused += 1;
            return response;
          },
          now: Date.now,
          userAgent: "test",
          accountKey: await importAccountKey(await generateAccountKey()),
          nonces: pool(),
          directories: new DirectoryCache(),
        });
        await client.newAccount();
        return refused;
      }),
    );
    expect(answers.sort()).toEqual([0, 1]);
  });

  it("is asked for a new order twice and has one", async () => {
    const { client } = await account(builtinCa());
    const identifiers = [{ type: "dns" as const, value: "once.example.com" }];
    const urls = [await client.newOrder({ identifiers }), await client.newOrder({ identifiers })].map(({ url }) => url);
    expect(new Set(urls).size).toBe(1);
    const stored = await local.database.select().from(acmeOrders);
    expect(stored.filter(({ identifiersKey }) => identifiersKey.includes("once.example.com"))).toHaveLength(1);
  });

  it("revokes once, and says so in the renewal information", async () => {
    const own = await account(builtinCa());
    const { leaf, chain } = await obtain(own, ["revoked.example.com"]);
    expect((await own.client.renewalInformation(leaf.renewalIdentifier ?? ""))?.start).toBeGreaterThan(Date.now());
    await own.client.revoke({ certificate: chain[0]?.der ?? new Uint8Array(), reason: 4 });
    expect((await own.client.renewalInformation(leaf.renewalIdentifier ?? ""))?.end).toBeLessThanOrEqual(Date.now());
    const [row] = (await local.database.select().from(acmeCertificates)).filter(({ serial }) => serial === leaf.serial);
    expect(row?.revocationReason).toBe(4);
    expect(decodePem(row?.chainPem ?? "").length).toBe(chain.length);
  });
});
