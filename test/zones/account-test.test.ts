/** What is written to try a DNS account out: in the right zone, and of what the account may be used for. */
import { expect, it } from "vitest";
import { DnsProviderError } from "../../src/dns/errors";
import type { RecordValue, ZoneConnection } from "../../src/dns/provider";
import { withinScope } from "../../src/dns-accounts/scope";
import type { DnsAccountRow, DnsAccounts } from "../../src/dns-accounts/service";
import { createAccountTests } from "../../src/zones/account-test";
import type { ChallengeZones } from "../../src/zones/challenges";
import type { Zones } from "../../src/zones/service";

/** An account whose credential sees these zones; what the test writes goes through the account's own scope. */
function accountOf(row: Partial<DnsAccountRow>, zones: string[]) {
  const whole = { id: "1", provider: "gandi", accountId: "main", allowedZones: null, allowedRecords: null, ...row };
  const written: RecordValue[] = [];
  const looked: string[] = [];
  const connection = withinScope(
    { zones: async () => zones, add: async (_, record) => void written.push(record) } as ZoneConnection,
    whole,
    "Example",
  );
  const tests = createAccountTests({
    dnsAccounts: { noteTest: async () => undefined } as unknown as DnsAccounts,
    zones: {
      hold: async () => ({ connection }),
      place: async ({ zone }: { zone: string }, _: string, [record]: RecordValue[]) =>
        connection.add(zone, record as RecordValue),
      release: async () => undefined,
    } as unknown as Zones,
    challengeZones: {
      async look(_: unknown, name: string, value: string, type: string) {
        looked.push(`${type} ${value} at ${name}`);
        return { name, visible: true, method: "authoritative", servers: [] };
      },
    } as unknown as ChallengeZones,
    now: () => 0,
  });
  const test = (zone?: string) => tests.test(whole as DnsAccountRow, zone);
  return { test, written, looked };
}

const ZONES = ["a.example.com", "example.com", "b.a.example.com"];

it.each([
  [undefined, "a.example.com"],
  ["example.com", "example.com"],
  ["b.a.example.com", "b.a.example.com"],
  ["www.a.example.com", "a.example.com"],
  ["A.Example.com.", "a.example.com"],
])("with %s named, the value is written to %s", async (wanted, zone) => {
  const { test, written } = accountOf({}, ZONES);
  expect(await test(wanted)).toMatchObject({ ok: true, zone });
  expect(written).toMatchObject([
    { name: expect.stringMatching(`^_acme-challenge\\.certedge-test-[0-9a-f]{8}\\.${zone}$`) },
  ]);
});

it.each<[DnsAccountRow["allowedRecords"], RegExp]>([
  [null, /^TXT [\w-]{43} at _acme-challenge\.certedge-test-/],
  [["acme_challenges"], /^TXT [\w-]{43} at _acme-challenge\.certedge-test-/],
  [["txt", "hosts"], /^TXT [\w-]{43} at certedge-test-/],
  [["hosts"], /^A 192\.0\.2\.1 at certedge-test-/],
])("an account for %j is tried out with what it is for", async (allowedRecords, expected) => {
  const { test, looked } = accountOf({ allowedRecords }, ZONES);
  const { ok, steps } = await test("example.com");
  expect([ok, ...steps.map(({ step }) => step)]).toEqual([true, "zones", "write", "visible", "remove"]);
  expect(looked).toEqual([expect.stringMatching(expected)]);
});

it.each([
  { provider: "manual" },
  { allowedRecords: [] },
  // The one name that it has would lose its address.
  { provider: "duckdns", allowedRecords: ["hosts"] } as const,
])("nothing is written for %j", async (row) => {
  const { test, written } = accountOf(
    { ...row, allowedRecords: row.allowedRecords ? [...row.allowedRecords] : null },
    ZONES,
  );
  expect((await test("example.com")).steps).toMatchObject([{ step: "zones", ok: true }]);
  expect(written).toEqual([]);
});

it("the scope of challenges alone takes them where an alias leads, and no other text there", async () => {
  const scope = { allowedZones: null, allowedRecords: ["acme_challenges" as const] };
  const taken: string[] = [];
  const { add, addAll } = withinScope(
    {
      add: async (_, { value }) => void taken.push(value),
      addAll: async (_, records) => void taken.push(...records.map(({ value }) => value)),
    } as ZoneConnection,
    scope,
    "Example",
  );
  const challenge = { domain: "example.org", token: "t", keyAuthorization: "t.k" };
  const record = { name: "proofs.example.com", type: "TXT" as const, ttl: 60 };
  await add("example.com", { ...record, value: "first", challenge });
  await addAll?.("example.com", [{ ...record, value: "second", challenge }]);
  await expect(add("example.com", { ...record, value: "third" })).rejects.toBeInstanceOf(DnsProviderError);
  await expect(addAll?.("example.com", [{ ...record, value: "fourth" }])).rejects.toMatchObject({ kind: "refused" });
  expect(taken).toEqual(["first", "second"]);
});
