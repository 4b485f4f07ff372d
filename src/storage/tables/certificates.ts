/** CA accounts, certificates, their versions, the index of their orders, and what is known of CRLs. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { challengeTypes } from "../../acme/challenges";
import { owner } from "./accounts";
import { flag, instant, json } from "./columns";
import { type CaPreferences, environments, instances, type RenewalRule } from "./instances";

export const caAccounts = sqliteTable(
  "ca_accounts",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    name: text("name").notNull(),
    authority: text("authority").notNull(),
    environment: text("environment", { enum: environments }).notNull(),
    directoryUrl: text("directory_url").notNull(),
    contact: json<string[]>("contact").notNull(),
    preferredChain: text("preferred_chain"),
    eabKid: text("eab_kid"),
    sealedEabHmacKey: text("sealed_eab_hmac_key"),
    sealedAccountKey: text("sealed_account_key").notNull(),
    /** The key of a rollover that the CA may or may not have heard of. */
    sealedNextAccountKey: text("sealed_next_account_key"),
    accountUrl: text("account_url"),
    /** When its owner agreed to the authority's terms. */
    termsAgreedAt: instant("terms_agreed_at"),
    isDefault: flag("is_default").notNull(),
    /** Only certificates of this instance may use it; null is all of the account's. */
    instanceId: text("instance_id").references(() => instances.id),
    deactivatedAt: instant("deactivated_at"),
    /** Its circuit is open until then: the CA is not asked before. The account's object alone sets it. */
    circuitOpenUntil: instant("circuit_open_until"),
    circuitReason: text("circuit_reason"),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [
    uniqueIndex("ca_accounts_by_name").on(t.ownerId, t.name),
    index("ca_accounts_by_directory").on(t.directoryUrl),
    uniqueIndex("ca_accounts_one_default").on(t.ownerId).where(sql`is_default = 1`),
  ],
);

/** When the CA wants a certificate renewed (RFC 9773 §4.2), and where it says why. */
export interface RenewalWindow {
  start: number;
  end: number;
  explanationUrl?: string;
}

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
    instanceId: text("instance_id").references(() => instances.id),
    environment: text("environment", { enum: environments }).notNull().default("production"),
    /** The authority that it has to come from; null is any. */
    authority: text("authority"),
    /** What it says otherwise than its instance and its account; null is nothing. */
    ca: json<CaPreferences>("ca"),
    renewal: json<RenewalRule>("renewal"),
    reuseKey: flag("reuse_key"),
    /** PKCS #10 in PEM of whoever keeps the private key; null: each order makes a key here. */
    certificateRequest: text("certificate_request"),
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
    /** Why it is renewed ahead of its time; null where that is not so. */
    replaceBecause: text("replace_because", { enum: ["revoked", "distrusted", "asked"] }),
    /** What the CA said when it was last asked; null where it says nothing. */
    renewalWindow: json<RenewalWindow>("renewal_window"),
    /** When the CA is asked next for its renewal window (RFC 9773 §4.3). */
    windowCheckAt: instant("window_check_at"),
    failures: integer("failures").notNull(),
    problem: json<unknown>("problem"),
    /** When the owner is reminded next of an end that comes near; null while there is none. */
    noticeAt: instant("notice_at"),
    /** What the owner was told of this row of failures: the causes, and how near the end was, in days. */
    toldCause: text("told_cause"),
    toldDaysLeft: integer("told_days_left"),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [
    uniqueIndex("certificates_by_domain").on(t.ownerId, t.domain),
    // With the owner, so that a tick deals out turns without a look at the rows.
    index("certificates_due").on(t.renewAt, t.ownerId).where(sql`renew_at IS NOT NULL`),
    index("certificates_window_due").on(t.windowCheckAt).where(sql`window_check_at IS NOT NULL`),
    index("certificates_notice_due").on(t.noticeAt).where(sql`notice_at IS NOT NULL`),
    index("certificates_by_instance").on(t.instanceId).where(sql`instance_id IS NOT NULL`),
    index("certificates_by_ca_account").on(t.caAccountId).where(sql`ca_account_id IS NOT NULL`),
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
    /** Empty where the key is kept by whoever made the certificate request. */
    sealedPrivateKey: text("sealed_private_key").notNull(),
    /** Where its issuer lists revoked certificates (RFC 5280 §4.2.1.13). */
    crlUrl: text("crl_url"),
    revokedAt: instant("revoked_at"),
    revocationReason: integer("revocation_reason"),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [
    index("certificate_versions_by_certificate").on(t.certificateId, t.createdAt),
    index("certificate_versions_by_crl").on(t.crlUrl, t.notAfter, t.serial).where(sql`crl_url IS NOT NULL`),
  ],
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
    reason: text("reason", { enum: ["create", "renew", "manual", "replace"] }).notNull(),
    state: text("state").notNull(),
    /** That the certificate came from, or that was tried last. */
    caAccountId: text("ca_account_id"),
    problem: json<unknown>("problem"),
    createdAt: instant("created_at").notNull(),
    finishedAt: instant("finished_at"),
  },
  (t) => [
    index("orders_by_certificate").on(t.certificateId, t.createdAt),
    index("orders_open").on(t.createdAt).where(sql`finished_at IS NULL`),
  ],
);

/** The revocation lists that certificates of ours name, each read when it is due. */
export const revocationLists = sqliteTable(
  "revocation_lists",
  {
    url: text("url").primaryKey(),
    nextAt: instant("next_at").notNull(),
    checkedAt: instant("checked_at"),
    entityTag: text("entity_tag"),
    problem: text("problem"),
  },
  (t) => [index("revocation_lists_due").on(t.nextAt)],
);
