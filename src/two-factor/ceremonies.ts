/** What certedge remembers between the steps of a sign-in or a registration: for five minutes, each used once. */
import { and, eq, gt, lt, lte, sql } from "drizzle-orm";
import { hashToken } from "../accounts/token";
import type { Database } from "../storage/database";
import { ceremonies } from "../storage/schema";

const LIFETIME = 300_000;
const MOST_ATTEMPTS = 5;
/** At all ceremonies of an account that are not over yet: whoever begins many of them gets no more tries by that. */
const MOST_ATTEMPTS_AT_ACCOUNT = 10;

export type CeremonyRow = typeof ceremonies.$inferSelect;
type Kind = CeremonyRow["kind"];

export type Ceremonies = ReturnType<typeof createCeremonies>;

export function createCeremonies({ database, now }: { database: Database; now: () => number }) {
  const live = async (token: string, kind: Kind) =>
    and(eq(ceremonies.tokenHash, await hashToken(token)), eq(ceremonies.kind, kind), gt(ceremonies.expiresAt, now()));

  return {
    async begin(kind: Kind, token: string, details: { accountId?: number; challenge?: string } = {}): Promise<void> {
      const expiresAt = now() + LIFETIME;
      await database.insert(ceremonies).values({ tokenHash: await hashToken(token), kind, expiresAt, ...details });
    },

    /** Takes one of the attempts; nothing when there is none left. Counted before it is known how it ends. */
    async attempt(kind: Kind, token: string): Promise<CeremonyRow | undefined> {
      const ofAccount = sql`(SELECT coalesce(sum(other.attempts), 0) FROM ceremonies AS other
        WHERE other.account_id = ${ceremonies.accountId} AND other.kind = ${kind} AND other.expires_at > ${now()})`;
      const hasRoom = and(lt(ceremonies.attempts, MOST_ATTEMPTS), sql`${ofAccount} < ${MOST_ATTEMPTS_AT_ACCOUNT}`);
      const [row] = await database
        .update(ceremonies)
        .set({ attempts: sql`attempts + 1` })
        .where(and(await live(token, kind), hasRoom))
        .returning();
      return row;
    },

    /** Ends it. Of two at once, one gets it. */
    async take(kind: Kind, token: string): Promise<CeremonyRow | undefined> {
      const [row] = await database
        .delete(ceremonies)
        .where(await live(token, kind))
        .returning();
      return row;
    },

    /** Whether an account has none left. */
    async isUsedUp(kind: Kind, accountId: number): Promise<boolean> {
      const [row] = await database
        .select({ attempts: sql<number>`coalesce(sum(attempts), 0)` })
        .from(ceremonies)
        .where(and(eq(ceremonies.accountId, accountId), eq(ceremonies.kind, kind), gt(ceremonies.expiresAt, now())));
      return (row?.attempts ?? 0) >= MOST_ATTEMPTS_AT_ACCOUNT;
    },

    async forgetExpired(): Promise<void> {
      await database.delete(ceremonies).where(lte(ceremonies.expiresAt, now()));
    },
  };
}
