/**
 * When a certificate is renewed: in its CA's window where that gives one (RFC 9773 §4.2), else by a rule. All instants are
 * milliseconds since the epoch, `random` is in [0, 1).
 */
import { latestFor, openingAtOrAfter } from "../instances/maintenance";
import type { MaintenanceWindow, RenewalRule } from "../storage/tables/instances";

const DAY = 86_400_000;
/** Spread over this share of the lifetime, so that certificates made together are not renewed together. */
const SPREAD = 0.05;
/** No certificate is renewed sooner by a rule: a CA counts how often one is. */
const EARLIEST_SHARE = 0.1;
/** Lifetimes below this one are short: half of one is not long for trying again. */
const SHORT_LIFETIME = 10 * DAY;

export interface Validity {
  notBefore: number;
  notAfter: number;
}

export interface Window {
  start: number;
  end: number;
}

export interface RenewalPlan {
  at: number;
  /** Whose word it is. */
  by: "authority" | "rule";
  /** The rule that holds for it. */
  rule: RenewalRule;
  /** Why the rule that was set is not the one that holds, for a person. */
  note?: string;
}

/** The rule that is built in. */
export const usualRule = ({ notBefore, notAfter }: Validity): RenewalRule => ({
  kind: "lifetime_share",
  share: notAfter - notBefore < SHORT_LIFETIME ? 1 / 2 : 2 / 3,
});

/** The last instant that is planned for: what comes after it leaves no time to try again. */
export const latestMoment = ({ notBefore, notAfter }: Validity): number =>
  notAfter - Math.min((notAfter - notBefore) / 20, DAY);

/** When the certificate is due, in the middle of nobody's working hours where maintenance windows say so. */
export function planRenewal(
  validity: Validity,
  wishes: { window?: Window | null; rule: RenewalRule | null; maintenanceWindows: MaintenanceWindow[] },
  random: number,
): RenewalPlan {
  const { rule, note } = fittingRule(validity, wishes.rule);
  const { window } = wishes;
  const wanted = window ? momentIn(window, random) : momentBy(rule, validity, random);
  const moment = Math.min(wanted, latestMoment(validity));
  const latest = latestFor(moment, validity.notAfter);
  return {
    at: Math.round(openingAtOrAfter(wishes.maintenanceWindows, moment, latest)),
    by: window ? "authority" : "rule",
    rule,
    ...(note ? { note } : {}),
  };
}

/** RFC 9773 §4.2: any instant of the window, all as likely. */
const momentIn = ({ start, end }: Window, random: number): number => start + (end - start) * random;

function momentBy(rule: RenewalRule, validity: Validity, random: number): number {
  const lifetime = validity.notAfter - validity.notBefore;
  // Who counts in days means that day.
  const spread = rule.kind === "lifetime_share" ? SPREAD * lifetime : Math.min(SPREAD * lifetime, DAY);
  return Math.max(exactMoment(rule, validity) - spread * random, validity.notBefore + EARLIEST_SHARE * lifetime);
}

function exactMoment(rule: RenewalRule, { notBefore, notAfter }: Validity): number {
  switch (rule.kind) {
    case "lifetime_share":
      return notBefore + (notAfter - notBefore) * rule.share;
    case "days_before_expiry":
      return notAfter - rule.days * DAY;
    case "days_after_issue":
      return notBefore + rule.days * DAY;
  }
}

/** Thirty days before the end of a certificate that lives for six is no instant of its life: then the usual rule holds. */
function fittingRule(validity: Validity, rule: RenewalRule | null): Pick<RenewalPlan, "rule" | "note"> {
  const usual = usualRule(validity);
  if (!rule) return { rule: usual };
  const moment = exactMoment(rule, validity);
  const lifetime = validity.notAfter - validity.notBefore;
  const isTooEarly = moment < validity.notBefore + EARLIEST_SHARE * lifetime;
  if (!isTooEarly && moment <= latestMoment(validity)) return { rule };
  const fault = isTooEarly ? "would renew it as soon as it is issued" : "leaves no time to try again before it ends";
  const note = `The rule "${inWords(rule)}" ${fault}: it lives for ${inDays(lifetime)}. It is renewed ${inWords(usual)}.`;
  return { rule: usual, note };
}

/** For a person: "30 days before it ends". */
export function inWords(rule: RenewalRule): string {
  switch (rule.kind) {
    case "lifetime_share":
      return `after ${Math.round(rule.share * 100)} % of its lifetime`;
    case "days_before_expiry":
      return `${inDays(rule.days * DAY)} before it ends`;
    case "days_after_issue":
      return `${inDays(rule.days * DAY)} after it was issued`;
  }
}

const UNITS = [
  [DAY, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
] as const;

/** In the largest unit of which it is at least two, else in minutes: "6 days", "36 hours". */
export function inDays(milliseconds: number): string {
  const [size, unit] = UNITS.find(([size]) => milliseconds >= 2 * size || milliseconds === size) ?? UNITS[2];
  const count = Math.round(milliseconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
