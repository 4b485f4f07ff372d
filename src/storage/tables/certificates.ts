/** CA accounts, certificates, their versions, and the index of their orders. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { challengeTypes } from "../../acme/challenges";
import { owner } from "./accounts";
import { flag, instant, json } from "./columns";

export const caAccounts = sqliteTable(
  "ca_accounts",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    name: text("name").notNull(),
    authority: text("authority").notNull(),
    environment: text("environment", { enum: ["production", "staging"] }).notNull(),
    directoryUrl: text("directory_url").notNull(),
    contact: json<string[]>("contact").notNull(),
    preferredChain: text("preferred_chain"),
    eabKid: text("eab_kid"),
    sealedEabHmacKey: text("sealed_eab_hmac_key"),
    sealedAccountKey: text("sealed_account_key").notNull(),
    /** The key of a rollover that the CA may or may not have heard of. */
    sealedNextAccountKey: text("sealed_next_account_key"),
    accountUrl: text("account_url"),
    isDefault: flag("is_default").notNull(),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [
    uniqueIndex("ca_accounts_by_name").on(t.ownerId, t.name),
    uniqueIndex("ca_accounts_one_default").on(t.ownerId).where(sql`is_default = 1`),
  ],
);

export const certificates = sqliteTable(
  "certificates",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    /** The first name, by which the API addresses it. */
    domain: text("domain").notNull(),
    names: json<string[]>("names").notNull(),
    keyType: text("key_type").notNull(),
    mustStaple: flag("must_staple").notNull(),
    profile: text("profile"),
    /** The pins; null means the default at the time of the order. */
    caAccountId: text("ca_account_id").references(() => caAccounts.id),
    dnsProvider: text("dns_provider"),
    dnsAccountId: text("dns_account_id"),
    /** The name that every challenge name of it is an alias of; null: the aliases that are found are followed. */
    domainAlias: text("domain_alias"),
    /** Null is dns-01. */
    challengeType: text("challenge_type", { enum: challengeTypes }),
    status: text("status", { enum: ["pending", "valid", "failed", "revoked"] }).notNull(),
    currentVersionId: text("current_version_id"),
    notAfter: instant("not_after"),
    /** When a renewal is due; null while nothing is due. */
    renewAt: instant("renew_at"),
    failures: integer("failures").notNull(),
    problem: json<unknown>("problem"),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [
    uniqueIndex("certificates_by_domain").on(t.ownerId, t.domain),
    index("certificates_due").on(t.renewAt).where(sql`renew_at IS NOT NULL`),
  ],
);

export const certificateVersions = sqliteTable(
  "certificate_versions",
  {
    id: text("id").primaryKey(),
    certificateId: text("certificate_id")
      .notNull()
      .references(() => certificates.id, { onDelete: "cascade" }),
    ownerId: owner(),
    orderId: text("order_id").notNull().unique(),
    caAccountId: text("ca_account_id").notNull(),
    serial: text("serial").notNull(),
    fingerprint: text("fingerprint").notNull(),
    issuer: text("issuer").notNull(),
    names: json<string[]>("names").notNull(),
    notBefore: instant("not_before").notNull(),
    notAfter: instant("not_after").notNull(),
    /** RFC 9773 §4.1 */
    renewalIdentifier: text("renewal_identifier"),
    chainPem: text("chain_pem").notNull(),
    sealedPrivateKey: text("sealed_private_key").notNull(),
    revokedAt: instant("revoked_at"),
    revocationReason: integer("revocation_reason"),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [index("certificate_versions_by_certificate").on(t.certificateId, t.createdAt)],
);

/** An index of the orders that the CertificateOrder objects hold. */
export const orders = sqliteTable(
  "orders",
  {
    id: text("id").primaryKey(),
    certificateId: text("certificate_id")
      .notNull()
      .references(() => certificates.id, { onDelete: "cascade" }),
    ownerId: owner(),
    reason: text("reason", { enum: ["create", "renew", "manual"] }).notNull(),
    state: text("state").notNull(),
    problem: json<unknown>("problem"),
    createdAt: instant("created_at").notNull(),
    finishedAt: instant("finished_at"),
  },
  (t) => [
    index("orders_by_certificate").on(t.certificateId, t.createdAt),
    index("orders_open").on(t.createdAt).where(sql`finished_at IS NULL`),
  ],
);
