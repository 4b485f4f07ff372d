/** When a delivery that failed is tried again: within about a day, ever more seldom. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Behind the first try, the second, …: ten tries in all. */
const waits = [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR];

/** When it is tried again after so many tries; nothing once there were enough. `random` is in [0, 1). */
export function nextTry(
  tries: number,
  { now, retryAfter = 0, random }: { now: number; retryAfter?: number | undefined; random: number },
): number | undefined {
  const wait = waits[tries - 1];
  if (wait === undefined) return undefined;
  // Those that failed together do not come back together.
  const spread = wait * (0.8 + 0.4 * random);
  return Math.round(now + Math.max(spread, Math.min(retryAfter, DAY)));
}
