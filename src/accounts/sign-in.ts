/** Signing in by user name or e-mail and password. */
import { and, eq } from "drizzle-orm";
import { type Audit, INSTALLATION } from "../audit/service";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts } from "../storage/schema";
import { type AccountIdentity, identityOf, type Origin } from "./identity";
import { isNamed } from "./names";
import { hashPassword, isOutdated, verifyPassword } from "./passwords";
import type { NewSession, Sessions } from "./sessions";
import type { SignInLimits } from "./sign-in-limits";

export interface SignInPorts {
  database: Database;
  sessions: Sessions;
  audit: Audit;
  limits: Pick<SignInLimits, "before" | "succeeded">;
}

export type SignIn = ReturnType<typeof createSignIn>;

const NOBODY = { account_id: null, username: null, via: "nobody" as const, credential_id: null };

export function createSignIn({ database, sessions, audit, limits }: SignInPorts) {
  return {
    /** Whose user name or e-mail it is. Throws 401 in the same words, after the same work, whatever was wrong. */
    async checkPassword(given: string, password: string, origin: Origin): Promise<AccountIdentity> {
      const name = given.trim().toLowerCase();
      const untold = await limits.before(name, origin);
      const [account] = await database.select().from(accounts).where(isNamed(name));
      const right = await verifyPassword(password, account?.passwordHash);
      if (!account || !right || untold || account.suspendedAt !== null) {
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
      await limits.succeeded(account, origin);
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
