/** Accounts, and what signs in for them. */
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { flag, instant, json } from "./columns";

export const accounts = sqliteTable(
  "accounts",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    username: text("username").notNull().unique(),
    email: text("email").notNull(),
    emailVerifiedAt: instant("email_verified_at"),
    passwordHash: text("password_hash").notNull(),
    role: text("role", { enum: ["admin", "member"] }).notNull(),
    plan: text("plan", { enum: ["free", "plus", "pro", "elite"] }).notNull(),
    createdAt: instant("created_at").notNull(),
    suspendedAt: instant("suspended_at"),
    /** The DNS provider that is meant where none is named. */
    defaultDnsProvider: text("default_dns_provider"),
    /** Closed by its owner; what belongs to it is being taken down. */
    closingAt: instant("closing_at"),
    /** TOTP (RFC 6238): the secret; it counts once it was confirmed. */
    sealedTotpSecret: text("sealed_totp_secret"),
    totpConfirmedAt: instant("totp_confirmed_at"),
    /** The last time step that was used: none is taken twice (RFC 6238 §5.2). */
    totpLastStep: integer("totp_last_step"),
  },
  (t) => [
    // Whoever has not shown that an address is theirs keeps nobody from it, and learns nothing of who has.
    uniqueIndex("accounts_by_verified_email").on(t.email).where(sql`email_verified_at IS NOT NULL`),
    index("accounts_closing").on(t.closingAt).where(sql`closing_at IS NOT NULL`),
    index("accounts_unverified").on(t.createdAt).where(sql`email_verified_at IS NULL`),
  ],
);

/** The column of everything that belongs to an account. */
export const owner = () =>
  integer("owner_id")
    .notNull()
    .references(() => accounts.id);

export const sessions = sqliteTable("sessions", {
  id: text("id").primaryKey(),
  tokenHash: text("token_hash").notNull().unique(),
  accountId: integer("account_id")
    .notNull()
    .references(() => accounts.id),
  createdAt: instant("created_at").notNull(),
  expiresAt: instant("expires_at").notNull(),
  /** From where, and with what, it was opened. */
  address: text("address"),
  client: text("client"),
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
    /** What narrows it; null is no narrowing. */
    expiresAt: instant("expires_at"),
    scopes: json<string[]>("scopes"),
    allowedDomains: json<string[]>("allowed_domains"),
    allowedNetworks: json<string[]>("allowed_networks"),
    lastUsedAddress: text("last_used_address"),
    lastUsedClient: text("last_used_client"),
    /** The instance that alone it acts for; its keys end with it. */
    instanceId: text("instance_id"),
  },
  (t) => [index("api_keys_by_owner").on(t.ownerId, t.instanceId, t.isActive)],
);

/** What is sent by e-mail and comes back once: a link's token, kept as its hash. */
export const emailTokens = sqliteTable(
  "email_tokens",
  {
    id: text("id").primaryKey(),
    kind: text("kind", {
      enum: ["verify_email", "change_email", "confirm_recipient", "reset_password", "invitation"],
    }).notNull(),
    tokenHash: text("token_hash").notNull().unique(),
    /** Whom it is for; null for an invitation. */
    accountId: integer("account_id").references(() => accounts.id, { onDelete: "cascade" }),
    /** The address that it was sent to. */
    email: text("email").notNull(),
    /** Of an invitation. */
    plan: text("plan", { enum: ["free", "plus", "pro", "elite"] }),
    invitedBy: integer("invited_by"),
    createdAt: instant("created_at").notNull(),
    expiresAt: instant("expires_at").notNull(),
  },
  (t) => [index("email_tokens_by_account").on(t.accountId, t.kind), index("email_tokens_by_expiry").on(t.expiresAt)],
);

/** Codes that stand in for a lost second factor, each once. */
export const recoveryCodes = sqliteTable(
  "recovery_codes",
  {
    accountId: integer("account_id")
      .notNull()
      .references(() => accounts.id, { onDelete: "cascade" }),
    codeHash: text("code_hash").notNull(),
    usedAt: instant("used_at"),
  },
  (t) => [primaryKey({ columns: [t.accountId, t.codeHash] })],
);

/** WebAuthn credentials; the id is the credential's own, base64url. */
export const passkeys = sqliteTable(
  "passkeys",
  {
    id: text("id").primaryKey(),
    accountId: integer("account_id")
      .notNull()
      .references(() => accounts.id, { onDelete: "cascade" }),
    name: text("name").notNull(),
    publicKey: text("public_key").notNull(),
    counter: integer("counter").notNull(),
    transports: json<string[]>("transports").notNull(),
    createdAt: instant("created_at").notNull(),
    lastUsedAt: instant("last_used_at"),
  },
  (t) => [index("passkeys_by_account").on(t.accountId)],
);

/** What a sign-in or a registration in several steps remembers between them, each used once. */
export const ceremonies = sqliteTable(
  "ceremonies",
  {
    tokenHash: text("token_hash").primaryKey(),
    kind: text("kind", { enum: ["second_factor", "passkey_registration", "passkey_sign_in"] }).notNull(),
    accountId: integer("account_id").references(() => accounts.id, { onDelete: "cascade" }),
    challenge: text("challenge"),
    /** How often it was tried to end it. */
    attempts: integer("attempts").notNull().default(0),
    expiresAt: instant("expires_at").notNull(),
  },
  (t) => [index("ceremonies_by_expiry").on(t.expiresAt), index("ceremonies_by_account").on(t.accountId, t.kind)],
);

/** Failed sign-ins in a row, by whom and from where: the subject is a keyed hash. */
export const signInFailures = sqliteTable(
  "sign_in_failures",
  {
    subject: text("subject").primaryKey(),
    failures: integer("failures").notNull(),
    lastAt: instant("last_at").notNull(),
  },
  (t) => [index("sign_in_failures_by_time").on(t.lastAt)],
);

/** The networks that a credential was used from with success. */
export const knownNetworks = sqliteTable(
  "known_networks",
  {
    ownerId: owner(),
    /** "password", or "key:" and the id of an API key. */
    credential: text("credential").notNull(),
    /** "203.0.113.0/24", "2001:db8::/48" */
    network: text("network").notNull(),
    firstAt: instant("first_at").notNull(),
    lastAt: instant("last_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.ownerId, t.credential, t.network] })],
);

/** E-mail that was not sent to anybody: a local certedge shows it to its operator. */
export const outbox = sqliteTable("outbox", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  to: text("to").notNull(),
  subject: text("subject").notNull(),
  text: text("text").notNull(),
  html: text("html").notNull(),
  createdAt: instant("created_at").notNull(),
});
