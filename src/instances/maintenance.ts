/**
 * Maintenance windows: hours by the clock of a time zone in which an instance may be given something new. A window is open
 * while the clock shows a time in it, so what the clock skips in spring is no part of it, and what it shows twice in
 * autumn is in it twice. The days are those on which a window opens; past midnight it goes on into the next one.
 */
import { offsetAt } from "../settings/time-zones";
import { type MaintenanceWindow, weekdays } from "../storage/tables/instances";

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A week's only opening may be skipped by the clock; the one after it is in the week that follows. */
const DAYS_AHEAD = 15;
/** 1970-01-01 was a Thursday; the week begins on Monday. */
const FIRST_WEEKDAY = 3;

/** "22:30" → 1350 */
const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));

const modulo = (value: number, divisor: number) => ((value % divisor) + divisor) % divisor;

/** `shown` is what the clock shows, as if it showed UTC. */
function isOpenWhenShown(window: MaintenanceWindow, shown: number): boolean {
  const minute = Math.floor(modulo(shown, DAY) / MINUTE);
  const weekday = modulo(Math.floor(shown / DAY) + FIRST_WEEKDAY, 7);
  const opensOn = (day: number) => window.days.includes(weekdays[modulo(day, 7)] as (typeof weekdays)[number]);
  const [start, end] = [minutesOf(window.start), minutesOf(window.end)];
  if (start < end) return opensOn(weekday) && start <= minute && minute < end;
  return (opensOn(weekday) && start <= minute) || (opensOn(weekday - 1) && minute < end);
}

const isOpen = (window: MaintenanceWindow, instant: number): boolean =>
  isOpenWhenShown(window, instant + offsetAt(window.timeZone, instant));

/** Whether something may be done now; without any window it may be done always. */
export const isInside = (windows: MaintenanceWindow[], instant: number): boolean =>
  windows.length === 0 || windows.some((window) => isOpen(window, instant));

/** A stretch of time over which a clock is not changed. */
interface Stretch {
  from: number;
  to: number;
  offset: number;
}

/** A day from an instant on: one stretch, or two where the clock is changed in it. */
function stretchesOf(timeZone: string, from: number): Stretch[] {
  const to = from + DAY;
  const [offset, after] = [offsetAt(timeZone, from), offsetAt(timeZone, to)];
  if (offset === after) return [{ from, to, offset }];
  let [before, changed] = [from, to];
  while (changed - before > 1) {
    const middle = Math.floor((before + changed) / 2);
    if (offsetAt(timeZone, middle) === offset) before = middle;
    else changed = middle;
  }
  return [
    { from, to: changed, offset },
    { from: changed, to, offset: after },
  ];
}

function firstOpening(window: MaintenanceWindow, instant: number): number | undefined {
  for (let day = 0; day < DAYS_AHEAD; day++) {
    for (const { from, to, offset } of stretchesOf(window.timeZone, instant + day * DAY)) {
      if (isOpenWhenShown(window, from + offset)) return from;
      const start = from + modulo(minutesOf(window.start) * MINUTE - (from + offset), DAY);
      if (start < to && isOpenWhenShown(window, start + offset)) return start;
    }
  }
  return undefined;
}

/** The first instant from `instant` on at which a window is open; nothing where none opens within two weeks. */
export function nextOpening(windows: MaintenanceWindow[], instant: number): number | undefined {
  if (windows.length === 0) return instant;
  const openings = windows.map((window) => firstOpening(window, instant)).filter((opening) => opening !== undefined);
  return openings.length > 0 ? Math.min(...openings) : undefined;
}

/** The first opening at or after `instant`, but not after `latest`: where there is none, `instant` itself. */
export function openingAtOrAfter(windows: MaintenanceWindow[], instant: number, latest: number): number {
  const opening = nextOpening(windows, instant);
  return opening === undefined || opening > latest ? instant : opening;
}

/**
 * How long something that is wanted at `instant` may wait for a window while what it replaces ends at `expiry`: a quarter of
 * the time that is left then always remains. An expiry beats a window.
 */
export const latestFor = (instant: number, expiry: number): number => expiry - Math.max(0, expiry - instant) / 4;
