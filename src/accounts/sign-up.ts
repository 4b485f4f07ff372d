/** Signing up: open to all, by invitation, or closed. */
import { and, eq, isNotNull, sql } from "drizzle-orm";
import type { Mailer } from "../mail/mailer";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, emailTokens } from "../storage/schema";
import type { EmailTokenRow, EmailTokens } from "./email-tokens";
import type { AccountIdentity } from "./identity";
import type { Letters } from "./letters";
import { requireGoodPassword } from "./password-rules";
import { hashPassword } from "./passwords";

export type SignUpMode = "open" | "invitation" | "closed";

export interface NewAccount {
  email: string;
  username: string;
  password: string;
  invitation?: string | undefined;
}

export interface SignUpPorts {
  database: Database;
  tokens: EmailTokens;
  mailer: Mailer;
  letters: Letters;
  mode: SignUpMode;
  now: () => number;
}

export type SignUp = ReturnType<typeof createSignUp>;

export function createSignUp({ database, tokens, mailer, letters, mode, now }: SignUpPorts) {
  /** The invitation, or nothing where none is needed. Throws 403 where one may not sign up, 422 for a wrong invitation. */
  async function admit({ email, invitation }: NewAccount): Promise<EmailTokenRow | undefined> {
    if (mode === "closed") throw new Problem(403, "Sign-up is closed here. The operator opens it with SIGN_UP.");
    if (invitation === undefined) {
      if (mode === "open") return undefined;
      throw new Problem(403, "Sign-up is by invitation here. Ask an administrator for one.");
    }
    const row = await tokens.look(invitation, ["invitation"]);
    const refuse = (pointer: string, detail: string) => new Problem(422, detail, { errors: [{ pointer, detail }] });
    if (!row) throw refuse("/invitation", "The invitation is wrong, too old, or was used already. Ask for a new one.");
    if (row.email !== email.toLowerCase()) {
      throw refuse("/email", "The invitation is for another address. Give the one that it was sent to.");
    }
    return row;
  }

  /** Nothing when the name is taken, or before the claim: nobody may come before the operator. */
  async function insert(input: NewAccount, passwordHash: string, invitation: EmailTokenRow | undefined) {
    const username = input.username.toLowerCase();
    const email = input.email.toLowerCase();
    const plan = invitation?.plan ?? "free";
    const [made] = await database.all<{ id: number }>(sql`
      INSERT INTO accounts (username, email, email_verified_at, password_hash, role, plan, created_at)
      SELECT ${username}, ${email}, ${invitation ? now() : null}, ${passwordHash}, 'member', ${plan}, ${now()}
      WHERE EXISTS (SELECT 1 FROM accounts)
      ON CONFLICT DO NOTHING
      RETURNING id`);
    if (!made) return undefined;
    // Of two who take it at once, the address lets one in; nor is it of any use from now on.
    if (invitation) await database.delete(emailTokens).where(eq(emailTokens.id, invitation.id));
    const emailVerified = invitation !== undefined;
    return { id: made.id, username, email, emailVerified, role: "member" as const, plan };
  }

  async function refusalOf({ username, email }: NewAccount, invitation: EmailTokenRow | undefined): Promise<Problem> {
    const taken = await database
      .select({ id: accounts.id })
      .from(accounts)
      .where(eq(accounts.username, username.toLowerCase()));
    // User names are public: they are the first part of nothing secret, and whoever wants one has to hear that it is taken.
    if (taken.length > 0) return new Problem(409, `The user name ${username} is taken. Choose another one.`);
    if (!invitation) return new Problem(403, "This certedge is not claimed yet. Its operator makes the first account.");
    return new Problem(409, `The invitation was used already, or ${email} has an account. Sign in.`);
  }

  /** Who has an address is told nobody but its owner: either way an account is made, and one mail goes out. */
  async function write(account: AccountIdentity): Promise<void> {
    const { id, email, username } = account;
    if (await tokens.isFlooded(email)) return;
    const { token } = await tokens.issue("verify_email", { accountId: id, email });
    const [holder] = await database
      .select({ username: accounts.username })
      .from(accounts)
      .where(and(eq(accounts.email, email), isNotNull(accounts.emailVerifiedAt)));
    if (holder) return mailer.send(letters.addressIsTaken(email, holder.username));
    await mailer.send(letters.verifyAddress(email, username, token));
  }

  return {
    mode,

    /** Makes an account. `mail` is still to be sent, once the answer is out. */
    async signUp(input: NewAccount): Promise<{ account: AccountIdentity; mail?: () => Promise<void> }> {
      const invitation = await admit(input);
      if (!invitation && mailer.off) throw mailer.off;
      requireGoodPassword(input.password, input, "/password");
      const account = await insert(input, await hashPassword(input.password), invitation);
      if (!account) throw await refusalOf(input, invitation);
      return account.emailVerified ? { account } : { account, mail: () => write(account) };
    },

    /** Sends the link again. Throws 409 where it is not needed, 429 after too many. */
    async sendAgain(account: AccountIdentity): Promise<void> {
      if (account.emailVerified) throw new Problem(409, `${account.email} is verified already.`);
      if (mailer.off) throw mailer.off;
      await tokens.requireRoom(account.id, "verify_email");
      await write(account);
    },
  };
}
