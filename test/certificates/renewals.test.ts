/** A tick: who gets a turn, and who is reminded of an end that comes near. */
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { certificates, instances } from "../../src/storage/schema";
import { sqliteDatabase } from "../support/sqlite-database";
import { DAY, newCertificate, newOwner, renewalsOver, START } from "./local-renewals";

const local = sqliteDatabase();

afterAll(() => local.close());
beforeEach(async () => {
  await local.database.delete(certificates);
});

const sort = (ids: string[]) => [...ids].sort();

describe("A tick", () => {
  it("takes up what is due, the longest first, and nothing else", async () => {
    const owner = await newOwner(local);
    const [late, later] = [
      await newCertificate(local, owner),
      await newCertificate(local, owner, { renewAt: START - 1 }),
    ];
    await newCertificate(local, owner, { renewAt: START + 1 });
    await newCertificate(local, owner, { renewAt: null, status: "revoked" });
    const { renewals, ordered, clock } = renewalsOver(local, { perTick: 1 });
    expect(await renewals.tick()).toMatchObject({ due: 1, ordered: 1 });
    expect(ordered.map(({ id }) => id)).toEqual([later.id]);
    await renewals.tick();
    expect(ordered.map(({ id }) => id)).toEqual([later.id, late.id]);
    expect(await renewals.tick()).toMatchObject({ due: 0 });
    clock.now += 1;
    expect(await renewals.tick()).toMatchObject({ due: 1 });
  });

  it("gives each certificate to one of two ticks at once", async () => {
    const owner = await newOwner(local);
    const made = await Promise.all(Array.from({ length: 30 }, () => newCertificate(local, owner)));
    const { renewals, ordered } = renewalsOver(local, { perTick: 20 });
    await Promise.all([renewals.tick(), renewals.tick()]);
    expect(sort(ordered.map(({ id }) => id))).toEqual(sort(made.map(({ id }) => id)));
  });

  it("takes one up again an hour after an attempt that came to nothing", async () => {
    const { id } = await newCertificate(local, await newOwner(local));
    const order = async () => {
      throw new Error("the database is away");
    };
    const { renewals, ordered, clock, find } = renewalsOver(local, { order });
    expect(await renewals.tick()).toMatchObject({ due: 1, failed: 1 });
    expect(await renewals.tick()).toMatchObject({ due: 0 });
    clock.now += DAY / 24;
    expect(await renewals.tick()).toMatchObject({ due: 1 });
    expect(ordered).toHaveLength(2);
    expect(await find(id)).toMatchObject({ status: "valid", failures: 0 });
  });

  it("lets nobody's many starve another's one, though they have been due for longer", async () => {
    const [many, few, one] = [await newOwner(local), await newOwner(local), await newOwner(local)];
    const due = { renewAt: START - DAY };
    for (let count = 0; count < 200; count++) await newCertificate(local, many, due);
    const fews = [await newCertificate(local, few, { renewAt: START - 5 }), await newCertificate(local, few)];
    const { id } = await newCertificate(local, one);
    const { renewals, ordered } = renewalsOver(local, { perTick: 6 });
    await renewals.tick();
    const first = ordered.map((each) => each.id);
    expect(first).toHaveLength(6);
    expect(first).toContain(id);
    expect(first).toContain(fews[0]?.id);
    await renewals.tick();
    const owners = { many: 0, others: 0 };
    const theirs = new Set([id, ...fews.map((each) => each.id)]);
    for (const each of ordered) owners[theirs.has(each.id) ? "others" : "many"] += 1;
    expect(owners).toEqual({ many: 9, others: 3 });
  });

  it("waits for the maintenance window of the certificate's instance with a first try, and with none after a failure", async () => {
    const owner = await newOwner(local);
    // START is a Thursday, midnight.
    const maintenanceWindows = [{ days: ["thu" as const], start: "02:00", end: "03:00", timeZone: "UTC" }];
    const instance = { name: "web", kind: "server" as const, tags: [], createdAt: START, updatedAt: START };
    await local.database
      .insert(instances)
      .values({ ...instance, id: "web", ownerId: owner, settings: { maintenanceWindows } });
    const waiting = await newCertificate(local, owner, { instanceId: "web" });
    const failing = await newCertificate(local, owner, { instanceId: "web", failures: 1 });
    const { renewals, ordered, clock, find } = renewalsOver(local);
    expect(await renewals.tick()).toMatchObject({ moved: 1, ordered: 1 });
    expect(ordered.map(({ id }) => id)).toEqual([failing.id]);
    expect((await find(waiting.id)).renewAt).toBe(START + 2 * 3_600_000);
    clock.now = START + 2 * 3_600_000;
    await renewals.tick();
    expect(ordered.map(({ id }) => id)).toContain(waiting.id);
  });
});

describe("The owner of a certificate that comes near its end", () => {
  /** As many days before its end as are given, one after the other. */
  async function remindedAt(daysLeft: number[], given: Partial<typeof certificates.$inferInsert>, owner = {}) {
    const under = renewalsOver(local);
    const life = { noticeAt: START + 76 * DAY, ...given };
    const { id } = await newCertificate(local, await newOwner(local, owner), life);
    for (const left of daysLeft) {
      under.clock.now = START + (90 - left) * DAY;
      await under.renewals.tick();
    }
    return { ...under, row: await under.find(id) };
  }
  const never = { renewAt: START + 1000 * DAY };
  const failing = { ...never, failures: 3, problem: { cause: "validation", detail: "No TXT.", what_to_do: "Look." } };

  it("is reminded at each stage once, with the reason, and at the end", async () => {
    const { told, row } = await remindedAt([14, 13.5, 7, 6, 3, 1, 0.5, 0, -5], failing);
    expect(told.map(({ event }) => event)).toEqual(Array(5).fill("certificate.expiring"));
    expect(told.map(({ title }) => title)).toEqual([
      ...["14 days", "7 days", "3 days", "1 day"].map((left) => expect.stringContaining(`ends in ${left}`)),
      expect.stringContaining("has ended on 2026-04-01"),
    ]);
    expect(told[0]).toMatchObject({ detail: "No TXT. Look.", facts: { cause: "validation" } });
    expect(row.noticeAt).toBeNull();
  });

  it.each([
    ["whose plan has no automatic renewal", never, { plan: "plus" }, "plan"],
    ["whose account is suspended", never, { suspendedAt: START }, "suspended"],
    ["that should have been renewed, and was not", { renewAt: START + 1000 * DAY }, {}, "late"],
  ])("%s is reminded, too", async (_what, given, owner, cause) => {
    const { told } = await remindedAt([13], given, owner);
    expect(told).toMatchObject([{ event: "certificate.expiring", facts: { cause } }]);
  });

  it("is not reminded where the renewal is planned for later", async () => {
    const { told, row } = await remindedAt([13], { renewal: { kind: "days_before_expiry", days: 5 }, ...never });
    expect(told).toEqual([]);
    expect(row.noticeAt).toBe(START + 83 * DAY);
  });

  it("is reminded of none that was revoked", async () => {
    const { told } = await remindedAt([13, 6], { status: "revoked", renewAt: null, failures: 1 });
    expect(told).toEqual([]);
  });
});
