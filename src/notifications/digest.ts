/** What a digest says: everything that it collected by number, the most important in words. */
import { asc, desc, eq, sql } from "drizzle-orm";
import type { Database } from "../storage/database";
import { notificationDeliveries } from "../storage/schema";
import type { Entry } from "./dispatch";
import { events, type NotificationEvent, type Severity } from "./events";
import type { DeliveryRow, Message } from "./telling";

export interface Digest {
  title: string;
  severity: Severity;
  entries: Entry[];
  more: number;
}

const MOST_ENTRIES = 50;

const worstFirst = ["problem", "warning", "news"] as const satisfies Severity[];
const plurals: Record<Severity, [one: string, many: string]> = {
  problem: ["problem", "problems"],
  warning: ["warning", "warnings"],
  news: ["piece of good news", "pieces of good news"],
};

/** The place of an event among the others, worst first. */
const rank = sql.join([
  sql`CASE`,
  ...worstFirst.map(
    (severity, place) =>
      sql` WHEN ${notificationDeliveries.event} IN (${sql.join(
        Object.entries(events).flatMap(([name, event]) => (event.severity === severity ? [sql`${name}`] : [])),
        sql`, `,
      )}) THEN ${place}`,
  ),
  sql` END`,
]);

/** An event that an older version knew is one to look at. */
export const severityOf = (event: string): Severity =>
  Object.hasOwn(events, event) ? events[event as NotificationEvent].severity : "warning";

export function entryOf({ event, message }: Pick<DeliveryRow, "event" | "message">): Entry {
  const { title, ...said } = message as Message;
  // As a heading it ends without a full stop.
  return { ...said, title: title.replace(/\.$/, ""), event: event as NotificationEvent, severity: severityOf(event) };
}

export async function readDigest(database: Database, digestId: string): Promise<Digest> {
  const ofDigest = eq(notificationDeliveries.digestId, digestId);
  const [rows, counts] = await database.batch([
    database
      .select({ event: notificationDeliveries.event, message: notificationDeliveries.message })
      .from(notificationDeliveries)
      .where(ofDigest)
      .orderBy(asc(rank), desc(notificationDeliveries.createdAt))
      .limit(MOST_ENTRIES),
    database
      .select({ event: notificationDeliveries.event, count: sql<number>`count(*)` })
      .from(notificationDeliveries)
      .where(ofDigest)
      .groupBy(notificationDeliveries.event),
  ]);
  const entries = rows.map(entryOf);
  const numbers = worstFirst.flatMap((severity) => {
    const count = counts.reduce((sum, row) => sum + (severityOf(row.event) === severity ? row.count : 0), 0);
    return count > 0 ? [{ severity, count }] : [];
  });
  const total = numbers.reduce((sum, { count }) => sum + count, 0);
  return {
    title: `Digest: ${numbers.map(({ severity, count }) => `${count} ${plurals[severity][count === 1 ? 0 : 1]}`).join(", ")}`,
    severity: numbers[0]?.severity ?? "news",
    entries,
    more: total - entries.length,
  };
}
