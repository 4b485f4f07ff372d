/** What follows a failed order: when it is tried again, and whether its owner is told. Both depend on the cause, and on the time that is left. */
import type { Cause } from "./order-failure";
import type { Validity } from "./renewal-time";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface FailureRule {
  /** The wait after the first failure; it doubles with each one more. */
  first: number;
  longest: number;
  /** However little time is left, it is not tried again sooner: what fails counts at the CA, too. */
  shortest: number;
  /** It may well pass without anybody doing anything, so nobody is told while there is time for that. */
  passing: boolean;
}

export const failureRules: Record<Cause, FailureRule> = {
  ca_unreachable: { first: 10 * MINUTE, longest: 6 * HOUR, shortest: 5 * MINUTE, passing: true },
  ca_rate_limited: { first: HOUR, longest: DAY, shortest: 15 * MINUTE, passing: true },
  ca_bad_answer: { first: 30 * MINUTE, longest: 12 * HOUR, shortest: 10 * MINUTE, passing: true },
  ca_refused: { first: HOUR, longest: DAY, shortest: 30 * MINUTE, passing: false },
  ca_account: { first: HOUR, longest: DAY, shortest: 15 * MINUTE, passing: false },
  // A CA lets a name fail some five times an hour, and pauses one that goes on.
  validation: { first: HOUR, longest: DAY, shortest: 20 * MINUTE, passing: false },
  no_ca_account: { first: HOUR, longest: DAY, shortest: 15 * MINUTE, passing: false },
  no_dns_challenge: { first: 6 * HOUR, longest: DAY, shortest: HOUR, passing: false },
  dns_credential: { first: HOUR, longest: 12 * HOUR, shortest: 15 * MINUTE, passing: false },
  dns_zone: { first: HOUR, longest: DAY, shortest: 15 * MINUTE, passing: false },
  dns_provider: { first: 10 * MINUTE, longest: 6 * HOUR, shortest: 5 * MINUTE, passing: true },
  dns_not_visible: { first: 30 * MINUTE, longest: 12 * HOUR, shortest: 15 * MINUTE, passing: false },
  bad_certificate: { first: 6 * HOUR, longest: DAY, shortest: HOUR, passing: false },
  internal: { first: 10 * MINUTE, longest: 6 * HOUR, shortest: 5 * MINUTE, passing: true },
};

/** Of the time that is left, the share that one wait may take: about ten more tries fit in, ever closer. */
const SHARE_OF_REST = 0.1;

export interface Failed {
  cause: Cause;
  /** In a row, this one included. */
  failures: number;
  /** The CA's or the provider's own word on when to come back. */
  retryAfter?: number | undefined;
  /** Of the certificate that is in use; none was issued yet without it. */
  validity?: Validity | undefined;
}

/** When it is tried again. `random` is in [0, 1). */
export function nextTry({ cause, failures, retryAfter = 0, validity }: Failed, now: number, random: number): number {
  const { first, longest, shortest } = failureRules[cause];
  const wait = Math.min(first * 2 ** Math.min(failures - 1, 20), longest);
  const left = validity ? validity.notAfter - now : 0;
  // One that has ended has no end to hurry for.
  const hurried = left > 0 ? Math.max(Math.min(wait, left * SHARE_OF_REST), Math.min(wait, shortest)) : wait;
  return Math.round(Math.max(retryAfter, now + hurried * (0.75 + random / 2)));
}

/** Of its lifetime, the last part, in which an outage that may pass is told all the same. */
const SHORT_OF_TIME = 0.2;
/** A certificate that was never issued has nothing to be short of: then so many failures in a row are too many. */
const TOO_MANY = 4;

/** Whether the owner hears of this failure: the first of a cause that matters, and not every try after it. */
export function isTold({ cause, failures, validity }: Failed, told: string[], now: number): boolean {
  if (told.includes(cause)) return false;
  if (!failureRules[cause].passing) return true;
  if (!validity) return failures >= TOO_MANY;
  return validity.notAfter - now < SHORT_OF_TIME * (validity.notAfter - validity.notBefore);
}

/** How near the end the owner is reminded: in days, but in no more than this share of the lifetime. */
const stages = [
  { days: 14, share: 14 / 90 },
  { days: 7, share: 7 / 90 },
  { days: 3, share: 3 / 90 },
  { days: 1, share: 1 / 90 },
  { days: 0, share: 0 },
] as const;

export interface Reminder {
  /** "14" stands for the first one of a shorter lifetime, too. */
  days: (typeof stages)[number]["days"];
  at: number;
}

/** The reminders of a certificate's life, in their order; the last one is its end. */
export const remindersOf = ({ notBefore, notAfter }: Validity): Reminder[] =>
  stages.map(({ days, share }) => ({
    days,
    at: Math.round(notAfter - Math.min(days * DAY, share * (notAfter - notBefore))),
  }));

/** The reminder that holds now, and when the next one does. */
export function reminderAt(validity: Validity, now: number): { due?: Reminder; next?: Reminder } {
  const reminders = remindersOf(validity);
  const due = reminders.findLast(({ at }) => at <= now);
  const next = reminders.find(({ at }) => at > now);
  return { ...(due ? { due } : {}), ...(next ? { next } : {}) };
}
