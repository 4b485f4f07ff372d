/** What a CA can do for a certificate: the catalogue, or what was said of a custom authority, under what its directory says. */
import type { AuthoritySupport, DirectoryFacts } from "../storage/tables/authorities";
import type { Authority, ProfileSupport } from "./authority";
import { CATALOGUE_DATE } from "./catalogue";

/** A directory as it was read: what it said, and when. */
export interface ReadDirectory {
  facts: DirectoryFacts;
  fetchedAt: number;
}

/** What is not known is missing, and is no reason against the CA. */
export interface Capabilities extends AuthoritySupport {
  externalAccountRequired: boolean;
  /** RFC 9773 */
  renewalInformation?: boolean;
  /** Every profile that the directory offers, and what it says of each. */
  profiles?: Record<string, string>;
  /** Whether it offers the profile that was asked for; of no profile, always. */
  offersProfile?: boolean;
  /** The issuer domain names of RFC 8659. */
  caaIdentities: string[];
  termsOfService?: string;
  website?: string;
  /** Since when the authority issues nothing any more. */
  ended?: string;
  /** Where the newest of this is from. Instants. */
  source: { kind: "directory" | "catalogue"; at: number };
}

/** `profile` is the one that a certificate names; null is what an order gets that names none. */
export function capabilitiesOf(
  authority: Authority,
  directory: ReadDirectory | undefined,
  profile: string | null,
  now: number,
): Capabilities {
  const { lifetimeChanges = [], ...support } = authority.profiles[profile ?? ""] ?? ({} as ProfileSupport);
  const lifetimeDays = lifetimeChanges.findLast(({ from }) => Date.parse(from) <= now)?.days ?? support.lifetimeDays;
  return {
    ...support,
    ...(lifetimeDays === undefined ? {} : { lifetimeDays }),
    externalAccountRequired: authority.externalAccountRequired,
    caaIdentities: authority.caaIdentities,
    ...(authority.website ? { website: authority.website } : {}),
    ...(authority.ended ? { ended: authority.ended } : {}),
    ...(profile === null ? { offersProfile: true } : {}),
    ...(directory
      ? saidBy(directory, profile)
      : { source: { kind: "catalogue" as const, at: Date.parse(CATALOGUE_DATE) } }),
  };
}

function saidBy({ facts, fetchedAt }: ReadDirectory, profile: string | null) {
  const { profiles, renewalInformation, externalAccountRequired, termsOfService, website, caaIdentities } = facts;
  return {
    profiles,
    renewalInformation,
    externalAccountRequired,
    ...(profile === null ? {} : { offersProfile: Object.hasOwn(profiles, profile) }),
    ...(termsOfService ? { termsOfService } : {}),
    ...(website ? { website } : {}),
    // A directory that names nobody says nothing of CAA (RFC 8555 §7.1.1).
    ...(caaIdentities.length > 0 ? { caaIdentities } : {}),
    source: { kind: "directory" as const, at: fetchedAt },
  };
}
