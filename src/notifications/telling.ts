/** Telling: what happened becomes one delivery for each channel of the account whose rules fit. */
import { eq } from "drizzle-orm";
import type { Mailer } from "../mail/mailer";
import type { Database } from "../storage/database";
import { accounts, notificationChannels, notificationDeliveries } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import { nextDigest, usualDigestTime } from "./digest-time";
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
  sealer: Sealer;
  mailer: Mailer;
  now: () => number;
}

export const settingsPlace = (channelId: string, ownerId: number) =>
  `notification_channels/${channelId}/sealed_settings/${ownerId}`;

/** The channel that an account has which made none. */
const USUAL_NAME = "E-mail";

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
        sealedSettings: await ports.sealer.seal("{}", settingsPlace(id, ownerId)),
        events: mattering,
        digest: "none",
        agreedAt: now(),
        createdAt: now(),
        updatedAt: now(),
      })
      .onConflictDoNothing();
  }

  const stored = (ownerId: number) =>
    database.select().from(notificationChannels).where(eq(notificationChannels.ownerId, ownerId));

  async function channelsOf(ownerId: number): Promise<ChannelRow[]> {
    const rows = await stored(ownerId);
    if (rows.length > 0) return rows;
    await ensureUsualChannel(ownerId);
    return stored(ownerId);
  }

  /** The rows of one delivery: itself, and the digest that it is part of. */
  function rowsFor(channel: ChannelRow, { event, ...said }: Notification): DeliveryRow[] {
    const message: Message = { ...said, at: now() };
    const of = { ownerId: channel.ownerId, channelId: channel.id, attempts: 0, answer: null, endedAt: null };
    const row = { ...of, id: crypto.randomUUID(), event, message, digestId: null, createdAt: now() };
    if (channel.digest === "none") return [{ ...row, state: "waiting", nextAt: now() }];
    const nextAt = nextDigest(channel.digest, channel.digestTime ?? usualDigestTime, now());
    // Whoever tells first makes the digest, and all others find it.
    const digestId = `${channel.id}-${nextAt / 1000}`;
    return [
      { ...row, id: digestId, event: "digest", message: {}, state: "waiting", nextAt },
      { ...row, state: "collected", nextAt: null, digestId },
    ];
  }

  const tell: Tell = async (ownerId, notification) => {
    const channels = (await channelsOf(ownerId)).filter((channel) => isFor(channel, notification));
    const rows = channels.flatMap((channel) => rowsFor(channel, notification));
    const [first, ...rest] = rows.map((row) =>
      database.insert(notificationDeliveries).values(row).onConflictDoNothing(),
    );
    if (!first) return;
    await database.batch([first, ...rest]);
  };

  return { tell, channelsOf };
}

/** Whether a channel is told of it. */
function isFor(channel: ChannelRow, { event, facts }: Notification): boolean {
  const { kind, disabledAt, agreedAt, events, instanceIds } = channel;
  if (disabledAt !== null || (kind === "email" && agreedAt === null)) return false;
  const instance = facts.instance_id;
  const isItsInstance = instanceIds === null || (typeof instance === "string" && instanceIds.includes(instance));
  return isItsInstance && (events === null || events.some((rule) => fits(rule, event)));
}
