/** The queue of deliveries as it is stored: taken by one run at a time, tried again later, ended, swept. */
import { and, eq, inArray, lt, lte, ne, type SQL, sql } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { notificationDeliveries as table } from "../storage/schema";
import type { DeliveryRow } from "./telling";

/** For how long what was taken is nobody else's: longer than it may take to send it. */
const LEASE = 60_000;
const KEPT = 30 * 86_400_000;
const SWEPT_AT_ONCE = 1000;

export type Queue = ReturnType<typeof createQueue>;

export function createQueue({ database, now }: { database: Database; now: () => number }) {
  const ids = (rows: { id: string }[]) => JSON.stringify(rows.map(({ id }) => id));
  const among = (list: string) => sql`${table.id} IN (SELECT value FROM json_each(${list}))`;

  /** Each try is counted before it is made. What somebody took who never came back is anybody's again. */
  const claim = (which: SQL): Promise<DeliveryRow[]> =>
    database
      .update(table)
      .set({ state: "sending", nextAt: now() + LEASE, attempts: sql`${table.attempts} + 1` })
      .where(and(which, inArray(table.state, ["waiting", "sending"]), lte(table.nextAt, now())))
      .returning();

  /** Nothing of a run that comes late counts: another one has taken the row since. */
  const stillTaken = ({ id, attempts }: DeliveryRow) =>
    and(eq(table.id, id), eq(table.attempts, attempts), eq(table.state, "sending"));

  const waitingOf = (channelId: string) => and(eq(table.channelId, channelId), eq(table.state, "waiting"));

  return {
    /** The oldest that are due. */
    claimDue: (most: number) =>
      claim(
        sql`${table.id} IN (SELECT id FROM notification_deliveries WHERE next_at <= ${now()} ORDER BY next_at LIMIT ${most})`,
      ),

    claimThese: (list: string[]) => claim(among(JSON.stringify(list))),

    /** Ends a try for good. What waits for a channel that takes messages again need not wait any longer. */
    async end(row: DeliveryRow, state: "delivered" | "failed", answer: string): Promise<void> {
      const ended = { state, answer, endedAt: now(), nextAt: null };
      await database.batch([
        database.update(table).set(ended).where(stillTaken(row)),
        ...(row.event === "digest"
          ? [database.update(table).set({ state, endedAt: now() }).where(eq(table.digestId, row.id))]
          : []),
        ...(state === "delivered" ? [wake(row.channelId)] : []),
      ]);
    },

    /** Puts a try off; what else waits for the channel would be answered alike. */
    async putOff(row: DeliveryRow, nextAt: number, answer: string): Promise<void> {
      await database.batch([
        database.update(table).set({ state: "waiting", nextAt, answer }).where(stillTaken(row)),
        database
          .update(table)
          .set({ nextAt })
          .where(and(waitingOf(row.channelId), lt(table.nextAt, nextAt))),
      ]);
    },

    /** Gives back what was taken and not tried. */
    async giveBack(rows: DeliveryRow[], nextAt: number): Promise<void> {
      if (rows.length === 0) return;
      await database
        .update(table)
        .set({ state: "waiting", nextAt, attempts: sql`${table.attempts} - 1` })
        .where(and(among(ids(rows)), eq(table.state, "sending")));
    },

    /** A digest that is still to come goes out now: its time is another one from here on. */
    async hastenDigest(channelId: string): Promise<void> {
      await database
        .update(table)
        .set({ nextAt: now() })
        .where(and(waitingOf(channelId), eq(table.event, "digest")));
    },

    /** A row that is taken from the start, by whoever made it. */
    async insertTaken(row: Pick<DeliveryRow, "ownerId" | "channelId" | "event" | "message">): Promise<DeliveryRow> {
      const taken = { state: "sending", attempts: 1, nextAt: now() + LEASE, createdAt: now() } as const;
      const whole = { ...row, ...taken, id: crypto.randomUUID(), digestId: null, answer: null, endedAt: null };
      await database.insert(table).values(whole);
      return whole;
    },

    async find(ownerId: number, id: string): Promise<DeliveryRow> {
      const [row] = await database
        .select()
        .from(table)
        .where(and(eq(table.id, id), eq(table.ownerId, ownerId)));
      if (!row) throw new Problem(404, "Delivery not found");
      return row;
    },

    /** Everything that is open fails: there is no channel for it any more. */
    async abandon(channelId: string, answer: string): Promise<void> {
      await database
        .update(table)
        .set({ state: "failed", answer, endedAt: now(), nextAt: null })
        .where(and(eq(table.channelId, channelId), inArray(table.state, ["waiting", "sending", "collected"])));
    },

    /** Makes one due that has ended, or waits. Throws 409 for one that cannot be. */
    async again({ id, digestId, state }: DeliveryRow): Promise<void> {
      const whole = `POST /api/notifications/deliveries/${digestId}/retry`;
      if (digestId !== null) throw new Problem(409, `It is part of a digest. Retry that: ${whole}.`);
      const due = { state: "waiting", nextAt: now(), attempts: 0, endedAt: null } as const;
      const changed = await database
        .update(table)
        .set(due)
        .where(and(eq(table.id, id), eq(table.state, state), ne(table.state, "sending")))
        .returning({ id: table.id });
      if (changed.length === 0) throw new Problem(409, "It is being sent at this moment.");
    },

    /** Forgets what ended long ago. */
    async sweep(): Promise<void> {
      const old = sql`SELECT id FROM notification_deliveries WHERE ended_at < ${now() - KEPT} ORDER BY ended_at LIMIT ${SWEPT_AT_ONCE}`;
      await database.delete(table).where(sql`${table.id} IN (${old})`);
    },
  };

  /** A digest that was never tried goes out at its time. */
  function wake(channelId: string) {
    const isPutOff = sql`(${table.event} <> 'digest' OR ${table.attempts} > 0)`;
    return database
      .update(table)
      .set({ nextAt: now() })
      .where(and(waitingOf(channelId), isPutOff));
  }
}
