/** Renewals that are planned again when a rule changes: of an account, of an instance, of one certificate. */
import { eq } from "drizzle-orm";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { createRenewalPlanning } from "../../src/certificates/renewal-planning";
import { accountSettings, certificates, instances } from "../../src/storage/schema";
import type { InstanceSettings, RenewalRule } from "../../src/storage/tables/instances";
import { type LocalDatabase, localDatabase } from "../zones/local-database";
import { DAY, newCertificate, newOwner, START } from "./local-renewals";

const PLANNED = START + 60 * DAY;
const EARLY: RenewalRule = { kind: "days_before_expiry", days: 50 };

let local: LocalDatabase;
let owner = 0;

beforeEach(async () => {
  local ??= await localDatabase();
  await local.database.delete(certificates);
  owner = await newOwner(local);
});
afterAll(() => local.close());

const planning = () => createRenewalPlanning({ database: local.database, now: () => START });
const given = { renewAt: PLANNED };

const setRule = (renewal: RenewalRule) =>
  local.database.insert(accountSettings).values({ ownerId: owner, ca: {}, renewal, reuseKey: false, updatedAt: START });

async function newInstance(settings: InstanceSettings) {
  const id = crypto.randomUUID();
  const instance = { name: id, kind: "server" as const, tags: [], settings, createdAt: START, updatedAt: START };
  await local.database.insert(instances).values({ id, ownerId: owner, ...instance });
  return id;
}

/** In days after its issue. */
async function dayOf(id: string) {
  const [row] = await local.database.select().from(certificates).where(eq(certificates.id, id));
  return Math.round(((row?.renewAt ?? 0) - START) / DAY);
}

describe("A changed rule", () => {
  it("of an account holds at once for all of its certificates, and for nobody else's", async () => {
    const stranger = await newCertificate(local, await newOwner(local), given);
    const made = await Promise.all(Array.from({ length: 20 }, () => newCertificate(local, owner, given)));
    await setRule(EARLY);
    await planning().ofAccount(owner);
    for (const { id } of made) expect([39, 40]).toContain(await dayOf(id));
    expect(await dayOf(stranger.id)).toBe(60);
  });

  it("is written in a few statements, however many certificates there are", async () => {
    for (let count = 0; count < 1_100; count += 100) {
      await Promise.all(Array.from({ length: 100 }, () => newCertificate(local, owner, given)));
    }
    await setRule(EARLY);
    local.resetCount();
    await planning().ofAccount(owner);
    expect(local.count.statements).toBeLessThanOrEqual(4);
    const rows = await local.database.select().from(certificates).where(eq(certificates.ownerId, owner));
    expect(rows.filter(({ renewAt }) => renewAt === PLANNED)).toEqual([]);
  });

  it("leaves those that wait after a failure, that are replaced, or that were revoked", async () => {
    const left = [
      await newCertificate(local, owner, { ...given, failures: 1 }),
      await newCertificate(local, owner, { ...given, replaceBecause: "asked" }),
    ];
    const revoked = await newCertificate(local, owner, { renewAt: null, status: "revoked" });
    await setRule(EARLY);
    await planning().ofAccount(owner);
    for (const { id } of left) expect(await dayOf(id)).toBe(60);
    const [row] = await local.database.select().from(certificates).where(eq(certificates.id, revoked.id));
    expect(row?.renewAt).toBeNull();
  });

  it("of an instance goes before the account's, and one of the certificate before both", async () => {
    const instanceId = await newInstance({ renewal: { kind: "days_after_issue", days: 30 } });
    const [plain, bound, own] = await Promise.all([
      newCertificate(local, owner, given),
      newCertificate(local, owner, { ...given, instanceId }),
      newCertificate(local, owner, { ...given, instanceId, renewal: { kind: "days_after_issue", days: 20 } }),
    ]);
    await setRule(EARLY);
    await planning().ofInstance(owner, instanceId);
    expect([await dayOf(plain.id), await dayOf(bound.id), await dayOf(own.id)]).toEqual([
      60,
      expect.toSatisfy((day) => day === 29 || day === 30),
      expect.toSatisfy((day) => day === 19 || day === 20),
    ]);
  });

  it("goes behind the word of the authority, which is only moved into maintenance windows", async () => {
    const renewalWindow = { start: START + 70 * DAY, end: START + 70 * DAY + 60_000 };
    const nights = { days: ["sun" as const], start: "01:00", end: "02:00", timeZone: "UTC" };
    const instanceId = await newInstance({ renewal: EARLY, maintenanceWindows: [nights] });
    const { id } = await newCertificate(local, owner, { ...given, instanceId, renewalWindow });
    await planning().ofInstance(owner, instanceId);
    // The 70th day is a Thursday.
    expect(await dayOf(id)).toBe(73);
  });

  it("is explained: whose word the date is, and why a rule does not hold", async () => {
    const row = await newCertificate(local, owner, { renewal: { kind: "days_after_issue", days: 200 } });
    expect(await planning().read(row)).toMatchObject({
      by: "rule",
      note: expect.stringContaining("lives for 90 days"),
    });
    const pending = await newCertificate(local, owner, { issued: false });
    expect(await planning().read(pending)).toBeUndefined();
  });
});
