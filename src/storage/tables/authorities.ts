/** Certificate authorities beyond the catalogue, and what directories said when they were last asked. */
import { index, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { KeyType } from "../../pki/keys";
import { owner } from "./accounts";
import { instant, json } from "./columns";

/** What an authority can issue; what is not said is not known, and is let pass. */
export interface AuthoritySupport {
  wildcard?: boolean;
  ipAddresses?: boolean;
  maxNames?: number;
  /** One name, or one and the same with "www." before it. */
  onlyNameAndItsWww?: boolean;
  keyTypes?: KeyType[];
  lifetimeDays?: number;
}

/** At most so many within any `window` milliseconds. */
export interface RateLimit {
  most: number;
  window: number;
}

/** The limits that an authority publishes; what is not said is not known, and is not counted. */
export interface RateLimits {
  ordersPerAccount?: RateLimit;
  /** Certificates that have a name under one registered domain, of whatever account. */
  certificatesPerRegisteredDomain?: RateLimit;
  /** Certificates with exactly the same names. */
  certificatesPerNameSet?: RateLimit;
  /** Per account and name. */
  failedValidationsPerName?: RateLimit;
  /** Whether an order that replaces a certificate (RFC 9773 §5) is not counted. */
  replacementsAreFree?: boolean;
}

/** An account's own authorities. */
export const customAuthorities = sqliteTable(
  "custom_authorities",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    title: text("title").notNull(),
    productionUrl: text("production_url"),
    stagingUrl: text("staging_url"),
    /** The roots that its chains have to end at, PEM; null is not looked at. */
    rootsPem: text("roots_pem"),
    supports: json<AuthoritySupport>("supports").notNull(),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [uniqueIndex("custom_authorities_by_title").on(t.ownerId, t.title)],
);

/** What a directory says of its authority (RFC 8555 §7.1.1). */
export interface DirectoryFacts {
  profiles: Record<string, string>;
  renewalInformation: boolean;
  externalAccountRequired: boolean;
  termsOfService?: string;
  website?: string;
  caaIdentities: string[];
}

export const authorityDirectories = sqliteTable(
  "authority_directories",
  {
    url: text("url").primaryKey(),
    facts: json<DirectoryFacts>("facts"),
    /** Why it could not be read the last time. */
    problem: text("problem"),
    /** Of the facts. */
    fetchedAt: instant("fetched_at"),
    nextAt: instant("next_at").notNull(),
  },
  (t) => [index("authority_directories_due").on(t.nextAt)],
);
