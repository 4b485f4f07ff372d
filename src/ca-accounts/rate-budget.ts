/**
 * What a CA still allows by its published limits, counted ahead: a bucket for each limit and what it counts, which
 * refills evenly (the generic cell rate algorithm, which Let's Encrypt uses too). Of a bucket one instant is kept: when
 * it is full again.
 */

import { registeredDomain } from "../dns/registered-domain";
import type { RateLimit, RateLimits } from "../storage/tables/authorities";

/** Of a CA, the limits that count something. */
export type CountedLimit = Exclude<keyof RateLimits, "replacementsAreFree">;

export interface Buckets {
  /** When the bucket is full again; 0 where nothing was taken. */
  fullAt(key: string): number;
  fill(key: string, at: number): void;
}

/** One thing that is counted, against one limit. */
export interface Charge {
  limit: CountedLimit;
  /** "domain example.com" */
  key: string;
  rate: RateLimit;
  /** Whether it is given back where nothing was issued. */
  isForIssuing: boolean;
}

/** A limit for these names, for people. */
export interface BudgetState {
  limit: string;
  /** What it counts: a domain, a name, the set of names, or all orders. */
  subject: string;
  most: number;
  window_seconds: number;
  left: number;
  /** ISO 8601: from then on there is one more; only where none is left. */
  next_at?: string;
}

/** What an order for these names takes. The names' set has a key of its own length. */
export async function chargesFor(names: string[], limits: RateLimits): Promise<Charge[]> {
  const { ordersPerAccount, certificatesPerRegisteredDomain: perDomain, certificatesPerNameSet: perSet } = limits;
  const domains = [...new Set(names.map(registeredDomain))];
  return [
    ...chargeOf("ordersPerAccount", ordersPerAccount, ["orders"], false),
    ...chargeOf(
      "certificatesPerRegisteredDomain",
      perDomain,
      domains.map((domain) => `domain ${domain}`),
      true,
    ),
    ...chargeOf("certificatesPerNameSet", perSet, perSet ? [`names ${await digestOf(names)}`] : [], true),
  ];
}

/** What stands against an order whose names failed; it is taken when one fails. */
export const failureCharges = (names: string[], { failedValidationsPerName }: RateLimits): Charge[] =>
  chargeOf("failedValidationsPerName", failedValidationsPerName, names.map(failureKey), false);

const failureKey = (name: string) => `failed ${name.replace(/^\*\./, "")}`;

const chargeOf = (limit: CountedLimit, rate: RateLimit | undefined, keys: string[], isForIssuing: boolean) =>
  rate ? [...new Set(keys)].map((key) => ({ limit, key, rate, isForIssuing })) : [];

/** The order of the names makes no other set. */
export async function digestOf(names: string[]): Promise<string> {
  const bytes = new TextEncoder().encode([...names].sort().join(" "));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const step = ({ window, most }: RateLimit) => window / most;

/** When all of these can be taken together; not after `now` where that is at once. */
export const freeAt = (charges: Charge[], buckets: Buckets, now: number): number =>
  Math.max(now, ...charges.map(({ key, rate }) => Math.max(buckets.fullAt(key), now) + step(rate) - rate.window));

/** The charge that has to wait the longest. */
export const tightest = (charges: Charge[], buckets: Buckets, now: number): Charge | undefined =>
  charges.toSorted((one, other) => freeAt([other], buckets, now) - freeAt([one], buckets, now))[0];

/** Takes one of each, at an instant that may be still to come. */
export function take(charges: Charge[], buckets: Buckets, at: number): void {
  for (const { key, rate } of charges) buckets.fill(key, Math.max(buckets.fullAt(key), at) + step(rate));
}

/** Gives one of each back. */
export function giveBack(charges: Pick<Charge, "key" | "rate">[], buckets: Buckets): void {
  for (const { key, rate } of charges) buckets.fill(key, buckets.fullAt(key) - step(rate));
}

export function stateOf({ limit, key, rate }: Charge, buckets: Buckets, now: number): BudgetState {
  const left = Math.floor((now + rate.window - Math.max(buckets.fullAt(key), now)) / step(rate) + 1e-9);
  const at = freeAt([{ limit, key, rate, isForIssuing: false }], buckets, now);
  const [, subject = "every order of the account"] = key.split(" ");
  return {
    limit: limit.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    subject: limit === "certificatesPerNameSet" ? "exactly these names" : subject,
    most: rate.most,
    window_seconds: rate.window / 1000,
    left: Math.max(0, left),
    ...(at > now ? { next_at: new Date(at).toISOString() } : {}),
  };
}
