/** Sign-ins of a moment ago: what a stolen session is not enough for takes one. */
import type { Access, AccountIdentity, Origin } from "../accounts/identity";
import type { PasswordChanges } from "../accounts/password-changes";
import type { Sessions } from "../accounts/sessions";
import { Problem } from "../problems";

/** How long a sign-in is fresh. */
const FRESH = 300_000;

export interface FreshSignInPorts {
  sessions: Pick<Sessions, "openedAt">;
  /** Whether a sign-in to the account takes a second factor. */
  needsSecondFactor: (accountId: AccountIdentity["id"]) => Promise<boolean>;
  requirePassword: PasswordChanges["requirePassword"];
  now: () => number;
}

export function createFreshSignIn({ sessions, needsSecondFactor, requirePassword, now }: FreshSignInPorts) {
  return {
    /**
     * Throws 403 unless the session was opened a moment ago, or its password is given again; where a second factor
     * belongs to a sign-in, the password alone is none.
     */
    async require({ account, credentialId }: Access, password: string | undefined, origin: Origin): Promise<void> {
      const openedAt = await sessions.openedAt(account.id, credentialId);
      if (openedAt !== undefined && now() - openedAt <= FRESH) return;
      if (await needsSecondFactor(account.id)) {
        throw new Problem(403, "This takes a sign-in of the last five minutes, with the second factor. Sign in again.");
      }
      if (password !== undefined) return requirePassword(account, password, origin, "/password");
      throw new Problem(
        403,
        "This takes a sign-in of the last five minutes. Sign in again, or give the password, too.",
      );
    },
  };
}
