/** Renewal windows (RFC 9773): when the CA is asked, what comes of its answers, and of none. */
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { RenewalInformation } from "../../src/acme/client";
import type { CaFailure, CaOutcome } from "../../src/ca-accounts/failure";
import { certificates } from "../../src/storage/schema";
import { sqliteDatabase } from "../support/sqlite-database";
import { DAY, newCertificate, newOwner, renewalsOver, START } from "./local-renewals";

const HOUR = DAY / 24;
const local = sqliteDatabase();

afterAll(() => local.close());
beforeEach(async () => {
  await local.database.delete(certificates);
});

type Answer = CaOutcome<RenewalInformation | undefined>;
const says = (start: number, end: number, more: Partial<RenewalInformation> = {}): Answer => ({
  ok: true,
  value: { start: START + start * DAY, end: START + end * DAY, ...more },
});
const fails = (kind: CaFailure["kind"], more: Partial<CaFailure> = {}): Answer => ({
  ok: false,
  failure: { kind, detail: "no", ...more },
});

/** A certificate of 90 days, due on the 60th by rule, whose CA is asked now; after a tick. */
async function checked(answer: Answer, given: Partial<typeof certificates.$inferInsert> = {}, day = 10) {
  const under = renewalsOver(local, { window: () => answer });
  under.clock.now = START + day * DAY;
  const { id } = await newCertificate(local, await newOwner(local), {
    renewAt: START + 60 * DAY,
    windowCheckAt: START,
    ...given,
  });
  const report = await under.renewals.tick();
  const row = await under.find(id);
  return { ...under, report, row, id, nextAsk: (row.windowCheckAt ?? Number.NaN) - under.clock.now };
}

describe("What a CA says of its window", () => {
  it("moves the renewal into it, and is kept with where it says why", async () => {
    const explanationUrl = "https://ca.example/why";
    const { row, report } = await checked(says(40, 41, { explanationUrl }));
    expect(row.renewalWindow).toEqual({ start: START + 40 * DAY, end: START + 41 * DAY, explanationUrl });
    expect(row.renewAt).toBeGreaterThanOrEqual(START + 40 * DAY);
    expect(row.renewAt).toBeLessThanOrEqual(START + 41 * DAY);
    expect(report).toMatchObject({ asked: 1, moved: 1, ordered: 0 });
  });

  it("leaves the instant that was chosen as it is, while it stays the same", async () => {
    const renewalWindow = { start: START + 40 * DAY, end: START + 50 * DAY };
    const { row, report } = await checked(says(40, 50), { renewalWindow, renewAt: START + 44 * DAY });
    expect(row.renewAt).toBe(START + 44 * DAY);
    expect(report).toMatchObject({ asked: 1, moved: 0 });
  });

  it("moves a renewal that waits after a failure to no other time", async () => {
    const { row } = await checked(says(40, 41), { failures: 2, renewAt: START + 11 * DAY });
    expect(row.renewAt).toBe(START + 11 * DAY);
    expect(row.renewalWindow).not.toBeNull();
  });

  it.each([
    ["when it said to", START + 10 * DAY + 3 * HOUR, 3],
    ["after six hours where it does not say", undefined, 6],
    ["not sooner than in an hour", START + 10 * DAY + 1000, 1],
    ["at least once a day", START + 30 * DAY, 24],
  ])("is asked for again %s", async (_what, retryAfter, hours) => {
    const { nextAsk } = await checked(says(40, 41, retryAfter === undefined ? {} : { retryAfter }));
    expect(nextAsk).toBeGreaterThanOrEqual(hours * HOUR);
    expect(nextAsk).toBeLessThanOrEqual(hours * 1.1 * HOUR);
  });

  it("that is past before its time renews the certificate in the same tick, and its owner is told why", async () => {
    const explanationUrl = "https://ca.example/incident";
    const { ordered, told, id, report } = await checked(says(8, 9, { explanationUrl }));
    expect(ordered).toMatchObject([{ id, reason: "replace" }]);
    expect(told).toMatchObject([{ event: "certificate.revoked", facts: { explanation_url: explanationUrl } }]);
    expect(report).toMatchObject({ asked: 1, ordered: 1 });
  });

  it("that was pulled into the past from later does the same", async () => {
    const renewalWindow = { start: START + 40 * DAY, end: START + 50 * DAY };
    const { ordered } = await checked(says(60, 61), { renewalWindow, renewAt: START + 45 * DAY }, 65);
    expect(ordered).toMatchObject([{ reason: "renew" }]);
    const pulledIn = await checked(says(8, 9), { renewalWindow });
    expect(pulledIn.ordered).toMatchObject([{ reason: "replace" }]);
  });
});

describe("A CA that gives no window", () => {
  it.each<[string, Answer, number]>([
    ["is away", fails("unreachable"), 1],
    ["is away, and says for how long", fails("unreachable", { retryAfter: START + 10 * DAY + 2 * HOUR }), 2],
    ["does not know the certificate", fails("problem", { status: 404 }), 6],
    ["sends nonsense", fails("garbage"), 6],
  ])("as it %s leaves the renewal where it is, and is asked again", async (_what, answer, hours) => {
    const renewalWindow = { start: START + 40 * DAY, end: START + 50 * DAY };
    const { row, nextAsk } = await checked(answer, { renewalWindow, renewAt: START + 44 * DAY });
    expect(row).toMatchObject({ renewAt: START + 44 * DAY, renewalWindow });
    expect(nextAsk).toBeGreaterThanOrEqual(hours * HOUR);
    expect(nextAsk).toBeLessThanOrEqual(hours * 1.1 * HOUR);
  });

  it("as it has none is not asked again, and the rule holds", async () => {
    const renewalWindow = { start: START + 40 * DAY, end: START + 50 * DAY };
    const { row } = await checked({ ok: true, value: undefined }, { renewalWindow, renewAt: START + 44 * DAY });
    expect(row).toMatchObject({ windowCheckAt: null, renewalWindow: null });
    expect(row.renewAt).toBeGreaterThan(START + 55 * DAY);
    expect(row.renewAt).toBeLessThanOrEqual(START + 60 * DAY);
  });
});

it("A certificate that has ended, or that its owner has revoked, is not asked for any more", async () => {
  const ended = await checked(says(40, 41), {}, 100);
  expect(ended.asked).toEqual([]);
  expect(ended.row.windowCheckAt).toBeNull();
  const revoked = await checked(says(8, 9), { status: "revoked", renewAt: null });
  expect(revoked.asked).toEqual([]);
  expect(revoked.ordered).toEqual([]);
});

it("A tick asks for no more than its share, those that wait longest first", async () => {
  const under = renewalsOver(local, { perTick: 3, window: () => says(40, 41) });
  const owner = await newOwner(local);
  const made = [];
  for (const wait of [5, 4, 3, 2, 1]) {
    made.push(await newCertificate(local, owner, { renewAt: START + 60 * DAY, windowCheckAt: START - wait }));
  }
  await under.renewals.tick();
  const longest = made.slice(0, 3).map(({ id }) => `key.${id}`);
  expect(under.asked.map(({ identifier }) => identifier).sort()).toEqual(longest.sort());
  await under.renewals.tick();
  expect(under.asked).toHaveLength(5);
});
