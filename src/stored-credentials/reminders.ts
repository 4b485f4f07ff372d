/** Reminders: whoever has stored a credential is told before it ends, and once it has ended. */
import { and, asc, eq, lte } from "drizzle-orm";
import type { Notification, Tell } from "../notifications/events";
import type { Database } from "../storage/database";
import { storedCredentials } from "../storage/schema";
import { reminderAfter } from "./reminder-time";
import type { CredentialRow } from "./versions";

/** A tick has other work to do. */
const AT_ONCE = 20;

export interface ReminderPorts {
  database: Database;
  tell: Tell;
  now: () => number;
}

export function createReminders({ database, tell, now }: ReminderPorts) {
  /** Told before it is noted: a crash in between tells it twice, and never not at all. */
  async function remind(row: CredentialRow): Promise<void> {
    await tell(row.ownerId, reminderOf(row, now()));
    await database
      .update(storedCredentials)
      .set({ remindAt: reminderAfter(row, now()) })
      .where(and(eq(storedCredentials.id, row.id), eq(storedCredentials.remindAt, row.remindAt ?? 0)));
  }

  return {
    /** One tick's share of those that are due. */
    async sweep(): Promise<void> {
      const due = await database
        .select()
        .from(storedCredentials)
        .where(lte(storedCredentials.remindAt, now()))
        .orderBy(asc(storedCredentials.remindAt))
        .limit(AT_ONCE);
      await Promise.all(due.map(remind));
    },
  };
}

function reminderOf({ id, name, kind, expiresAt }: CredentialRow, now: number): Notification {
  const day = expiresAt === null ? "" : new Date(expiresAt).toISOString().slice(0, 10);
  const title =
    expiresAt === null
      ? `It is time to change the stored credential "${name}"`
      : expiresAt <= now
        ? `The stored credential "${name}" has ended`
        : `The stored credential "${name}" ends on ${day}`;
  const change = `PATCH /api/credentials/${id} takes a new secret, which all that uses it has at once`;
  return {
    event: "credential.expiring",
    subject: `credential ${name}`,
    title,
    detail: `${change}. GET /api/credentials/${id}/usage says what that is.`,
    facts: { credential_id: id, name, kind, expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString() },
  };
}
