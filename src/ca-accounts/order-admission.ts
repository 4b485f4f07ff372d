/** Whether an order may be begun now by what the CA allows: by what it publishes, and by what it has said. */

import { registeredDomain } from "../dns/registered-domain";
import type { RateLimits } from "../storage/tables/authorities";
import type { AccountLedger, Refusal } from "./account-ledger";
import {
  type Charge,
  type CountedLimit,
  chargesFor,
  digestOf,
  failureCharges,
  freeAt,
  giveBack,
  take,
  tightest,
} from "./rate-budget";

export interface AskedOrder {
  /** Ours, by which an order that is asked for again after a crash is known. */
  orderId: string;
  names: string[];
  /** It replaces a certificate, which some CAs do not count (RFC 9773 §5). */
  replaces: boolean;
  /** It would wait until then, and takes the place that is free the next; it goes elsewhere without this. */
  patience?: number;
}

/** "limit": the CA's limits; "validation": names that failed too often, which is nothing that another CA would heal. */
export interface HeldOrder {
  because: "limit" | "validation";
  until: number;
  detail: string;
}

const HOUR = 3_600_000;
/** Where the CA does not say for how long. */
const USUAL_REFUSAL = HOUR;
/** Refusals for two domains within this are about the account, and not about the names. */
const ONE_CAUSE = HOUR;

/** Counts the order where it is admitted, once. */
export async function admitOrder(
  asked: AskedOrder,
  limits: RateLimits,
  ledger: AccountLedger,
  now: number,
): Promise<HeldOrder | undefined> {
  const { orderId, names, patience = 0 } = asked;
  const isFree = asked.replaces && limits.replacementsAreFree === true;
  const charges = isFree ? [] : await chargesFor(names, limits);
  const digest = await digestOf(names);
  // From here on nothing is waited for: two orders cannot take the same place.
  const known = ledger.order(orderId);
  if (known && known.at <= now) return undefined;
  const refused = ledger.refusals(now).find((refusal) => refusal.names === "" || refusal.names === digest);
  if (refused) return { because: "limit", until: refused.until, detail: `The authority said: ${refused.detail}` };
  const failures = failureCharges(names, limits);
  const healed = freeAt(failures, ledger, now);
  if (healed > now) return { because: "validation", until: healed, detail: wordsFor(failures, ledger, now) };
  if (known) return { because: "limit", until: known.at, detail: "Its turn within the authority's limits is to come." };
  if (charges.length === 0) return undefined;
  ledger.tidy(now);
  const at = freeAt(charges, ledger, now);
  const detail = wordsFor(charges, ledger, now);
  if (at > now && at > patience) return { because: "limit", until: at, detail };
  take(charges, ledger, at);
  ledger.keepOrder(orderId, { charges, at });
  return at > now ? { because: "limit", until: at, detail } : undefined;
}

/** An order is over at this CA. What was not issued does not count against what is issued. */
export function settleOrder(orderId: string, isIssued: boolean, ledger: AccountLedger): void {
  const known = ledger.order(orderId);
  if (!known) return;
  // The order itself was one, whatever became of it.
  if (!isIssued)
    giveBack(
      known.charges.filter(({ key }) => key !== "orders"),
      ledger,
    );
  ledger.forgetOrder(orderId);
}

/** The CA has found an authorization invalid: each counts once. */
export function noteFailedValidation(
  url: string,
  name: string,
  limits: RateLimits,
  ledger: AccountLedger,
  now: number,
) {
  const charges = failureCharges([name], limits);
  if (charges.length > 0 && ledger.noteFailedAuthorization(url, now)) take(charges, ledger, now);
}

/** The CA has refused an order as beyond its limits. One for these names alone says nothing of others. */
export async function noteRefusal(
  { names, detail, retryAfter }: { names: string[]; detail: string; retryAfter?: number | undefined },
  ledger: AccountLedger,
  now: number,
): Promise<Refusal> {
  const domains = [...new Set(names.map(registeredDomain))];
  const refusal = { names: await digestOf(names), domains, detail, at: now, until: retryAfter ?? now + USUAL_REFUSAL };
  const others = ledger.refusals(now).filter(({ at }) => at > now - ONE_CAUSE);
  const isOfAll = others.some((other) => !other.domains.some((domain) => domains.includes(domain)));
  const kept = isOfAll ? { ...refusal, names: "" } : refusal;
  ledger.keepRefusal(kept);
  return kept;
}

function wordsFor(charges: Charge[], ledger: AccountLedger, now: number): string {
  const charge = tightest(charges, ledger, now);
  if (!charge) return "";
  const { limit, key, rate } = charge;
  const hours = rate.window / HOUR;
  const window = hours > 48 ? `${hours / 24} days` : hours === 1 ? "hour" : `${hours} hours`;
  return `The authority allows ${rate.most} ${words[limit](key.replace(/^\S+ /, ""))} in ${window}, and they are used up.`;
}

const words: Record<CountedLimit, (subject: string) => string> = {
  ordersPerAccount: () => "orders of one account",
  certificatesPerRegisteredDomain: (domain) => `certificates for names under ${domain}`,
  certificatesPerNameSet: () => "certificates for exactly these names",
  failedValidationsPerName: (name) => `failed validations of ${name}`,
};
