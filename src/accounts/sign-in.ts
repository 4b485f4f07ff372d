/** Signing in by user name or e-mail and password. */
import { and, eq, isNotNull } from "drizzle-orm";
import { type Audit, INSTALLATION } from "../audit/service";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts } from "../storage/schema";
import { type AccountIdentity, identityOf, type Origin } from "./identity";
import { hashPassword, isOutdated, verifyPassword } from "./passwords";
import type { NewSession, Sessions } from "./sessions";

/** What slows guessing down. `name` is what was typed. */
export interface SignInLimits {
  /** Throws 429 with Retry-After. */
  before(name: string, origin: Origin): Promise<void>;
  failed(name: string, origin: Origin): Promise<void>;
  succeeded(name: string, origin: Origin): Promise<void>;
}

export interface SignInPorts {
  database: Database;
  sessions: Sessions;
  audit: Audit;
  limits: SignInLimits;
}

export type SignIn = ReturnType<typeof createSignIn>;

const NOBODY = { account_id: null, username: null, via: "nobody" as const, credential_id: null };

export function createSignIn({ database, sessions, audit, limits }: SignInPorts) {
  /** An address stands for the account that has verified it. */
  async function search(name: string) {
    const [account] = await database
      .select()
      .from(accounts)
      .where(
        name.includes("@")
          ? and(eq(accounts.email, name), isNotNull(accounts.emailVerifiedAt))
          : eq(accounts.username, name),
      );
    return account;
  }

  return {
    /** Whose user name or e-mail it is. Throws 401 in the same words, after the same work, whatever was wrong. */
    async checkPassword(given: string, password: string, origin: Origin): Promise<AccountIdentity> {
      const name = given.trim().toLowerCase();
      await limits.before(name, origin);
      const account = await search(name);
      const right = await verifyPassword(password, account?.passwordHash);
      if (!account || !right || account.suspendedAt !== null) {
        await limits.failed(name, origin);
        await audit.record({
          ownerId: account?.id ?? INSTALLATION,
          actor: NOBODY,
          ...origin,
          action: "sign_in.failed",
          // Not what was typed where nobody has that name: it may be a password in the wrong field.
          subject: account ? `account ${account.username}` : "no account",
        });
        throw new Problem(401, "The user name or the password is wrong.");
      }
      await limits.succeeded(name, origin);
      if (isOutdated(account.passwordHash)) {
        await database
          .update(accounts)
          .set({ passwordHash: await hashPassword(password) })
          .where(and(eq(accounts.id, account.id), eq(accounts.passwordHash, account.passwordHash)));
      }
      return identityOf(account);
    },

    /** The session of somebody who has shown all that their account asks for. */
    async open(account: AccountIdentity, origin: Origin): Promise<NewSession> {
      const session = await sessions.open(account, origin);
      await audit.record({
        ownerId: account.id,
        actor: { account_id: account.id, username: account.username, via: "password", credential_id: session.id },
        ...origin,
        action: "sign_in",
        subject: `account ${account.username}`,
      });
      return session;
    },
  };
}
