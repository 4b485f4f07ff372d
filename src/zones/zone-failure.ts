/** Failures of writes to a zone: how they cross the boundary of its object, where classes are lost, and when they are tried again. */
import { DnsProviderError } from "../dns/errors";
import { Problem } from "../problems";

export interface ZoneFailure {
  kind: DnsProviderError["kind"];
  provider: string;
  detail: string;
  retryAfter?: number;
}

export type ZoneOutcome = { ok: true } | { ok: false; failure: ZoneFailure };

const RETRY_FIRST = 2_000;
const RETRY_LAST = 3_600_000;

/** Each failure waits twice as long as the one before, up to an hour, and not exactly so: many fail at once. */
export function retryAt({ attempts }: { attempts: number }): number {
  const wait = Math.min(RETRY_FIRST * 2 ** attempts, RETRY_LAST);
  return Date.now() + wait * (0.75 + Math.random() / 2);
}

/** The DNS account was deleted. */
export const isGone = (error: unknown): error is Problem => error instanceof Problem && error.status === 404;

export function toFailure(error: unknown): ZoneFailure {
  if (isGone(error)) return { kind: "credential", provider: "certedge", detail: error.detail };
  if (error instanceof DnsProviderError) {
    const { kind, provider, detail, retryAfter } = error;
    return { kind, provider, detail, ...(retryAfter === undefined ? {} : { retryAfter }) };
  }
  return {
    kind: "unavailable",
    provider: "certedge",
    detail: "Writing to the zone failed unexpectedly; it is tried again.",
  };
}

/** Throws DnsProviderError for a failure. */
export function throwFailure(outcome: { ok: true } | { ok: false; failure: ZoneFailure }): void {
  if (outcome.ok) return;
  const { kind, provider, detail, retryAfter } = outcome.failure;
  throw new DnsProviderError(kind, provider, detail, { retryAfter });
}
