/** What a channel was sent, and what came of it. */
import { and, desc, eq, lt, or, sql } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { notificationDeliveries as table } from "../storage/schema";
import type { DeliveryRow } from "./telling";

export interface LogPage {
  /** The id of the last delivery of the page before. */
  before?: string | undefined;
  limit: number;
}

export type DeliveryLog = ReturnType<typeof createDeliveryLog>;

export function createDeliveryLog({ database }: { database: Database }) {
  async function earlierThan(channelId: string, id: string) {
    const [row] = await database
      .select({ createdAt: table.createdAt })
      .from(table)
      .where(and(eq(table.id, id), eq(table.channelId, channelId)));
    const detail = "There is no such delivery of this channel any more. Begin again.";
    if (!row) throw new Problem(422, detail, { errors: [{ pointer: "?before", detail }] });
    const { createdAt } = row;
    return or(lt(table.createdAt, createdAt), and(eq(table.createdAt, createdAt), lt(table.id, id)));
  }

  return {
    /** Newest first. Throws 422 for a page that begins behind nothing. */
    async page(channelId: string, { before, limit }: LogPage): Promise<DeliveryRow[]> {
      const earlier = before === undefined ? undefined : await earlierThan(channelId, before);
      return database
        .select()
        .from(table)
        .where(and(eq(table.channelId, channelId), earlier))
        .orderBy(desc(table.createdAt), desc(table.id))
        .limit(limit);
    },

    /** The last one that ended, of each channel of the account, or of one. */
    async last(ownerId: number, channelId: string | null): Promise<Map<string, DeliveryRow>> {
      const ids = sql`SELECT (SELECT told.id FROM notification_deliveries AS told WHERE told.channel_id = channel.id
        AND told.ended_at IS NOT NULL ORDER BY told.created_at DESC LIMIT 1)
        FROM notification_channels AS channel
        WHERE channel.owner_id = ${ownerId} AND channel.id = coalesce(${channelId}, channel.id)`;
      const rows = await database.select().from(table).where(sql`${table.id} IN (${ids})`);
      return new Map(rows.map((row) => [row.channelId, row]));
    },
  };
}
