/** The audit log: append-only, one hash chain for each account. */
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { instant, json } from "./columns";

/** Who did it: an account, by what. */
export interface AuditActor {
  account_id: number | null;
  username: string | null;
  via: "session" | "api_key" | "password" | "update_password" | "claim" | "system" | "nobody";
  /** The id of the session or of the API key. */
  credential_id: string | null;
}

export const auditEntries = sqliteTable(
  "audit_entries",
  {
    /** Whose log it is in; 0 is the installation's own. No reference: entries outlive their account. */
    ownerId: integer("owner_id").notNull(),
    /** 1, 2, 3, … within the log: that two writers take the same number is refused. */
    sequence: integer("sequence").notNull(),
    at: instant("at").notNull(),
    actor: json<AuditActor>("actor").notNull(),
    address: text("address"),
    client: text("client"),
    /** "api_key.create", "sign_in.failed" … (audit/actions.ts) */
    action: text("action").notNull(),
    /** What it was done on: "certificate home.example.com". */
    subject: text("subject"),
    before: json<unknown>("before"),
    after: json<unknown>("after"),
    previousHash: text("previous_hash").notNull(),
    hash: text("hash").notNull(),
  },
  (t) => [primaryKey({ columns: [t.ownerId, t.sequence] }), index("audit_entries_by_time").on(t.ownerId, t.at)],
);
