/** What an account has set for all that belongs to it. */
import { sqliteTable } from "drizzle-orm/sqlite-core";
import { owner } from "./accounts";
import { flag, instant, json } from "./columns";
import type { CaPreferences, RenewalRule } from "./instances";

export const accountSettings = sqliteTable("account_settings", {
  ownerId: owner().primaryKey(),
  ca: json<CaPreferences>("ca").notNull(),
  /** Null is the rule that is built in. */
  renewal: json<RenewalRule>("renewal"),
  /** Whether a renewal keeps the key; a new key each time is the default. */
  reuseKey: flag("reuse_key").notNull(),
  updatedAt: instant("updated_at").notNull(),
});
