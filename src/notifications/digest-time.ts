/** When the next digest of a channel goes out, by the clock of its time zone. */
import { weekdays } from "../storage/tables/instances";
import type { DigestTime } from "../storage/tables/notifications";

export const usualDigestTime: DigestTime = { hour: 8, weekday: "mon", timeZone: "UTC" };

const DAY = 86_400_000;
/** What is told just before a digest goes out is part of the next one: a slow write misses none. */
const CLOSED_BEFORE = 120_000;

const QUARTER = 900_000;

/** When goes out what came too thick to be told one by one: at a quarter of an hour. */
export const endOfFlood = (now: number): number => Math.ceil((now + CLOSED_BEFORE) / QUARTER) * QUARTER;

/** An hour that the clocks skip is the one after it. */
export function nextDigest(digest: "daily" | "weekly", { hour, weekday, timeZone }: DigestTime, now: number): number {
  const today = now + offsetAt(now, timeZone);
  for (let day = 0; ; day++) {
    const midnight = (Math.floor(today / DAY) + day) * DAY;
    // The epoch was a Thursday.
    const isItsDay = digest === "daily" || weekdays[(midnight / DAY + 3) % 7] === weekday;
    const at = isItsDay ? instantOf(midnight + hour * 3_600_000, timeZone) : 0;
    if (at > now + CLOSED_BEFORE) return at;
  }
}

/** The instant at which the zone's clock shows `local`, which is written as if it were UTC. */
function instantOf(local: number, timeZone: string): number {
  const near = local - offsetAt(local, timeZone);
  return local - offsetAt(near, timeZone);
}

/** By how much the zone's clock is ahead of UTC. */
function offsetAt(instant: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(instant);
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((each) => each.type === type)?.value);
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return shown - Math.floor(instant / 1000) * 1000;
}

/** Whether the platform knows the zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
