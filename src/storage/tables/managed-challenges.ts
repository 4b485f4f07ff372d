/** Challenge records that certedge places for ACME clients elsewhere, and registrations of those that speak acme-dns. */
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { owner } from "./accounts";
import { instant, json } from "./columns";

export const managedChallenges = sqliteTable(
  "managed_challenges",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    /** The API key or the acme-dns registration that asked for it: only that one, or a person, takes it away. */
    credentialId: text("credential_id").notNull(),
    /** The name that is proven. */
    domain: text("domain").notNull(),
    recordName: text("record_name").notNull(),
    value: text("value").notNull(),
    /** Where it was written (zones/location.ts). */
    dnsAccountId: text("dns_account_id"),
    provider: text("provider").notNull(),
    zone: text("zone").notNull(),
    state: text("state", { enum: ["pending", "placed", "failed"] }).notNull(),
    /** Why it could not be placed. */
    problem: text("problem"),
    /** Then it is taken away, whatever its client does. */
    expiresAt: instant("expires_at").notNull(),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [
    uniqueIndex("managed_challenges_by_value").on(t.ownerId, t.credentialId, t.recordName, t.value),
    index("managed_challenges_by_owner").on(t.ownerId, t.createdAt),
    index("managed_challenges_expired").on(t.expiresAt),
  ],
);

/** A name in our own zone that a client writes its challenges to with a password of its own (acme-dns). */
export const acmeDnsRegistrations = sqliteTable(
  "acme_dns_registrations",
  {
    /** The user name, a UUID. */
    id: text("id").primaryKey(),
    ownerId: owner(),
    /** HMAC of the password. */
    passwordHash: text("password_hash").notNull(),
    /** A UUID: the first label of its name. */
    subdomain: text("subdomain").notNull().unique(),
    zone: text("zone").notNull(),
    /** Networks in CIDR notation; none is everywhere. */
    allowedNetworks: json<string[]>("allowed_networks").notNull(),
    updates: integer("updates").notNull(),
    lastUsedAt: instant("last_used_at"),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [index("acme_dns_registrations_by_owner").on(t.ownerId, t.createdAt)],
);
