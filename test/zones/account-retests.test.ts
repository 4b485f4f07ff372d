/** DNS accounts are tried out again every week, and their owner is told once when one has stopped working. */
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { createDnsAccounts } from "../../src/dns-accounts/service";
import type { Notification } from "../../src/notifications/events";
import { accounts, type DnsAccountTest, dnsAccounts as table } from "../../src/storage/schema";
import { createSealer } from "../../src/storage/sealing";
import { createStoredCredentials } from "../../src/stored-credentials/service";
import { createAccountRetests } from "../../src/zones/account-retests";
import { type LocalDatabase, localDatabase } from "./local-database";

const DAY = 86_400_000;
const OWNER = { id: 1, username: "ada", email: "ada@example.com", role: "member", plan: "elite" } as const;

let local: LocalDatabase;
let clock = 0;
let works = true;
let told: (Notification & { ownerId: number })[] = [];
let tried: string[] = [];

beforeAll(async () => {
  local = await localDatabase();
  await local.database.insert(accounts).values({ ...OWNER, emailVerifiedAt: 1, passwordHash: "", createdAt: 0 });
});
afterAll(() => local.close());

const sealer = createSealer(`k1:${Buffer.alloc(32, 1).toString("base64")}`);
const ports = () => ({ database: local.database, sealer, now: () => clock });
const credentials = () => createStoredCredentials(ports());
const service = () => createDnsAccounts({ ...ports(), storedCredentials: credentials() });

const resultNow = (): DnsAccountTest => ({
  ok: works,
  at: clock,
  zone: "example.com",
  steps: [{ step: "write", ok: works, milliseconds: 5, detail: works ? "Wrote it." : "It refused the credential." }],
});

const retests = () =>
  createAccountRetests({
    dnsAccounts: service(),
    accountTests: {
      async test(row, zone) {
        tried.push(`${row.accountId} in ${zone}`);
        const result = resultNow();
        await service().noteTest(row.id, result);
        return result;
      },
    },
    tell: async (ownerId, notification) => {
      told.push({ ownerId, ...notification });
    },
  });

beforeEach(async () => {
  clock = 100 * DAY;
  works = true;
  told = [];
  tried = [];
  await local.database.delete(table);
  const scope = { allowedZones: null, allowedRecords: null, instanceId: null };
  const settings = { description: null, nameservers: [], ...scope, credentialId: null, enabled: true };
  for (const accountId of ["tested", "untested"]) {
    const credentials = { api_token: "a-token" };
    await service().create(OWNER, "gandi", {
      accountId,
      name: accountId,
      ...settings,
      credentials,
      setAsDefault: false,
    });
  }
  const row = await service().find(OWNER.id, "gandi", "tested");
  await service().noteTest(row.id, resultNow());
});

it("tries an account out again after a week, in the zone of the last time, and one that was never tried not at all", async () => {
  await retests().sweep();
  expect(tried).toEqual([]);
  clock += 7 * DAY + 1;
  await retests().sweep();
  await retests().sweep();
  expect(tried).toEqual(["tested in example.com"]);
  expect(told).toEqual([]);
});

it("tells the owner when an account has stopped working, once", async () => {
  works = false;
  for (let week = 0; week < 3; week++) {
    clock += 7 * DAY + 1;
    await retests().sweep();
  }
  expect(tried).toHaveLength(3);
  expect(told).toMatchObject([
    {
      ownerId: OWNER.id,
      event: "dns_account.failed",
      title: "The DNS account gandi/tested does not work any more",
      detail: expect.stringContaining("It refused the credential."),
      facts: { provider: "gandi", account_id: "tested", zone: "example.com" },
    },
  ]);
});

it("tries an account out anew when its credential was changed, and tells at once that the new one is bad", async () => {
  works = false;
  await service().change(OWNER.id, "gandi", "tested", { credentials: { api_token: "a-new-token" } });
  await service().change(OWNER.id, "gandi", "untested", { credentials: { api_token: "a-new-token" } });
  await retests().sweep();
  await retests().sweep();
  expect(tried).toEqual(["tested in example.com"]);
  expect(told).toHaveLength(1);
});

it("does the same when the stored credential that it works with was changed", async () => {
  const settings = { description: null, instanceId: null, mayBeUnlocked: false };
  const stored = { ...settings, name: "Gandi", kind: "dns:gandi", fields: { api_token: "a-token" } };
  const { row } = await credentials().create(OWNER, stored, "ada");
  await service().change(OWNER.id, "gandi", "tested", { credentialId: row.id });
  await retests().sweep();
  await credentials().change(OWNER.id, row.id, { fields: { api_token: "a-new-token" } }, "ada");
  await retests().sweep();
  await retests().sweep();
  expect(tried).toEqual(["tested in example.com", "tested in example.com"]);
});

it("leaves a disabled account alone", async () => {
  await service().change(OWNER.id, "gandi", "tested", { enabled: false });
  clock += 30 * DAY;
  await retests().sweep();
  expect(tried).toEqual([]);
});

it("finds what is due by an index, so that a minute costs nothing for the accounts that are not", async () => {
  local.resetCount();
  await retests().sweep();
  const [query = ""] = local.queries();
  expect((await local.explain(query)).join("\n")).toContain("INDEX dns_accounts_to_test");
});
