/** Accounts: the first one is claimed with the one-time token of the installation. */
import { sql } from "drizzle-orm";
import type { Audit } from "../audit/service";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts } from "../storage/schema";
import type { AccountIdentity, Origin } from "./identity";
import { requireGoodPassword } from "./password-rules";
import { hashPassword } from "./passwords";

export interface Claim {
  token: string;
  email: string;
  username: string;
  password: string;
}

export type Accounts = ReturnType<typeof createAccounts>;

export function createAccounts(ports: { database: Database; audit: Audit; claimToken: string; now: () => number }) {
  const { database, audit, now } = ports;

  async function claimed(): Promise<boolean> {
    const [row] = await database.select({ id: accounts.id }).from(accounts).limit(1);
    return row !== undefined;
  }

  return {
    claimed,

    /** Makes the first account: admin, plan elite, e-mail taken as verified. Throws 403 for a wrong or used token. */
    async claim({ token, email, username, password }: Claim, origin: Origin): Promise<AccountIdentity> {
      if (!(await sameSecret(token, ports.claimToken))) {
        throw new Problem(403, "The claim token is wrong. `npm start` prints the address that holds the right one.");
      }
      if (await claimed()) throw usedToken();
      requireGoodPassword(password, { username, email }, "/password");
      const passwordHash = await hashPassword(password);
      // One statement decides, so that of two claims at once one is refused.
      const made = await database.all<Omit<AccountIdentity, "emailVerified">>(sql`
        INSERT INTO accounts (username, email, email_verified_at, password_hash, role, plan, created_at)
        SELECT ${username.toLowerCase()}, ${email.toLowerCase()}, ${now()}, ${passwordHash}, 'admin', 'elite', ${now()}
        WHERE NOT EXISTS (SELECT 1 FROM accounts)
        RETURNING id, username, email, role, plan`);
      const [account] = made;
      if (!account) throw usedToken();
      await audit.record({
        ownerId: account.id,
        actor: { account_id: account.id, username: account.username, via: "claim", credential_id: null },
        ...origin,
        action: "installation.claim",
        subject: `account ${account.username}`,
      });
      return { ...account, emailVerified: true };
    },
  };
}

const usedToken = () => new Problem(403, "The installation is claimed already. Sign in with POST /api/sessions.");

/** Constant time whatever the lengths: both sides are hashed first. An empty secret equals nothing. */
export async function sameSecret(given: string, secret: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const [a, b] = await Promise.all([digest(given), digest(secret)]);
  const left = new Uint8Array(a);
  const right = new Uint8Array(b);
  let difference = 0;
  for (let index = 0; index < left.length; index++) difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  return difference === 0 && secret.length > 0;
}
