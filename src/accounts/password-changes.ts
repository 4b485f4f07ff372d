/** A new password: by the old one, or by a link to the account's address. */
import { and, eq, inArray, isNotNull, isNull, ne, sql } from "drizzle-orm";
import type { Mailer } from "../mail/mailer";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, ceremonies, emailTokens, sessions } from "../storage/schema";
import { type EmailTokens, unknownLink } from "./email-tokens";
import { type Access, type AccountIdentity, identityOf, type Origin } from "./identity";
import type { Letters } from "./letters";
import type { Notices } from "./notices";
import { requireGoodPassword } from "./password-rules";
import { hashPassword, verifyPassword } from "./passwords";
import type { SignInLimits } from "./sign-in-limits";

export interface PasswordPorts {
  database: Database;
  tokens: EmailTokens;
  mailer: Mailer;
  letters: Letters;
  notices: Notices;
  limits: SignInLimits;
}

export type PasswordChanges = ReturnType<typeof createPasswordChanges>;

export function createPasswordChanges({ database, tokens, mailer, letters, notices, limits }: PasswordPorts) {
  /** A thief of a session who tries passwords is slowed down as at the front door. Throws 403, 429. */
  async function requirePassword(account: AccountIdentity, password: string, origin: Origin, pointer: string) {
    const untold = await limits.before(account.username, origin);
    if (untold) throw untold;
    const [row] = await database.select().from(accounts).where(eq(accounts.id, account.id));
    if (await verifyPassword(password, row?.passwordHash)) return limits.succeeded(account, origin);
    const detail = "The password is wrong.";
    throw new Problem(403, detail, { errors: [{ pointer, detail }] });
  }

  /** What is under way ends with the old password, by mail or at a second step: whoever knew it may have begun it. */
  const endedBy = (accountId: number) =>
    [
      database
        .delete(emailTokens)
        .where(
          and(eq(emailTokens.accountId, accountId), inArray(emailTokens.kind, ["change_email", "reset_password"])),
        ),
      database.delete(ceremonies).where(eq(ceremonies.accountId, accountId)),
    ] as const;

  return {
    requirePassword,

    /** Ends every session but the one that asks. */
    async change({ account, credentialId }: Access, current: string, wanted: string, origin: Origin) {
      await requirePassword(account, current, origin, "/current_password");
      requireGoodPassword(wanted, account, "/new_password");
      const passwordHash = await hashPassword(wanted);
      await database.batch([
        database.update(accounts).set({ passwordHash }).where(eq(accounts.id, account.id)),
        database.delete(sessions).where(and(eq(sessions.accountId, account.id), ne(sessions.id, credentialId))),
        ...endedBy(account.id),
      ]);
      return notices.passwordChanged(account);
    },

    /**
     * Sends a link to the address if an account has it: the work to be done once the answer, which is the same for
     * every address, is out. Gives the account that was written to.
     */
    requestReset(address: string): () => Promise<AccountIdentity | undefined> {
      if (mailer.off) throw mailer.off;
      return async () => {
        const email = address.toLowerCase();
        const [row] = await database
          .select()
          .from(accounts)
          .where(and(eq(accounts.email, email), isNotNull(accounts.emailVerifiedAt), isNull(accounts.suspendedAt)));
        if (!row || (await tokens.blockedUntil(row.id, "reset_password")) !== undefined) return undefined;
        const { token } = await tokens.issue("reset_password", { accountId: row.id, email });
        await mailer.send(letters.resetPassword(email, row.username, token));
        return identityOf(row);
      };
    },

    /** Ends every session. A password that is refused leaves the link good. Throws 403 for a link that is no good. */
    async reset(token: string, wanted: string) {
      const link = await tokens.look(token, ["reset_password"]);
      const [row] = await database
        .select()
        .from(accounts)
        .where(eq(accounts.id, link?.accountId ?? 0));
      if (!link || !row || row.email !== link.email) throw unknownLink();
      requireGoodPassword(wanted, row, "/new_password");
      const passwordHash = await hashPassword(wanted);
      const unused = sql`EXISTS (SELECT 1 FROM email_tokens WHERE id = ${link.id})`;
      const [changed] = await database.batch([
        database
          .update(accounts)
          .set({ passwordHash })
          .where(and(eq(accounts.id, row.id), unused))
          .returning(),
        database.delete(sessions).where(and(eq(sessions.accountId, row.id), unused)),
        ...endedBy(row.id),
      ]);
      if (changed.length === 0) throw unknownLink();
      const account = identityOf(row);
      return { account, mail: notices.passwordChanged(account) };
    },
  };
}
