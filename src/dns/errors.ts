/** What can go wrong with a DNS provider; the kind decides what is done about it. */

export type DnsFaultKind = "credential" | "zone_not_found" | "rate_limited" | "unavailable" | "timeout" | "refused";

export interface FaultCircumstances {
  /** When the provider wants to be asked again, milliseconds since the epoch. */
  retryAfter?: number | undefined;
  /** The request may have done its work: only a look can tell. */
  outcomeUnknown?: boolean;
}

export class DnsProviderError extends Error {
  override readonly name = "DnsProviderError";
  readonly retryAfter: number | undefined;
  readonly outcomeUnknown: boolean;

  constructor(
    readonly kind: DnsFaultKind,
    readonly provider: string,
    /** For a person: what is wrong and what is missing. Never a credential. */
    readonly detail: string,
    { retryAfter, outcomeUnknown = false }: FaultCircumstances = {},
  ) {
    super(`${provider}: ${detail}`);
    this.retryAfter = retryAfter;
    this.outcomeUnknown = outcomeUnknown;
  }
}

/** Whether it was done; false where it was refused, so that whoever tried looks what is in the way. */
export async function wasTaken(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (error instanceof DnsProviderError && (error.kind === "refused" || error.kind === "zone_not_found"))
      return false;
    throw error;
  }
}
