/** Directories that people make for their ACME clients, and the credentials by which those clients register (RFC 8555 §7.3.4). */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { owner } from "./accounts";
import { flag, instant, json } from "./columns";

/** Who signs: the built-in CA. */
export const profileModes = ["builtin"] as const;

export const acmeProfiles = sqliteTable(
  "acme_profiles",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    /** In its address: /acme/{slug}/directory. */
    slug: text("slug").notNull().unique(),
    title: text("title").notNull(),
    mode: text("mode", { enum: profileModes }).notNull(),
    /** The only names that it gives certificates for; null is no narrowing. */
    allowedNames: json<string[]>("allowed_names"),
    /** Of its certificates; null is as long as the CA gives. */
    lifetimeDays: integer("lifetime_days"),
    eabRequired: flag("eab_required").notNull(),
    website: text("website"),
    /** The one at /acme/directory. */
    isDefault: flag("is_default").notNull(),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [
    index("acme_profiles_by_owner").on(t.ownerId, t.createdAt),
    uniqueIndex("acme_profiles_one_default").on(t.isDefault).where(sql`is_default = 1`),
  ],
);

export const externalAccountKeys = sqliteTable(
  "external_account_keys",
  {
    /** The kid. */
    id: text("id").primaryKey(),
    ownerId: owner(),
    profileId: text("profile_id")
      .notNull()
      .references(() => acmeProfiles.id),
    name: text("name").notNull(),
    sealedHmacKey: text("sealed_hmac_key").notNull(),
    /** One that is not makes one account. */
    isReusable: flag("is_reusable").notNull(),
    /** The names that its accounts may have; null is what the profile says. */
    allowedNames: json<string[]>("allowed_names"),
    /** Where accounts may be made from, in CIDR notation; none is everywhere. */
    allowedNetworks: json<string[]>("allowed_networks").notNull(),
    /** What its accounts are for. */
    instanceId: text("instance_id"),
    expiresAt: instant("expires_at"),
    /** The account that it made last, and when. */
    lastAccountId: text("last_account_id"),
    lastUsedAt: instant("last_used_at"),
    revokedAt: instant("revoked_at"),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [index("external_account_keys_by_profile").on(t.profileId, t.createdAt)],
);
