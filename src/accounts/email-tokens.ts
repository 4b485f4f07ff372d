/** Tokens that go out by e-mail and come back once: kept as hashes, bound to the address, and short-lived. */
import { and, asc, count, eq, gt, inArray, lte } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { emailTokens } from "../storage/schema";
import { hashToken, newToken } from "./token";

export type EmailTokenRow = typeof emailTokens.$inferSelect;
export type TokenKind = EmailTokenRow["kind"];

const HOUR = 3_600_000;

const lifetimes: Record<TokenKind, number> = {
  verify_email: 24 * HOUR,
  change_email: 24 * HOUR,
  confirm_recipient: 24 * HOUR,
  reset_password: HOUR,
  invitation: 7 * 24 * HOUR,
};

/** Mails of one kind to one account within an hour: nobody's mailbox is filled by us. */
const MOST_AN_HOUR = 5;

/** Whoever makes account after account, or changes from one to the next, with somebody else's address writes no more. */
const MOST_AN_HOUR_TO_ADDRESS = 10;

export type EmailTokens = ReturnType<typeof createEmailTokens>;

export function createEmailTokens({ database, now }: { database: Database; now: () => number }) {
  const live = async (token: string, kinds: TokenKind[]) =>
    and(
      eq(emailTokens.tokenHash, await hashToken(token)),
      inArray(emailTokens.kind, kinds),
      gt(emailTokens.expiresAt, now()),
    );

  /** When the next mail of a kind may go out; nothing when it may now. */
  async function blockedUntil(accountId: number, kind: TokenKind): Promise<number | undefined> {
    const mine = and(eq(emailTokens.accountId, accountId), eq(emailTokens.kind, kind));
    const recent = await database
      .select({ at: emailTokens.createdAt })
      .from(emailTokens)
      .where(and(mine, gt(emailTokens.createdAt, now() - HOUR)))
      .orderBy(asc(emailTokens.createdAt));
    const [oldest] = recent.slice(-MOST_AN_HOUR);
    return recent.length >= MOST_AN_HOUR && oldest ? oldest.at + HOUR : undefined;
  }

  return {
    blockedUntil,

    /** Whether so many links to show that it is one's own were made for an address that no further one is to be sent. */
    async isFlooded(email: string): Promise<boolean> {
      const [row] = await database
        .select({ mails: count() })
        .from(emailTokens)
        .where(
          and(
            // By the index: what was made within the hour is good for a day.
            gt(emailTokens.expiresAt, now()),
            gt(emailTokens.createdAt, now() - HOUR),
            eq(emailTokens.email, email),
            inArray(emailTokens.kind, ["verify_email", "change_email", "confirm_recipient"]),
          ),
        );
      return (row?.mails ?? 0) >= MOST_AN_HOUR_TO_ADDRESS;
    },

    /** Throws 429 with Retry-After when too many mails went out. */
    async requireRoom(accountId: number, kind: TokenKind): Promise<void> {
      const until = await blockedUntil(accountId, kind);
      if (until === undefined) return;
      const seconds = Math.ceil((until - now()) / 1000);
      throw new Problem(429, `${MOST_AN_HOUR} mails were sent within the hour. Look for them, also among the spam.`, {
        headers: { "retry-after": String(seconds) },
      });
    },

    async issue(
      kind: TokenKind,
      details: Pick<EmailTokenRow, "email"> & Partial<Pick<EmailTokenRow, "accountId" | "plan" | "invitedBy">>,
    ): Promise<{ token: string; row: EmailTokenRow }> {
      const token = newToken();
      const row = {
        id: crypto.randomUUID(),
        kind,
        tokenHash: await hashToken(token),
        accountId: null,
        plan: null,
        invitedBy: null,
        ...details,
        createdAt: now(),
        expiresAt: now() + lifetimes[kind],
      };
      await database.insert(emailTokens).values(row);
      return { token, row };
    },

    /** What a token is for, without using it up. */
    async look(token: string, kinds: TokenKind[]): Promise<EmailTokenRow | undefined> {
      const [row] = await database
        .select()
        .from(emailTokens)
        .where(await live(token, kinds));
      return row;
    },

    /** Uses it up. Of two at once, one gets it. */
    async take(token: string, kinds: TokenKind[]): Promise<EmailTokenRow | undefined> {
      const [row] = await database
        .delete(emailTokens)
        .where(await live(token, kinds))
        .returning();
      return row;
    },

    async forgetExpired(): Promise<void> {
      await database.delete(emailTokens).where(lte(emailTokens.expiresAt, now()));
    },
  };
}

/** What is told of a token that is not one, whatever the reason. */
export const unknownLink = () =>
  new Problem(403, "The link is wrong, too old, or was used already. Ask for a new one.");
