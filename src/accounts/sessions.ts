/** Sessions of the browser: random tokens, kept as hashes, revocable. */
import { and, desc, eq, gt, isNull, lte, ne } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, sessions } from "../storage/schema";
import { type Access, type AccountIdentity, identityOf, type Origin } from "./identity";
import { hashToken, newToken } from "./token";

const LIFETIME = 14 * 86_400_000;

export type SessionRow = typeof sessions.$inferSelect;

export interface NewSession {
  id: string;
  token: string;
  expiresAt: number;
  account: AccountIdentity;
}

export type Sessions = ReturnType<typeof createSessions>;

export function createSessions({ database, now }: { database: Database; now: () => number }) {
  async function open(account: AccountIdentity, { address, client }: Origin): Promise<NewSession> {
    const id = crypto.randomUUID();
    const token = newToken();
    const expiresAt = now() + LIFETIME;
    const tokenHash = await hashToken(token);
    await database.insert(sessions).values({
      id,
      tokenHash,
      accountId: account.id,
      createdAt: now(),
      expiresAt,
      address,
      client,
    });
    return { id, token, expiresAt, account };
  }

  return {
    open,

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
      return {
        account: identityOf(found.account),
        via: "session",
        credentialId: found.sessionId,
        scopes: null,
        allowedDomains: null,
        instanceId: null,
      };
    },

    async forgetExpired(): Promise<void> {
      await database.delete(sessions).where(lte(sessions.expiresAt, now()));
    },

    /** Signs out; tells what was ended. */
    async close(token: string): Promise<SessionRow | undefined> {
      const [closed] = await database
        .delete(sessions)
        .where(eq(sessions.tokenHash, await hashToken(token)))
        .returning();
      return closed;
    },

    /** Those that live, newest first. */
    list: (accountId: number): Promise<SessionRow[]> =>
      database
        .select()
        .from(sessions)
        .where(and(eq(sessions.accountId, accountId), gt(sessions.expiresAt, now())))
        .orderBy(desc(sessions.createdAt)),

    /** When one was signed in with; nothing for a session that the account has not. */
    async openedAt(accountId: number, id: string): Promise<number | undefined> {
      const [row] = await database
        .select({ createdAt: sessions.createdAt })
        .from(sessions)
        .where(and(eq(sessions.id, id), eq(sessions.accountId, accountId)));
      return row?.createdAt;
    },

    /** Throws 404 for one that is not the account's. */
    async end(accountId: number, id: string): Promise<void> {
      const ended = await database
        .delete(sessions)
        .where(and(eq(sessions.id, id), eq(sessions.accountId, accountId)))
        .returning({ id: sessions.id });
      if (ended.length === 0) throw new Problem(404, "Session not found");
    },

    /** All of the account, but for the one that is spared. */
    async endAll(accountId: number, spared = ""): Promise<void> {
      await database.delete(sessions).where(and(eq(sessions.accountId, accountId), ne(sessions.id, spared)));
    },
  };
}
