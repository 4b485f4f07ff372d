/** Maintenance windows by the clocks of time zones, whose changes are those of the tz database for 2027. */
import { describe, expect, it } from "vitest";
import { isInside, latestFor, nextOpening, openingAtOrAfter } from "../../src/instances/maintenance";
import type { MaintenanceWindow } from "../../src/storage/tables/instances";

const everyDay: MaintenanceWindow["days"] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** "sat,sun 22:00-04:00 Europe/Berlin"; without days, every day. */
function windowOf(text: string): MaintenanceWindow {
  const words = text.split(" ");
  const timeZone = words.pop() ?? "";
  const [start = "", end = ""] = (words.pop() ?? "").split("-");
  const days = words[0] ? (words[0].split(",") as MaintenanceWindow["days"]) : everyDay;
  return { days, start, end, timeZone };
}

const at = (text: string) => Date.parse(text);
const shown = (instant: number | undefined) => instant && new Date(instant).toISOString().replace(".000Z", "Z");

describe("a maintenance window", () => {
  it.each<[window: string, instant: string, inside: boolean]>([
    // Within a day: the start belongs to it, the end does not. Berlin is UTC+1 in winter, UTC+2 in summer.
    ["02:00-04:00 Europe/Berlin", "2027-01-13T01:00:00Z", true],
    ["02:00-04:00 Europe/Berlin", "2027-01-13T00:59:59.999Z", false],
    ["02:00-04:00 Europe/Berlin", "2027-01-13T02:59:59.999Z", true],
    ["02:00-04:00 Europe/Berlin", "2027-01-13T03:00:00Z", false],
    ["02:00-04:00 Europe/Berlin", "2027-07-14T00:00:00Z", true],
    ["02:00-04:00 Europe/Berlin", "2027-07-14T02:00:00Z", false],
    // Days are those of the clock: Saturday 23:30 in New York is Sunday in UTC.
    ["sat 22:00-23:59 America/New_York", "2027-01-17T04:30:00Z", true],
    ["sun 22:00-23:59 America/New_York", "2027-01-17T04:30:00Z", false],
    // Past midnight it is still Friday's window, and Saturday need not be among the days.
    ["fri 22:00-04:00 Europe/Berlin", "2027-01-15T21:00:00Z", true],
    ["fri 22:00-04:00 Europe/Berlin", "2027-01-16T02:59:00Z", true],
    ["fri 22:00-04:00 Europe/Berlin", "2027-01-16T03:00:00Z", false],
    ["fri 22:00-04:00 Europe/Berlin", "2027-01-15T02:00:00Z", false],
    ["sun 22:00-04:00 Europe/Berlin", "2027-01-18T01:00:00Z", true],
    // One that ends when it starts is open for a whole day.
    ["sat 06:00-06:00 Europe/Berlin", "2027-01-16T05:00:00Z", true],
    ["sat 06:00-06:00 Europe/Berlin", "2027-01-17T04:59:00Z", true],
    ["sat 06:00-06:00 Europe/Berlin", "2027-01-17T05:00:00Z", false],
    // A quarter of an hour off: Kathmandu is UTC+5:45.
    ["mon 00:00-01:00 Asia/Kathmandu", "2027-01-17T18:15:00Z", true],
    ["mon 00:00-01:00 Asia/Kathmandu", "2027-01-17T18:14:59Z", false],
    ["mon 00:00-01:00 Asia/Kathmandu", "2027-01-17T19:15:00Z", false],
    // Spring, 28 March: the clock goes from 01:59 to 03:00 at 01:00Z, so 02:30 to 03:30 is half an hour.
    ["02:30-03:30 Europe/Berlin", "2027-03-28T00:59:59Z", false],
    ["02:30-03:30 Europe/Berlin", "2027-03-28T01:00:00Z", true],
    ["02:30-03:30 Europe/Berlin", "2027-03-28T01:30:00Z", false],
    // Autumn, 31 October: at 01:00Z the clock goes back from 03:00 to 02:00, and shows the hour again.
    ["02:00-02:30 Europe/Berlin", "2027-10-31T00:15:00Z", true],
    ["02:00-02:30 Europe/Berlin", "2027-10-31T00:45:00Z", false],
    ["02:00-02:30 Europe/Berlin", "2027-10-31T01:15:00Z", true],
    ["02:00-02:30 Europe/Berlin", "2027-10-31T01:30:00Z", false],
    // Lord Howe changes by half an hour: on 3 October from 01:59 to 02:30, on 4 April from 01:59 back to 01:30.
    ["02:00-02:30 Australia/Lord_Howe", "2027-10-02T15:30:00Z", false],
    ["02:30-03:00 Australia/Lord_Howe", "2027-10-02T15:30:00Z", true],
    ["01:30-02:00 Australia/Lord_Howe", "2027-04-03T14:45:00Z", true],
    ["01:30-02:00 Australia/Lord_Howe", "2027-04-03T15:15:00Z", true],
    ["01:30-02:00 Australia/Lord_Howe", "2027-04-03T15:30:00Z", false],
  ])("%s at %s: %s", (window, instant, inside) => {
    expect(isInside([windowOf(window)], at(instant))).toBe(inside);
  });

  it.each<[window: string, instant: string, opening: string]>([
    ["02:00-04:00 Europe/Berlin", "2027-01-13T12:00:00Z", "2027-01-14T01:00:00Z"],
    ["02:00-04:00 Europe/Berlin", "2027-01-13T01:30:00Z", "2027-01-13T01:30:00Z"],
    ["02:00-04:00 Europe/Berlin", "2027-01-13T03:00:00Z", "2027-01-14T01:00:00Z"],
    ["sun 02:00-04:00 Europe/Berlin", "2027-01-18T12:00:00Z", "2027-01-24T01:00:00Z"],
    ["fri 22:00-04:00 Europe/Berlin", "2027-01-16T03:00:00Z", "2027-01-22T21:00:00Z"],
    ["sat 22:00-02:00 America/New_York", "2027-01-16T00:00:00Z", "2027-01-17T03:00:00Z"],
    ["mon 00:00-01:00 Asia/Kathmandu", "2027-01-12T00:00:00Z", "2027-01-17T18:15:00Z"],
    // The offset is that of the opening's day, not of today's.
    ["sun 04:00-05:00 Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T02:00:00Z"],
    ["sun 04:00-05:00 America/New_York", "2027-03-13T12:00:00Z", "2027-03-14T08:00:00Z"],
    ["sun 04:00-05:00 America/New_York", "2027-11-06T12:00:00Z", "2027-11-07T09:00:00Z"],
    // A start that the clock skips: it opens as the clock goes on. One that is skipped as a whole is not that day.
    ["02:30-03:30 Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z"],
    ["02:15-02:45 America/New_York", "2027-03-14T00:00:00-05:00", "2027-03-15T06:15:00Z"],
    ["sun 02:15-02:45 America/New_York", "2027-03-14T00:00:00-05:00", "2027-03-21T06:15:00Z"],
    ["02:00-02:20 Australia/Lord_Howe", "2027-10-02T12:00:00Z", "2027-10-03T15:00:00Z"],
    // Shown twice: the first time, and when that has passed the second time.
    ["01:00-01:30 America/New_York", "2027-11-07T04:00:00Z", "2027-11-07T05:00:00Z"],
    ["01:00-01:30 America/New_York", "2027-11-07T05:30:00Z", "2027-11-07T06:00:00Z"],
    ["01:00-01:30 America/New_York", "2027-11-07T06:30:00Z", "2027-11-08T06:00:00Z"],
    // Begun before the hour that is repeated, over by the first time it passes, and open again: it is 02:00 once more.
    ["01:30-02:30 Europe/Berlin", "2027-10-31T00:40:00Z", "2027-10-31T01:00:00Z"],
  ])("%s opens after %s at %s", (window, instant, opening) => {
    expect(shown(nextOpening([windowOf(window)], at(instant)))).toBe(opening);
  });

  it("of several is the one that opens first, whatever their time zones", () => {
    const windows = ["sun 02:00-04:00 Europe/Berlin", "sat 22:00-23:00 America/New_York"].map(windowOf);
    expect(shown(nextOpening(windows, at("2027-01-13T12:00:00Z")))).toBe("2027-01-17T01:00:00Z");
    expect(isInside(windows, at("2027-01-17T03:30:00Z"))).toBe(true);
  });

  it("is always open where there is none", () => {
    expect(isInside([], 1)).toBe(true);
    expect(nextOpening([], 1)).toBe(1);
  });

  it("opens as its minutes say, for every hour of a year", () => {
    // Held against the clock itself, by the way that is slow and plain.
    const window = windowOf("tue,sat 23:15-01:45 Australia/Lord_Howe");
    const clock = new Intl.DateTimeFormat("en-GB", {
      timeZone: window.timeZone,
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
    });
    for (let instant = at("2027-01-01T00:05:00Z"); instant < at("2028-01-01T00:00:00Z"); instant += 3_600_000) {
      const [day = "", time = ""] = clock.format(instant).split(" ");
      const open =
        (["Tue", "Sat"].includes(day) && time >= "23:15") || (["Wed", "Sun"].includes(day) && time < "01:45");
      expect([shown(instant), isInside([window], instant)]).toEqual([shown(instant), open]);
    }
  });
});

describe("waiting for a window", () => {
  const windows = [windowOf("sun 02:00-04:00 Europe/Berlin")];
  const due = at("2027-01-13T12:00:00Z");

  it("ends at its opening, as long as that is not too late", () => {
    expect(shown(openingAtOrAfter(windows, due, at("2027-01-17T01:00:00Z")))).toBe("2027-01-17T01:00:00Z");
  });

  it("is not done at all where every opening is too late", () => {
    expect(openingAtOrAfter(windows, due, at("2027-01-17T00:59:59Z"))).toBe(due);
  });

  it("is not done without a window, nor in one", () => {
    expect(openingAtOrAfter([], due, due)).toBe(due);
    const inside = at("2027-01-17T02:30:00Z");
    expect(openingAtOrAfter(windows, inside, inside)).toBe(inside);
  });

  it("leaves a quarter of the time that was left when it began", () => {
    expect(latestFor(1000, 5000)).toBe(4000);
    expect(latestFor(5000, 4000)).toBe(4000);
  });
});
