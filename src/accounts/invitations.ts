/** Invitations: an administrator sends somebody a link by which they make an account of a plan. */
import { and, desc, eq, gt, isNotNull } from "drizzle-orm";
import type { Mailer } from "../mail/mailer";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, emailTokens } from "../storage/schema";
import type { EmailTokenRow, EmailTokens } from "./email-tokens";
import type { AccountIdentity, Plan } from "./identity";
import type { Letters } from "./letters";
import type { SignUpMode } from "./sign-up";

export interface InvitationPorts {
  database: Database;
  tokens: EmailTokens;
  mailer: Mailer;
  letters: Letters;
  mode: SignUpMode;
  now: () => number;
}

export type Invitations = ReturnType<typeof createInvitations>;

export function createInvitations({ database, tokens, mailer, letters, mode, now }: InvitationPorts) {
  const pending = () => and(eq(emailTokens.kind, "invitation"), gt(emailTokens.expiresAt, now()));

  return {
    /** A new invitation takes the place of an older one to the same address. */
    async invite(admin: AccountIdentity, { email, plan }: { email: string; plan: Plan }): Promise<EmailTokenRow> {
      if (mode === "closed") {
        throw new Problem(
          409,
          'Sign-up is closed. Set SIGN_UP = "invitation", so that those who are invited can come in.',
        );
      }
      if (mailer.off) throw mailer.off;
      const address = email.toLowerCase();
      const [holder] = await database
        .select({ username: accounts.username })
        .from(accounts)
        .where(and(eq(accounts.email, address), isNotNull(accounts.emailVerifiedAt)));
      if (holder) throw new Problem(409, `${address} has an account already: ${holder.username}.`);
      await database.delete(emailTokens).where(and(pending(), eq(emailTokens.email, address)));
      const { token, row } = await tokens.issue("invitation", { email: address, plan, invitedBy: admin.id });
      await mailer.send(letters.invitation(address, admin.username, token));
      return row;
    },

    /** Newest first. */
    list: (): Promise<EmailTokenRow[]> =>
      database.select().from(emailTokens).where(pending()).orderBy(desc(emailTokens.createdAt)),

    /** Throws 404 for one that was taken, taken back, or is over. */
    async takeBack(id: string): Promise<EmailTokenRow> {
      const [row] = await database
        .delete(emailTokens)
        .where(and(pending(), eq(emailTokens.id, id)))
        .returning();
      if (!row) throw new Problem(404, "Invitation not found");
      return row;
    },
  };
}
