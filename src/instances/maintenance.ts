/**
 * Maintenance windows: hours by the clock of a time zone in which an instance may be given something new. A window is open
 * while the clock shows a time in it, so what the clock skips in spring is no part of it, and what it shows twice in
 * autumn is in it twice. The days are those on which a window opens; past midnight it goes on into the next one.
 */
import { type MaintenanceWindow, weekdays } from "../storage/tables/instances";

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A week's only opening may be skipped by the clock; the one after it is in the week that follows. */
const DAYS_AHEAD = 15;
/** 1970-01-01 was a Thursday; the week begins on Monday. */
const FIRST_WEEKDAY = 3;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Throws RangeError for a time zone that nobody knows. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    const parts = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" } as const;
    format = new Intl.DateTimeFormat("en-US-u-ca-iso8601-nu-latn", {
      ...parts,
      second: "numeric",
      hourCycle: "h23",
      timeZone,
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** "Europe/Berlin" is one, "+02:00" and "Berlin" are none. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** How far the clock of a time zone is ahead of UTC, in milliseconds. */
function offsetAt(timeZone: string, instant: number): number {
  const parts = formatOf(timeZone).formatToParts(instant);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return shown - Math.floor(instant / 1000) * 1000;
}

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
