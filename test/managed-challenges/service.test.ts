/** What becomes of managed challenges when their clients, or certedge itself, go away. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AccountIdentity } from "../../src/accounts/identity";
import { DnsProviderError } from "../../src/dns/errors";
import { targetOfDomain, targetOfRecord } from "../../src/managed-challenges/record-name";
import { createManagedChallenges } from "../../src/managed-challenges/service";
import { accounts, managedChallenges } from "../../src/storage/schema";
import type { ChallengeZones } from "../../src/zones/challenges";
import type { Zones } from "../../src/zones/service";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

let local: LocalDatabase;
let ann: AccountIdentity;
let clock = Date.UTC(2026, 10, 21);
let failing: Error | undefined;
/** The values that stand, by who placed them. */
const standing = new Map<string, string[]>();
const location = { dnsAccountId: "d", provider: "cloudflare", zone: "example.com" };

const ports = () => ({
  database: local.database,
  zones: {
    async place(_: unknown, owner: string, values: { name: string; value: string }[]) {
      if (failing) throw failing;
      standing.set(
        owner,
        values.map(({ name, value }) => `${name} ${value}`),
      );
    },
    async release(_: unknown, owner: string) {
      if (failing) throw failing;
      standing.delete(owner);
    },
  } as unknown as Zones,
  challengeZones: {
    locate: async (_: number, names: string[], __: unknown, ___: unknown, nameOf: (name: string) => string) =>
      names.map((name) => ({ recordName: nameOf(name), location })),
  } as unknown as ChallengeZones,
  now: () => clock,
});

beforeAll(async () => {
  local = await localDatabase();
  const row = { username: "ann", email: "ann@example.org", passwordHash: "x", role: "member", plan: "elite" } as const;
  const [made] = await local.database
    .insert(accounts)
    .values({ ...row, createdAt: clock })
    .returning();
  ann = { ...made, emailVerified: true } as AccountIdentity;
});
afterAll(() => local.close());
beforeEach(async () => {
  failing = undefined;
  standing.clear();
  await local.database.delete(managedChallenges);
});

const asker = (credentialId = "key") => ({ account: ann, credentialId, allowedDomains: null });
const values = () => [...standing.values()].flat().sort();
const HOUR = 3_600_000;

describe("A managed challenge", () => {
  it("goes by itself after its time, and not sooner", async () => {
    const service = createManagedChallenges(ports());
    await service.write(await service.begin(asker(), targetOfDomain("a.example.com", ""), "one"));
    clock += HOUR - 1;
    await service.sweep();
    expect(values()).toEqual(["_acme-challenge.a.example.com one"]);
    clock += 1;
    await service.sweep();
    expect(values()).toEqual([]);
    expect(await service.list(asker())).toEqual([]);
  });

  it("stays longer when it is asked for again, and is one", async () => {
    const service = createManagedChallenges(ports());
    const target = targetOfDomain("a.example.com", "");
    const first = await service.write(await service.begin(asker(), target, "one"));
    clock += HOUR / 2;
    const again = await service.write(await service.begin(asker(), target, "one"));
    expect([again.id, again.expiresAt]).toEqual([first.id, clock + HOUR]);
    expect(await service.list(asker())).toHaveLength(1);
  });

  it("that a crash cut off is written by the next tick, or taken away when its time is over", async () => {
    const service = createManagedChallenges(ports());
    await service.begin(asker(), targetOfDomain("a.example.com", ""), "one");
    expect(values()).toEqual([]);
    clock += 61_000;
    await createManagedChallenges(ports()).sweep();
    expect(values()).toEqual(["_acme-challenge.a.example.com one"]);
    expect(await service.list(asker())).toMatchObject([{ state: "placed" }]);
  });

  it("that could not be placed says why, and one that could not be removed is tried again", async () => {
    const service = createManagedChallenges(ports());
    failing = new DnsProviderError("credential", "Cloudflare", "The token is not valid.");
    const target = targetOfDomain("a.example.com", "");
    expect(await service.write(await service.begin(asker(), target, "one"))).toMatchObject({
      state: "failed",
      problem: "The token is not valid.",
    });
    clock += 2 * HOUR;
    await service.sweep();
    expect(await service.list(asker())).toHaveLength(1);
    failing = undefined;
    await service.sweep();
    expect(await service.list(asker())).toEqual([]);
  });

  it("is cleaned up by the credential that placed it alone, one value or all", async () => {
    const service = createManagedChallenges(ports());
    const target = targetOfRecord("_acme-challenge.a.example.com.", "");
    for (const value of ["one", "two"]) await service.write(await service.begin(asker(), target, value));
    await service.write(await service.begin(asker("other"), target, "theirs"));
    expect(await service.cleanUp(asker(), target, "one")).toBe(1);
    expect(await service.cleanUp(asker(), target, undefined)).toBe(1);
    expect(values()).toEqual(["_acme-challenge.a.example.com theirs"]);
  });

  it("may be below an account's own label (dns-account-01)", async () => {
    const service = createManagedChallenges(ports());
    const target = targetOfRecord("_ujmmovf2vn55tgye._acme-challenge.A.example.com", "");
    expect(target.domain).toBe("a.example.com");
    await service.write(await service.begin(asker(), target, "one"));
    expect(values()).toEqual(["_ujmmovf2vn55tgye._acme-challenge.a.example.com one"]);
  });

  it("has its bound for each account", async () => {
    const service = createManagedChallenges(ports());
    const many = Array.from({ length: 1000 }, (_, index) => index);
    await local.database.run(
      `INSERT INTO managed_challenges SELECT 'id' || value, ${ann.id}, 'key', 'a', 'a', value, NULL, 'builtin', 'z', 'placed', NULL,
         ${clock + HOUR}, ${clock} FROM json_each('${JSON.stringify(many)}')`,
    );
    const begun = service.begin(asker(), targetOfDomain("a.example.com", ""), "one");
    await expect(begun).rejects.toMatchObject({ status: 429 });
  });
});
