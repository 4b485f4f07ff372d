/** The e-mail address of an account: shown to be its owner's, and changed. */
import { and, eq, inArray, isNotNull, sql } from "drizzle-orm";
import type { Mailer } from "../mail/mailer";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, emailTokens } from "../storage/schema";
import { type EmailTokens, unknownLink } from "./email-tokens";
import { type AccountIdentity, identityOf } from "./identity";
import type { Letters } from "./letters";

export interface AddressPorts {
  database: Database;
  tokens: EmailTokens;
  mailer: Mailer;
  letters: Letters;
  now: () => number;
}

export interface Verified {
  account: AccountIdentity;
  /** The address before, where it was changed. */
  before: string | undefined;
}

export type Addresses = ReturnType<typeof createAddresses>;

export function createAddresses({ database, tokens, mailer, letters, now }: AddressPorts) {
  return {
    /** Takes a link's token. Throws 403 for one that is no good, 409 when the address is another account's by now. */
    async verify(token: string): Promise<Verified> {
      const row = await tokens.take(token, ["verify_email", "change_email"]);
      if (!row || row.accountId === null) throw unknownLink();
      const { accountId, email } = row;
      const [before] = await database.select().from(accounts).where(eq(accounts.id, accountId));
      const free = sql`NOT EXISTS (SELECT 1 FROM accounts AS other WHERE other.email = ${email}
        AND other.email_verified_at IS NOT NULL AND other.id <> ${accountId})`;
      // The first link of an account is for the address that it has; another one that came in between wins.
      const still = row.kind === "verify_email" ? eq(accounts.email, email) : undefined;
      const [[account]] = await database.batch([
        database
          .update(accounts)
          .set({ email, emailVerifiedAt: now() })
          .where(and(eq(accounts.id, accountId), still, free))
          .returning(),
        database
          .delete(emailTokens)
          .where(
            and(
              eq(emailTokens.accountId, accountId),
              inArray(emailTokens.kind, ["verify_email", "change_email", "reset_password"]),
            ),
          ),
      ]);
      if (!account) throw new Problem(409, `${email} belongs to another account by now.`);
      const changed = before && before.email !== email;
      return { account: identityOf(account), before: changed ? before.email : undefined };
    },

    /** Asks the new address whether it is the person's, and tells the old one. Who has it already is told nobody else. */
    async askToChange({ id, username, email, emailVerified }: AccountIdentity, to: string): Promise<void> {
      if (mailer.off) throw mailer.off;
      const wanted = to.toLowerCase();
      if (wanted === email && emailVerified) throw new Problem(409, `${email} is the account's address already.`);
      await tokens.requireRoom(id, "change_email");
      const isFlooded = await tokens.isFlooded(wanted);
      const { token } = await tokens.issue("change_email", { accountId: id, email: wanted });
      const [holder] = await database
        .select({ username: accounts.username })
        .from(accounts)
        .where(and(eq(accounts.email, wanted), isNotNull(accounts.emailVerifiedAt)));
      if (holder && !isFlooded) await mailer.send(letters.addressIsTaken(wanted, holder.username));
      else if (!isFlooded) await mailer.send(letters.confirmChange(wanted, username, token));
      if (emailVerified) await mailer.send(letters.changeAsked(email, username, wanted));
    },
  };
}
