/** Sessions of the browser: random tokens, kept as hashes, revocable. */
import { and, eq, gt, isNull, lte } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, sessions } from "../storage/schema";
import { base64Url } from "./api-key";
import { type Access, type AccountIdentity, identityOf, type Origin } from "./identity";
import { verifyPassword } from "./passwords";

const LIFETIME = 14 * 86_400_000;

export interface NewSession {
  token: string;
  expiresAt: number;
  account: AccountIdentity;
}

export type Sessions = ReturnType<typeof createSessions>;

export function createSessions({ database, now }: { database: Database; now: () => number }) {
  async function open(account: AccountIdentity, { address, client }: Origin): Promise<NewSession> {
    const token = base64Url(crypto.getRandomValues(new Uint8Array(32)));
    const expiresAt = now() + LIFETIME;
    const tokenHash = await hashToken(token);
    await database.insert(sessions).values({
      id: crypto.randomUUID(),
      tokenHash,
      accountId: account.id,
      createdAt: now(),
      expiresAt,
      address,
      client,
    });
    return { token, expiresAt, account };
  }

  return {
    open,

    /** Signs in by user name or e-mail. Throws 401 in the same words, after the same work, whatever was wrong. */
    async signIn(username: string, password: string, origin: Origin): Promise<NewSession> {
      const name = username.trim().toLowerCase();
      const by = name.includes("@") ? accounts.email : accounts.username;
      const [account] = await database.select().from(accounts).where(eq(by, name));
      const right = await verifyPassword(password, account?.passwordHash);
      if (!account || !right || account.suspendedAt !== null) {
        throw new Problem(401, "The user name or the password is wrong.");
      }
      return open(identityOf(account), origin);
    },

    /** Whose session this is, or nothing. One query. */
    async authenticate(token: string): Promise<Access | undefined> {
      const [found] = await database
        .select({ sessionId: sessions.id, account: accounts })
        .from(sessions)
        .innerJoin(accounts, eq(accounts.id, sessions.accountId))
        .where(
          and(
            eq(sessions.tokenHash, await hashToken(token)),
            gt(sessions.expiresAt, now()),
            isNull(accounts.suspendedAt),
          ),
        );
      if (!found) return undefined;
      return { account: identityOf(found.account), via: "session", credentialId: found.sessionId, scopes: null, allowedDomains: null };
    },

    async forgetExpired(): Promise<void> {
      await database.delete(sessions).where(lte(sessions.expiresAt, now()));
    },

    async close(token: string): Promise<void> {
      await database.delete(sessions).where(eq(sessions.tokenHash, await hashToken(token)));
    },
  };
}

/** A token is 256 random bits: a plain hash keeps it safe. */
async function hashToken(token: string): Promise<string> {
  return base64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))));
}
