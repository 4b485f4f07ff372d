/** The built-in CA and its side of RFC 8555 §7.1: accounts, orders, authorizations, certificates (types: acme-server/store.ts). */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { JWK } from "jose";
import type { StoredChallenge } from "../../acme-server/store";
import type { Identifier } from "../../pki/identifiers";
import { flag, instant, json } from "./columns";

/** Facts of the installation: the built-in CA, made at first start. */
export const installation = sqliteTable("installation", {
  name: text("name").primaryKey(),
  value: text("value").notNull(),
});

/** The issuing certificates of the built-in CA, each with its key; the newest generation signs. */
export const builtinIssuers = sqliteTable("builtin_issuers", {
  /** In the addresses of its certificate and of its revocation list. */
  id: text("id").primaryKey(),
  generation: integer("generation").notNull().unique(),
  source: text("source", { enum: ["made", "imported"] }).notNull(),
  certificatePem: text("certificate_pem").notNull(),
  /** What lies between it and its root, PEM; most often nothing. */
  intermediatesPem: text("intermediates_pem").notNull(),
  rootPem: text("root_pem").notNull(),
  sealedPrivateKey: text("sealed_private_key").notNull(),
  notBefore: instant("not_before").notNull(),
  notAfter: instant("not_after").notNull(),
  createdAt: instant("created_at").notNull(),
});

export const acmeAccounts = sqliteTable(
  "acme_accounts",
  {
    id: text("id").primaryKey(),
    thumbprint: text("thumbprint").notNull(),
    jwk: json<JWK>("jwk").notNull(),
    status: text("status", { enum: ["valid", "deactivated", "revoked"] }).notNull(),
    contact: json<string[]>("contact").notNull(),
    termsOfServiceAgreed: flag("terms_of_service_agreed").notNull(),
    createdAt: instant("created_at").notNull(),
    /**
     * Of acme_profiles; null for those of /acme/builtin. No foreign key: when a profile goes, its accounts can do nothing
     * any more, but what they revoked stays on the revocation lists.
     */
    profileId: text("profile_id"),
    /** Of external_account_keys: the one that it was made with. */
    externalAccountKeyId: text("external_account_key_id"),
  },
  (t) => [
    // A key has one account in each profile.
    uniqueIndex("acme_accounts_by_key").on(t.thumbprint).where(sql`profile_id IS NULL`),
    uniqueIndex("acme_accounts_by_profile_and_key").on(t.profileId, t.thumbprint),
    index("acme_accounts_by_external_account_key").on(t.externalAccountKeyId),
  ],
);

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
    /** Of builtin_issuers; none for those that were issued before there were several. */
    issuerId: text("issuer_id"),
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
  (t) => [
    index("acme_certificates_by_account").on(t.accountId, t.createdAt),
    index("acme_certificates_revoked").on(t.issuerId, t.notAfter).where(sql`revoked_at IS NOT NULL`),
  ],
);

/** Nonces that were used; an unused one is known by its signature alone. */
export const acmeUsedNonces = sqliteTable(
  "acme_used_nonces",
  { nonce: text("nonce").primaryKey(), expiresAt: instant("expires_at").notNull() },
  (t) => [index("acme_used_nonces_by_expiry").on(t.expiresAt)],
);
