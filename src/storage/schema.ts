/** Every table of the D1 database. Instants are milliseconds since the epoch; columns named sealed_* hold sealed secrets. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { JWK } from "jose";
import type { StoredChallenge } from "../acme-server/store";
import type { Identifier } from "../pki/identifiers";

const instant = (name: string) => integer(name);
const flag = (name: string) => integer(name, { mode: "boolean" });
const json = <T>(name: string) => text(name, { mode: "json" }).$type<T>();
const owner = () =>
  integer("owner_id")
    .notNull()
    .references(() => accounts.id);

export const accounts = sqliteTable("accounts", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  username: text("username").notNull().unique(),
  email: text("email").notNull().unique(),
  emailVerifiedAt: instant("email_verified_at"),
  passwordHash: text("password_hash").notNull(),
  role: text("role", { enum: ["admin", "member"] }).notNull(),
  plan: text("plan", { enum: ["free", "plus", "pro", "elite"] }).notNull(),
  createdAt: instant("created_at").notNull(),
  suspendedAt: instant("suspended_at"),
});

export const sessions = sqliteTable("sessions", {
  id: text("id").primaryKey(),
  tokenHash: text("token_hash").notNull().unique(),
  accountId: integer("account_id")
    .notNull()
    .references(() => accounts.id),
  createdAt: instant("created_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
});

export const apiKeys = sqliteTable(
  "api_keys",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    keyHash: text("key_hash").notNull().unique(),
    name: text("name").notNull(),
    createdAt: instant("created_at").notNull(),
    lastUsedAt: instant("last_used_at"),
    isActive: flag("is_active").notNull(),
  },
  (t) => [index("api_keys_by_owner").on(t.ownerId, t.isActive)],
);

export const dnsAccounts = sqliteTable(
  "dns_accounts",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    provider: text("provider").notNull(),
    /** The person's own identifier of it, unique within a provider: "production". */
    accountId: text("account_id").notNull(),
    name: text("name").notNull(),
    sealedCredentials: text("sealed_credentials").notNull(),
    /** Servers ("host" or "host:port") that are asked whether a value is visible, instead of the zone's NS records. */
    nameservers: json<string[]>("nameservers").notNull(),
    isDefault: flag("is_default").notNull(),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [
    uniqueIndex("dns_accounts_by_identifier").on(t.ownerId, t.provider, t.accountId),
    uniqueIndex("dns_accounts_one_default").on(t.ownerId, t.provider).where(sql`is_default = 1`),
  ],
);

/** Zones that certedge serves itself; without an owner it is a base zone that the operator offers to everybody. */
export const zones = sqliteTable("zones", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  name: text("name").notNull().unique(),
  ownerId: integer("owner_id").references(() => accounts.id),
  serial: integer("serial").notNull(),
  createdAt: instant("created_at").notNull(),
});

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
  },
  (t) => [index("domains_by_owner").on(t.ownerId, t.fqdn)],
);

/** What a domain's records should be; the zone follows. */
export const domainRecords = sqliteTable(
  "domain_records",
  {
    domainId: text("domain_id")
      .notNull()
      .references(() => domains.id, { onDelete: "cascade" }),
    type: text("type").notNull(),
    value: text("value").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [uniqueIndex("domain_records_by_value").on(t.domainId, t.type, t.value)],
);

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

/** Facts of the installation: the built-in CA, made at first start. */
export const installation = sqliteTable("installation", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

/** The built-in CA's side of RFC 8555 §7.1: accounts, orders, authorizations, certificates (types: acme-server/store.ts). */
export const acmeAccounts = sqliteTable("acme_accounts", {
  id: text("id").primaryKey(),
  thumbprint: text("thumbprint").notNull().unique(),
  jwk: json<JWK>("jwk").notNull(),
  status: text("status", { enum: ["valid", "deactivated", "revoked"] }).notNull(),
  contact: json<string[]>("contact").notNull(),
  termsOfServiceAgreed: flag("terms_of_service_agreed").notNull(),
  createdAt: instant("created_at").notNull(),
});

export const acmeOrders = sqliteTable(
  "acme_orders",
  {
    id: text("id").primaryKey(),
    accountId: text("account_id")
      .notNull()
      .references(() => acmeAccounts.id),
    /** Sorted identifiers, by which an open order is found again. */
    identifiersKey: text("identifiers_key").notNull(),
    identifiers: json<Identifier[]>("identifiers").notNull(),
    authorizationIds: json<string[]>("authorization_ids").notNull(),
    status: text("status", { enum: ["pending", "ready", "processing", "valid", "invalid"] }).notNull(),
    expiresAt: instant("expires_at").notNull(),
    /** The request of finalize, base64url, kept so that a crash between it and the certificate loses nothing. */
    csr: text("csr"),
    certificateId: text("certificate_id"),
    replaces: text("replaces"),
    problem: json<{ type: string; detail: string }>("problem"),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [index("acme_orders_by_account").on(t.accountId, t.identifiersKey, t.createdAt)],
);

export const acmeAuthorizations = sqliteTable(
  "acme_authorizations",
  {
    id: text("id").primaryKey(),
    accountId: text("account_id")
      .notNull()
      .references(() => acmeAccounts.id),
    identifier: json<Identifier>("identifier").notNull(),
    wildcard: flag("wildcard").notNull(),
    status: text("status", { enum: ["pending", "valid", "invalid", "deactivated", "expired", "revoked"] }).notNull(),
    expiresAt: instant("expires_at").notNull(),
    challenges: json<StoredChallenge[]>("challenges").notNull(),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [index("acme_authorizations_by_account").on(t.accountId, t.createdAt)],
);

export const acmeCertificates = sqliteTable(
  "acme_certificates",
  {
    id: text("id").primaryKey(),
    accountId: text("account_id")
      .notNull()
      .references(() => acmeAccounts.id),
    orderId: text("order_id").notNull().unique(),
    serial: text("serial").notNull().unique(),
    renewalIdentifier: text("renewal_identifier").notNull().unique(),
    names: json<string[]>("names").notNull(),
    chainPem: text("chain_pem").notNull(),
    notBefore: instant("not_before").notNull(),
    notAfter: instant("not_after").notNull(),
    revokedAt: instant("revoked_at"),
    revocationReason: integer("revocation_reason"),
    replacedBy: text("replaced_by"),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [index("acme_certificates_by_account").on(t.accountId, t.createdAt)],
);

/** Nonces that were used; an unused one is known by its signature alone. */
export const acmeUsedNonces = sqliteTable(
  "acme_used_nonces",
  { nonce: text("nonce").primaryKey(), expiresAt: instant("expires_at").notNull() },
  (t) => [index("acme_used_nonces_by_expiry").on(t.expiresAt)],
);
