/** What is known of a certificate authority: where its ACME directories are, what it issues, how often it may be asked. */
import type { AuthoritySupport, RateLimits } from "../storage/tables/authorities";
import type { Environment } from "../storage/tables/instances";

/** What an authority issues under one of its profiles; what is not said is not known, and is let pass. */
export interface ProfileSupport extends AuthoritySupport {
  /** Lifetimes that are announced: days, for what is issued from that date on ("2027-02-10"), earliest first. */
  lifetimeChanges?: { from: string; days: number }[];
}

export interface Authority {
  title: string;
  /** Where it is the same for every customer. */
  directories: Partial<Record<Environment, string>>;
  /** Where customers have directories of their own: on these hosts, and what such a URL looks like. */
  customerDirectories?: { hosts: string[]; example: string };
  externalAccountRequired: boolean;
  /** Where a customer gets the key of the external account binding. */
  externalAccountHelp?: string;
  /** By the profile's name (RFC 8555 directory, `meta.profiles`); "" is what an order gets that names none. */
  profiles: { "": ProfileSupport } & Record<string, ProfileSupport>;
  limits: Partial<Record<Environment, RateLimits>>;
  /** The issuer domain names that let it issue in a CAA record (RFC 8659 §4.2). */
  caaIdentities: string[];
  website?: string;
  /** Its certificates are trusted by nobody but who was told to. */
  isPrivate?: true;
  /** Since when it issues nothing any more: "2025-10-31". No account is registered with it and no order goes to it. */
  ended?: string;
}
