/** When the next digest of a channel goes out, by the clock of its time zone. */
import { offsetAt } from "../settings/time-zones";
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
  const today = now + offsetAt(timeZone, now);
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
  const near = local - offsetAt(timeZone, local);
  return local - offsetAt(timeZone, near);
}
