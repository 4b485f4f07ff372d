/** What can go wrong with a DNS provider; the kind decides what is done about it. */

export type DnsFaultKind = "credential" | "zone_not_found" | "rate_limited" | "unavailable" | "timeout" | "refused";

export class DnsProviderError extends Error {
  override readonly name = "DnsProviderError";

  constructor(
    readonly kind: DnsFaultKind,
    readonly provider: string,
    /** For a person: what is wrong and what is missing. Never a credential. */
    readonly detail: string,
  ) {
    super(`${provider}: ${detail}`);
  }
}
