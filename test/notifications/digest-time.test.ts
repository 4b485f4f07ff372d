/** When digests go out: by the clock of their time zone, whatever that clock does. */
import { describe, expect, it } from "vitest";
import { nextDigest } from "../../src/notifications/digest-time";

const at = (text: string) => Date.parse(text);

describe("the next digest", () => {
  it.each([
    ["later today", "daily", 8, "UTC", "2026-03-04T07:00:00Z", "2026-03-04T08:00:00Z"],
    ["tomorrow", "daily", 8, "UTC", "2026-03-04T08:00:00Z", "2026-03-05T08:00:00Z"],
    ["tomorrow when today's is about to go out", "daily", 8, "UTC", "2026-03-04T07:59:00Z", "2026-03-05T08:00:00Z"],
    ["on Monday", "weekly", 8, "UTC", "2026-03-04T07:00:00Z", "2026-03-09T08:00:00Z"],
    ["in a week", "weekly", 8, "UTC", "2026-03-09T08:00:00Z", "2026-03-16T08:00:00Z"],
    ["in winter time", "daily", 8, "Europe/Berlin", "2026-03-28T06:00:00Z", "2026-03-28T07:00:00Z"],
    ["in summer time", "daily", 8, "Europe/Berlin", "2026-03-28T07:00:00Z", "2026-03-29T06:00:00Z"],
    ["after the hour that is skipped", "daily", 2, "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"],
    [
      "in one of two hours that are the same",
      "daily",
      2,
      "Europe/Berlin",
      "2026-10-24T12:00:00Z",
      "2026-10-25T01:00:00Z",
    ],
    ["a date ahead of UTC's", "daily", 8, "Pacific/Auckland", "2026-01-01T18:00:00Z", "2026-01-01T19:00:00Z"],
    ["a date behind UTC's", "weekly", 20, "America/Los_Angeles", "2026-03-10T02:00:00Z", "2026-03-10T03:00:00Z"],
    ["at a quarter of UTC's hours", "daily", 8, "Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01T02:15:00Z"],
  ] as const)("is %s", (_, digest, hour, timeZone, now, expected) => {
    const next = nextDigest(digest, { hour, weekday: "mon", timeZone }, at(now));
    expect(new Date(next).toISOString()).toBe(new Date(expected).toISOString());
  });
});
