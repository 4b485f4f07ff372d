/** Where DNS records live, and the host names that follow routers. */
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { RecordType } from "../../dns/provider";
import { accounts, owner } from "./accounts";
import type { AuditActor } from "./audit";
import { flag, instant, json } from "./columns";
import { storedCredentials } from "./credentials";
import { instances } from "./instances";

/** TXT values at the names of challenges, TXT at any other name, the addresses and aliases of hosts. */
export const allowedRecords = ["acme_challenges", "txt", "hosts"] as const;
export type AllowedRecords = (typeof allowedRecords)[number];

export interface DnsAccountTest {
  ok: boolean;
  at: number;
  zone: string | null;
  steps: { step: "zones" | "write" | "visible" | "remove"; ok: boolean; milliseconds: number; detail: string }[];
}

export const dnsAccounts = sqliteTable(
  "dns_accounts",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    provider: text("provider").notNull(),
    /** The person's own identifier of it, unique within a provider: "production". */
    accountId: text("account_id").notNull(),
    name: text("name").notNull(),
    /** Only what is for this instance may use it; null is everything of the account. */
    instanceId: text("instance_id").references(() => instances.id),
    /** The stored credential whose fields go before its own. */
    credentialId: text("credential_id").references(() => storedCredentials.id),
    sealedCredentials: text("sealed_credentials").notNull(),
    /** Servers ("host" or "host:port") that are asked whether a value is visible, instead of the zone's NS records. */
    nameservers: json<string[]>("nameservers").notNull(),
    isDefault: flag("is_default").notNull(),
    description: text("description"),
    /** What it may be used for, however wide the provider's own token is; null is no narrowing. */
    allowedZones: json<string[]>("allowed_zones"),
    allowedRecords: json<AllowedRecords[]>("allowed_records"),
    disabledAt: instant("disabled_at"),
    /** What the last test of it found. */
    lastTest: json<DnsAccountTest>("last_test"),
    /** The zone that tests write to. */
    testZone: text("test_zone"),
    /** When it is tried out again; null for one that nobody has tried out. */
    retestAt: instant("retest_at"),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [
    uniqueIndex("dns_accounts_by_identifier").on(t.ownerId, t.provider, t.accountId),
    uniqueIndex("dns_accounts_one_default").on(t.ownerId, t.provider).where(sql`is_default = 1`),
    index("dns_accounts_to_test").on(t.retestAt).where(sql`retest_at IS NOT NULL AND disabled_at IS NULL`),
  ],
);

/** Zones that certedge serves itself; without an owner it is a base zone that the operator offers to everybody. */
export const zones = sqliteTable("zones", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  name: text("name").notNull().unique(),
  ownerId: integer("owner_id").references(() => accounts.id),
  serial: integer("serial").notNull(),
  /** The host names of its name servers; null: those of the installation. */
  nameservers: json<string[]>("nameservers"),
  createdAt: instant("created_at").notNull(),
});

/** Zones that somebody says are theirs, until a TXT record in them proves it. */
export const zoneClaims = sqliteTable(
  "zone_claims",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    name: text("name").notNull(),
    /** What the record has to say. */
    token: text("token").notNull(),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [uniqueIndex("zone_claims_by_name").on(t.ownerId, t.name)],
);

/** The DNSSEC keys with which PowerDNS signs a zone of ours. */
export const zoneKeys = sqliteTable(
  "zone_keys",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    zoneId: integer("zone_id")
      .notNull()
      .references(() => zones.id, { onDelete: "cascade" }),
    /** RFC 4034 §2.1.1 */
    flags: integer("flags").notNull(),
    active: flag("active").notNull(),
    published: flag("published").notNull(),
    /** As PowerDNS writes a private key. */
    sealedContent: text("sealed_content").notNull(),
  },
  (t) => [index("zone_keys_by_zone").on(t.zoneId)],
);

/** What PowerDNS keeps of a zone besides its records: how it is signed, for one. */
export const zoneMetadata = sqliteTable(
  "zone_metadata",
  {
    zoneId: integer("zone_id")
      .notNull()
      .references(() => zones.id, { onDelete: "cascade" }),
    /** "NSEC3PARAM" */
    kind: text("kind").notNull(),
    values: json<string[]>("values").notNull(),
  },
  (t) => [primaryKey({ columns: [t.zoneId, t.kind] })],
);

/** The records of those zones, one row per value. */
export const records = sqliteTable(
  "records",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    zoneId: integer("zone_id")
      .notNull()
      .references(() => zones.id),
    name: text("name").notNull(),
    /** The labels from the top down, each with a dot: "test.certedge.home."; what is below a name is a range of these. */
    path: text("path").notNull(),
    type: text("type").notNull(),
    value: text("value").notNull(),
    ttl: integer("ttl").notNull(),
  },
  (t) => [uniqueIndex("records_by_value").on(t.path, t.type, t.value, t.zoneId)],
);

/** Where the records of a domain are written. */
export interface DomainPlace {
  zone: string;
  dnsAccountId: string | null;
}

