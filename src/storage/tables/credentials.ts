/** Stored credentials: named secrets that other things refer to, with every version that they had. */
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { owner } from "./accounts";
import { flag, instant, json } from "./columns";
import { instances } from "./instances";

export interface CredentialTest {
  ok: boolean;
  at: number;
  detail: string;
}

export const storedCredentials = sqliteTable(
  "stored_credentials",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    name: text("name").notNull(),
    /** A key of the table of kinds in stored-credentials/kinds.ts. */
    kind: text("kind").notNull(),
    description: text("description"),
    /** Only what is for this instance may use it; null is everything of the account. */
    instanceId: text("instance_id").references(() => instances.id),
    /** The version in use. */
    version: integer("version").notNull(),
    expiresAt: instant("expires_at"),
    /** When its owner is told that it expires; null once that was done, or where nothing expires. */
    remindAt: instant("remind_at"),
    /** Whether its secrets may ever be shown again. */
    mayBeUnlocked: flag("may_be_unlocked").notNull(),
    lastTest: json<CredentialTest>("last_test"),
    /** When it is tried out again by itself; null for what nobody has tried out, or only a person can. */
    retestAt: instant("retest_at"),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [
    uniqueIndex("stored_credentials_by_name").on(t.ownerId, t.name),
    index("stored_credentials_to_remind_of").on(t.remindAt).where(sql`remind_at IS NOT NULL`),
    index("stored_credentials_to_test").on(t.retestAt).where(sql`retest_at IS NOT NULL`),
  ],
);

export const storedCredentialVersions = sqliteTable(
  "stored_credential_versions",
  {
    credentialId: text("credential_id")
      .notNull()
      .references(() => storedCredentials.id, { onDelete: "cascade" }),
    version: integer("version").notNull(),
    sealedFields: text("sealed_fields").notNull(),
    /** Who made it: a user name, or the name of an API key. */
    createdBy: text("created_by").notNull(),
    /** The version that it brought back; null where its content was new. */
    copyOf: integer("copy_of"),
    /** Whether its secrets may be shown: those that were given for never being shown stay hidden when they come back. */
    mayBeUnlocked: flag("may_be_unlocked").notNull().default(false),
    createdAt: instant("created_at").notNull(),
  },
  (t) => [primaryKey({ columns: [t.credentialId, t.version] })],
);
