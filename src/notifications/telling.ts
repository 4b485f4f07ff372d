/** Telling: what happened becomes one delivery for each channel of the account whose rules fit. */
import { asc, eq, getTableColumns, sql } from "drizzle-orm";
import type { Mailer } from "../mail/mailer";
import type { Database } from "../storage/database";
import { accounts, notificationChannels, notificationDeliveries } from "../storage/schema";
import type { ChannelSettings } from "./channel-settings";
import { endOfFlood, nextDigest, usualDigestTime } from "./digest-time";
import { fits, mattering, type Notification, type Tell } from "./events";

export type ChannelRow = typeof notificationChannels.$inferSelect;
export type DeliveryRow = typeof notificationDeliveries.$inferSelect;

/** As a delivery keeps it. */
export interface Message extends Omit<Notification, "event"> {
  /** When it happened. */
  at: number;
}

export interface TellingPorts {
  database: Database;
  settings: Pick<ChannelSettings, "seal">;
  mailer: Mailer;
  /** Tries at once what was stored; the cron does whatever that leaves. */
  deliver: (deliveryIds: string[]) => void;
  now: () => number;
}

/** The channel that an account has which made none. */
const USUAL_NAME = "E-mail";

const HOUR = 3_600_000;
/** What comes within an hour beyond this is collected: nobody reads a thousand messages about one outage. */
const FLOOD = 30;

interface Listener extends ChannelRow {
  /** Messages of its own within the last hour, up to a flood. */
  recent: number;
}

export type Telling = ReturnType<typeof createTelling>;

export function createTelling(ports: TellingPorts) {
  const { database, now } = ports;

  /** An account without any channel is told of what matters at its own address, once that was verified. */
  async function ensureUsualChannel(ownerId: number): Promise<void> {
    const [owner] = await database.select().from(accounts).where(eq(accounts.id, ownerId));
    if (!owner || owner.emailVerifiedAt === null || ports.mailer.off) return;
    const id = crypto.randomUUID();
    await database
      .insert(notificationChannels)
      .values({
        id,
        ownerId,
        name: USUAL_NAME,
        kind: "email",
        sealedSettings: await ports.settings.seal({ id, ownerId }, {}),
        events: mattering,
        digest: "none",
        agreedAt: now(),
        createdAt: now(),
        updatedAt: now(),
      })
      .onConflictDoNothing();
  }

  function listenersOf(ownerId: number): Promise<Listener[]> {
    const recent = sql`SELECT 1 FROM notification_deliveries AS told WHERE told.channel_id = ${notificationChannels.id}
      AND told.created_at > ${now() - HOUR} AND told.digest_id IS NULL LIMIT ${FLOOD}`;
    return database
      .select({ ...getTableColumns(notificationChannels), recent: sql<number>`(SELECT count(*) FROM (${recent}))` })
      .from(notificationChannels)
      .where(eq(notificationChannels.ownerId, ownerId))
      .orderBy(asc(notificationChannels.name));
  }

  async function channelsOf(ownerId: number): Promise<Listener[]> {
    const rows = await listenersOf(ownerId);
    if (rows.length > 0) return rows;
    await ensureUsualChannel(ownerId);
    return listenersOf(ownerId);
  }

  /** Of a channel that is gone, mail tells whoever would hear it nowhere else. */
  async function listeners(ownerId: number, notification: Notification): Promise<Listener[]> {
    const channels = (await channelsOf(ownerId)).filter((channel) => isFor(channel, notification));
    if (channels.length > 0 || notification.event !== "channel.failed") return channels;
    await ensureUsualChannel(ownerId);
    return (await listenersOf(ownerId)).filter((channel) => isFor(channel, notification));
  }

  /** When the digest goes out that a message to the channel is part of; nothing where it goes out by itself. */
  function digestOf({ kind, digest, digestTime, recent }: Listener): number | undefined {
    if (digest !== "none") return nextDigest(digest, digestTime ?? usualDigestTime, now());
    // A program wants each one, however many there are.
    return kind !== "webhook" && recent >= FLOOD ? endOfFlood(now()) : undefined;
  }

  /** The rows of one delivery: itself, and the digest that it is part of. */
  function rowsFor(channel: Listener, { event, ...said }: Notification): DeliveryRow[] {
    const message: Message = { ...said, at: now() };
    const of = { ownerId: channel.ownerId, channelId: channel.id, attempts: 0, answer: null, endedAt: null };
    const row = { ...of, id: crypto.randomUUID(), event, message, digestId: null, createdAt: now() };
    const nextAt = digestOf(channel);
    if (nextAt === undefined) return [{ ...row, state: "waiting", nextAt: now() }];
    // Whoever tells first makes the digest, and all others find it.
    const digestId = `${channel.id}-${nextAt / 1000}`;
    return [
      { ...row, id: digestId, event: "digest", message: {}, state: "waiting", nextAt },
      { ...row, state: "collected", nextAt: null, digestId },
    ];
  }

  const tell: Tell = async (ownerId, notification) => {
    const rows = (await listeners(ownerId, notification)).flatMap((channel) => rowsFor(channel, notification));
    const [first, ...rest] = rows.map((row) =>
      database.insert(notificationDeliveries).values(row).onConflictDoNothing(),
    );
    if (!first) return;
    await database.batch([first, ...rest]);
    const due = rows.filter(({ nextAt }) => nextAt !== null && nextAt <= now());
    if (due.length > 0) ports.deliver(due.map(({ id }) => id));
  };

  return { tell, ensureUsualChannel };
}

/** Whether a channel is told of it. */
function isFor(channel: ChannelRow, { event, facts }: Notification): boolean {
  const { kind, disabledAt, agreedAt, events, instanceIds } = channel;
  if (disabledAt !== null || (kind === "email" && agreedAt === null)) return false;
  const instance = facts.instance_id;
  const isItsInstance = instanceIds === null || (typeof instance === "string" && instanceIds.includes(instance));
  return isItsInstance && (events === null || events.some((rule) => fits(rule, event)));
}