/** Dynamic DNS host names; dns_account_id is null for hosts in a zone that certedge serves itself. */
export const domains = sqliteTable(
  "domains",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    fqdn: text("fqdn").notNull().unique(),
    zone: text("zone").notNull(),
    dnsAccountId: text("dns_account_id").references(() => dnsAccounts.id),
    ttl: integer("ttl").notNull(),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
    /** Of its last change; grows by the database's own clock, so that a name that is taken again goes on from there. */
    version: integer("version").notNull().default(0),
    /** The request that made the last change. */
    lastChange: text("last_change"),
    /** How often it was changed in one hour, counted since the epoch: the newest alone is kept. */
    changesHour: integer("changes_hour").notNull().default(0),
    changes: integer("changes").notNull().default(0),
    /** Whether the names below it have its addresses, too. */
    wildcard: flag("wildcard").notNull().default(false),
    /** Whether its router may set addresses that are not public. */
    allowPrivate: flag("allow_private").notNull().default(false),
    /** The network of IPv6 that its router has told last: "2001:db8:1:2::/64". */
    ipv6Prefix: text("ipv6_prefix"),
    /** The password that is good for updates of this host alone. */
    updatePasswordHash: text("update_password_hash"),
    updatePasswordAt: instant("update_password_at"),
    /** Given up, while the zone has not agreed yet: nothing is written for it any more. */
    removingAt: instant("removing_at"),
    /** While it is offline its zone has none of its records; they are kept here. */
    offlineAt: instant("offline_at"),
    /** Where its records were before it was moved, until they are gone from there. */
    movedFrom: json<DomainPlace>("moved_from"),
    /** Whether it asks for a certificate; which one it has, and why it has none. */
    wantsCertificate: flag("wants_certificate").notNull().default(false),
    certificateId: text("certificate_id"),
    certificateProblem: text("certificate_problem"),
  },
  (t) => [
    index("domains_by_owner").on(t.ownerId, t.fqdn),
    index("domains_moving").on(t.updatedAt).where(sql`moved_from IS NOT NULL`),
    uniqueIndex("domains_by_update_password").on(t.updatePasswordHash).where(sql`update_password_hash IS NOT NULL`),
  ],
);

/** What a domain's records should be, one row for each record set; the zone follows. */
export const domainRecordSets = sqliteTable(
  "domain_record_sets",
  {
    domainId: text("domain_id")
      .notNull()
      .references(() => domains.id, { onDelete: "cascade" }),
    type: text("type").$type<RecordType>().notNull(),
    /** None: the zone is to have no such set. */
    values: json<string[]>("record_values").notNull(),
    /** The domain's version when it was last changed, and the newest one that the zone is known to have. */
    version: integer("version").notNull(),
    syncedVersion: integer("synced_version").notNull().default(0),
    syncedAt: instant("synced_at"),
    /** What its provider said when it did not take the newest version; it is told again until it does. */
    problem: text("problem"),
    updatedAt: instant("updated_at").notNull(),
    /** Null is the domain's. */
    ttl: integer("ttl"),
    /** Since when the zone is not known to have it; null while it is. */
    openSince: instant("open_since"),
    /** When the owner was told that it takes too long; null once the zone has it. */
    toldAt: instant("told_at"),
  },
  (t) => [
    primaryKey({ columns: [t.domainId, t.type] }),
    index("domain_record_sets_open").on(t.openSince).where(sql`open_since IS NOT NULL`),
  ],
);

export const changeOutcomes = ["pending", "live", "failed", "overtaken"] as const;

/** Every change of a domain's records. */
export const domainChanges = sqliteTable(
  "domain_changes",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    domainId: text("domain_id")
      .notNull()
      .references(() => domains.id, { onDelete: "cascade" }),
    at: instant("at").notNull(),
    type: text("type").notNull(),
    before: json<string[]>("before").notNull(),
    after: json<string[]>("after").notNull(),
    version: integer("version").notNull(),
    /** Who made it, from where, with what. */
    actor: json<AuditActor>("actor").notNull(),
    address: text("address"),
    client: text("client"),
    /** What became of it at the provider, and when that was known for good. */
    outcome: text("outcome", { enum: changeOutcomes }).notNull(),
    problem: text("problem"),
    settledAt: instant("settled_at"),
  },
  (t) => [
    index("domain_changes_by_domain").on(t.domainId, t.id),
    index("domain_changes_open").on(t.domainId, t.type, t.version).where(sql`settled_at IS NULL`),
  ],
);

/** How often an account's addresses were changed in one hour: the newest alone is kept. */
export const updateCounts = sqliteTable("update_counts", {
  ownerId: integer("owner_id")
    .primaryKey()
    .references(() => accounts.id, { onDelete: "cascade" }),
  /** Hours since the epoch. */
  hour: integer("hour").notNull(),
  updates: integer("updates").notNull(),
  /** The request that made the last change that was let through. */
  lastChange: text("last_change"),
});

/** Names in a zone of ours that hold challenges for names elsewhere, whose _acme-challenge is an alias of them. */
export const challengeHosts = sqliteTable(
  "challenge_hosts",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    /** "5f0c….acme.example.net" */
    name: text("name").notNull().unique(),
    /** The domain that it was handed out for. */
    domain: text("domain").notNull(),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [uniqueIndex("challenge_hosts_by_domain").on(t.ownerId, t.domain)],
);
