/** When a certificate is due, by rule, window and maintenance hours. */
import { describe, expect, it } from "vitest";
import { inDays, latestMoment, planRenewal } from "../../src/certificates/renewal-time";
import type { MaintenanceWindow, RenewalRule } from "../../src/storage/tables/instances";

const DAY = 86_400_000;
const ISSUED = Date.parse("2026-03-02T12:00:00Z");

const lifeOf = (days: number) => ({ notBefore: ISSUED, notAfter: ISSUED + days * DAY });
const anytime = { rule: null, maintenanceWindows: [] as MaintenanceWindow[] };
const age = (at: number) => (at - ISSUED) / DAY;

describe("A certificate is due", () => {
  it.each<[string, number, RenewalRule | null, number]>([
    ["after two thirds of 90 days where nothing is set", 90, null, 60],
    ["after two thirds of 47 days where nothing is set", 47, null, (47 * 2) / 3],
    ["after half of 6 days where nothing is set", 6, null, 3],
    ["after the share that is set", 90, { kind: "lifetime_share", share: 0.8 }, 72],
    ["so many days before the end", 90, { kind: "days_before_expiry", days: 20 }, 70],
    ["so many days after it was issued", 90, { kind: "days_after_issue", days: 50 }, 50],
  ])("%s", (_what, days, rule, expected) => {
    const exact = planRenewal(lifeOf(days), { ...anytime, rule }, 0);
    expect(age(exact.at)).toBeCloseTo(expected, 5);
    expect(exact).toMatchObject({ by: "rule" });
    expect(exact.note).toBeUndefined();
    // Spread to the earlier side alone, and not far.
    const early = age(planRenewal(lifeOf(days), { ...anytime, rule }, 0.999).at);
    expect(early).toBeLessThan(expected);
    expect(early).toBeGreaterThanOrEqual(expected - Math.max(0.05 * days));
  });

  it.each<[string, number, RenewalRule, string]>([
    ["30 days before the end of 6", 6, { kind: "days_before_expiry", days: 30 }, "as soon as it is issued"],
    ["60 days after the issue of 47", 47, { kind: "days_after_issue", days: 60 }, "no time to try again"],
    ["6 days after the issue of 6", 6, { kind: "days_after_issue", days: 6 }, "no time to try again"],
    ["89 days before the end of 90", 90, { kind: "days_before_expiry", days: 89 }, "as soon as it is issued"],
  ])("by the usual rule where the one that is set does not fit: %s; and says so", (_what, days, rule, why) => {
    const plan = planRenewal(lifeOf(days), { ...anytime, rule }, 0);
    expect(age(plan.at)).toBeCloseTo(days < 10 ? days / 2 : (days * 2) / 3, 5);
    expect(plan.note).toContain(why);
    expect(plan.note).toContain(`lives for ${days} days`);
  });

  it("in its CA's window, whatever the rule says, each instant as likely", () => {
    const window = { start: ISSUED + 10 * DAY, end: ISSUED + 12 * DAY };
    const rule: RenewalRule = { kind: "days_before_expiry", days: 30 };
    const at = [0, 0.5, 0.999].map((random) => age(planRenewal(lifeOf(90), { ...anytime, rule, window }, random).at));
    expect(at[0]).toBeCloseTo(10, 5);
    expect(at[1]).toBeCloseTo(11, 5);
    expect(at[2]).toBeCloseTo(11.998, 3);
    expect(planRenewal(lifeOf(90), { ...anytime, window }, 0)).toMatchObject({ by: "authority" });
  });

  it("while there is time to try again, though the window be at the very end or after it", () => {
    const window = { start: ISSUED + 95 * DAY, end: ISSUED + 99 * DAY };
    const { at } = planRenewal(lifeOf(90), { ...anytime, window }, 0.5);
    expect(at).toBe(latestMoment(lifeOf(90)));
    expect(age(at)).toBeLessThanOrEqual(89);
  });

  it("when a maintenance window of its instance opens, and not a quarter hour before", () => {
    const nights: MaintenanceWindow = { days: ["sat"], start: "02:00", end: "04:00", timeZone: "Europe/Berlin" };
    const { at } = planRenewal(lifeOf(90), { rule: null, maintenanceWindows: [nights] }, 0);
    // 60 days after 2 March is Friday, 1 May; Berlin is two hours ahead then.
    expect(new Date(at).toISOString()).toBe("2026-05-02T00:00:00.000Z");
  });

  it("without waiting for a window that opens too late for its life", () => {
    const seldom: MaintenanceWindow = { days: ["mon"], start: "12:30", end: "13:00", timeZone: "UTC" };
    const { at } = planRenewal(lifeOf(6), { rule: null, maintenanceWindows: [seldom] }, 0);
    expect(age(at)).toBeCloseTo(3, 5);
  });
});

it.each([
  [6 * DAY, "6 days"],
  [DAY, "1 day"],
  [1.5 * DAY, "36 hours"],
  [3_600_000, "1 hour"],
  [90 * 60_000, "90 minutes"],
])("%i milliseconds are told as %s", (milliseconds, words) => {
  expect(inDays(milliseconds)).toBe(words);
});
