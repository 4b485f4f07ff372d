/** What a bundle costs, over a real D1: nothing but the looking while there is nothing new, and parts of a bounded size. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBundles } from "../../src/instances/bundle";
import { createReports } from "../../src/instances/reports";
import { accounts, certificates, certificateVersions, instances } from "../../src/storage/schema";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

const DAY = 86_400_000;
const NOW = Date.parse("2027-01-13T12:00:00Z");
const COUNT = 120;
const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

let local: LocalDatabase;
let instance: typeof instances.$inferSelect;
let opened: string[];

beforeAll(async () => {
  local = await localDatabase();
  const { database } = local;
  const person = { username: "ada", email: "ada@example.com", emailVerifiedAt: 1, passwordHash: "" };
  const [account] = await database
    .insert(accounts)
    .values({ ...person, role: "member", plan: "pro", createdAt: 1 })
    .returning();
  const ownerId = account?.id ?? 0;
  const times = { createdAt: 1, updatedAt: 1 };
  const [made] = await database
    .insert(instances)
    .values({ id: "i", ownerId, name: "web-1", kind: "server", tags: [], settings: {}, ...times })
    .returning();
  if (!made) throw new Error("no instance was made");
  instance = made;
  const settings = { keyType: "p256", mustStaple: false, status: "valid" as const, failures: 0, ...times };
  const facts = { serial: "1", issuer: "CN=CA", chainPem: PEM, sealedPrivateKey: "sealed", caAccountId: "ca" };
  const validity = { notBefore: NOW - DAY, notAfter: NOW + 89 * DAY, createdAt: NOW };
  for (let index = 100; index < 100 + COUNT; index++) {
    const id = String(index);
    const domain = `${id}.example`;
    const names = [domain];
    await database.batch([
      database
        .insert(certificates)
        .values({ ...settings, id, ownerId, domain, names, instanceId: "i", currentVersionId: id }),
      database
        .insert(certificateVersions)
        .values({ ...facts, ...validity, id, certificateId: id, ownerId, orderId: id, names, fingerprint: id }),
    ]);
  }
});

afterAll(() => local.close());

async function plan() {
  opened = [];
  const openPrivateKey = async ({ id }: { id: string }) => {
    opened.push(id);
    return "";
  };
  return createBundles({ database: local.database, openPrivateKey, now: () => NOW }).plan(instance);
}

describe("a bundle", () => {
  it("is known by one query, which reads no chain and no key", async () => {
    local.resetCount();
    const { entityTag } = await plan();
    expect(entityTag).toMatch(/^W\/"[0-9a-f]{32}"$/);
    expect((await plan()).entityTag).toBe(entityTag);
    expect(local.count.statements).toBe(2);
    const [query = ""] = local.queries();
    expect(query).not.toMatch(/chain_pem|sealed_private_key/);
    expect(opened).toEqual([]);
    expect((await local.explain(query)).filter((line) => line.startsWith("SCAN"))).toEqual([]);
  });

  it("comes in parts of 50, each of which opens its own keys alone", async () => {
    const { read } = await plan();
    const seen: string[] = [];
    const parts: number[] = [];
    for (let after: string | null = ""; after !== null; ) {
      opened = [];
      const { entries, next } = await read({ all: false, after });
      expect(opened).toHaveLength(entries.length);
      seen.push(...entries.map(({ domain }) => domain));
      parts.push(entries.length);
      after = next;
    }
    expect(parts).toEqual([50, 50, 20]);
    expect(new Set(seen).size).toBe(COUNT);
  });

  it("is the same by its tag when all of it was reported, and empty", async () => {
    const before = (await plan()).entityTag;
    const reported = Array.from({ length: COUNT }, (_, index) => {
      const id = String(100 + index);
      return { domain: `${id}.example`, fingerprint: id, installedAt: null, problem: null };
    });
    const reports = createReports({ database: local.database, now: () => NOW });
    local.resetCount();
    expect(await reports.take(instance, { certificates: reported })).toMatchObject({ ignored: [], isNews: true });
    expect(local.count).toMatchObject({ statements: 3, batches: 1 });
    const after = await plan();
    expect(after.entityTag).toBe(before);
    expect((await after.read({ all: false, after: "" })).entries).toEqual([]);
    expect(opened).toEqual([]);
  });
});
