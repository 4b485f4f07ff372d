/** When a failed order is tried again, and when its owner is told. */
import { describe, expect, it } from "vitest";
import { failureRules, isTold, nextTry, reminderAt, remindersOf } from "../../src/certificates/failure-plan";
import { type Cause, causes } from "../../src/certificates/order-failure";

const DAY = 86_400_000;
const HOUR = DAY / 24;
const NOW = Date.parse("2026-06-01T00:00:00Z");
const all = Object.keys(causes) as Cause[];
const lasting = all.filter((cause) => !failureRules[cause].passing);
const passing = all.filter((cause) => failureRules[cause].passing);

/** A certificate of 90 days with so many of them left. */
const left = (days: number) => ({ notBefore: NOW - (90 - days) * DAY, notAfter: NOW + days * DAY });
const middle = 0.5;

describe("A failed order is tried again", () => {
  it.each(all)("after growing waits, at the latest after a day: %s", (cause) => {
    const waits = [1, 2, 3, 10, 1000].map(
      (failures) => nextTry({ cause, failures, validity: left(30) }, NOW, middle) - NOW,
    );
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits[0]).toBeGreaterThanOrEqual(10 * 60_000);
    expect(waits.at(-1)).toBeLessThanOrEqual(DAY);
  });

  it.each(all)("the sooner the less time is left, but never at once: %s", (cause) => {
    const wait = (days: number) => nextTry({ cause, failures: 10, validity: left(days) }, NOW, middle) - NOW;
    expect(wait(1)).toBeLessThan(wait(30));
    expect(wait(1)).toBeLessThanOrEqual(Math.max(2.4 * HOUR, failureRules[cause].shortest));
    expect(wait(0.01)).toBeGreaterThanOrEqual(5 * 60_000);
  });

  it.each(all)("not before the CA or the provider allows it, however little time is left: %s", (cause) => {
    const retryAfter = NOW + 7 * HOUR;
    expect(nextTry({ cause, failures: 1, retryAfter, validity: left(0.1) }, NOW, 0)).toBeGreaterThanOrEqual(retryAfter);
  });

  it("at the usual pace once it has ended: there is nothing to hurry for", () => {
    const wait = nextTry({ cause: "ca_refused", failures: 10, validity: left(-1) }, NOW, middle) - NOW;
    expect(wait).toBe(DAY);
  });
});

describe("The owner is told of a failure", () => {
  it.each(lasting)("the first time, and not again while the cause stays the same: %s", (cause) => {
    expect(isTold({ cause, failures: 1, validity: left(30) }, [], NOW)).toBe(true);
    expect(isTold({ cause, failures: 2, validity: left(29) }, [cause], NOW)).toBe(false);
  });

  it.each(passing)("that may pass only when time is short: %s", (cause) => {
    expect(isTold({ cause, failures: 3, validity: left(25) }, [], NOW)).toBe(false);
    expect(isTold({ cause, failures: 1, validity: left(15) }, [], NOW)).toBe(true);
    expect(isTold({ cause, failures: 2, validity: left(14) }, [cause], NOW)).toBe(false);
  });

  it("again when it fails for another cause, but not each time that two take turns", () => {
    expect(isTold({ cause: "dns_credential", failures: 2, validity: left(30) }, ["validation"], NOW)).toBe(true);
    expect(
      isTold({ cause: "validation", failures: 3, validity: left(30) }, ["validation", "dns_credential"], NOW),
    ).toBe(false);
  });

  it("of a certificate that was never issued, when it does not pass", () => {
    expect(isTold({ cause: "ca_unreachable", failures: 1 }, [], NOW)).toBe(false);
    expect(isTold({ cause: "ca_unreachable", failures: 4 }, [], NOW)).toBe(true);
  });
});

describe("Reminders of the end", () => {
  it("come 14, 7, 3 and 1 days before it, and at it", () => {
    const days = remindersOf(left(30)).map(({ at }) => (NOW + 30 * DAY - at) / DAY);
    expect(days.map((each) => Math.round(each * 100) / 100)).toEqual([14, 7, 3, 1, 0]);
  });

  it.each([6, 47])("come in the same shares of %i days", (lifetime) => {
    const validity = { notBefore: NOW, notAfter: NOW + lifetime * DAY };
    const shares = remindersOf(validity).map(({ at }) => (validity.notAfter - at) / (lifetime * DAY));
    expect(shares.map((share) => Math.round(share * 90))).toEqual([14, 7, 3, 1, 0]);
  });

  it("are each due until the next one is", () => {
    expect(reminderAt(left(20), NOW)).toMatchObject({ next: { days: 14 } });
    expect(reminderAt(left(20), NOW).due).toBeUndefined();
    expect(reminderAt(left(5), NOW)).toMatchObject({ due: { days: 7 }, next: { days: 3 } });
    expect(reminderAt(left(-1), NOW).due).toMatchObject({ days: 0 });
    expect(reminderAt(left(-1), NOW).next).toBeUndefined();
  });
});
