/** Mails that nobody asked for: what has stopped working, to whom it belongs. */
import { eq } from "drizzle-orm";
import type { Mailer } from "../mail/mailer";
import type { Database } from "../storage/database";
import { accounts } from "../storage/schema";
import type { Letters } from "./letters";

export interface FailureNoticePorts {
  database: Database;
  mailer: Mailer;
  letters: Letters;
}

export type FailureNotices = ReturnType<typeof createFailureNotices>;

export function createFailureNotices({ database, mailer, letters }: FailureNoticePorts) {
  return {
    /** A mail that cannot be sent keeps nothing else from being done. */
    async dnsAccountFails(ownerId: number, account: string, detail: string): Promise<void> {
      const [owner] = await database.select().from(accounts).where(eq(accounts.id, ownerId));
      if (!owner || owner.emailVerifiedAt === null || mailer.off) return;
      const mail = letters.dnsAccountFails(owner.email, owner.username, account, detail);
      await mailer.send(mail).catch(() => undefined);
    },
  };
}
