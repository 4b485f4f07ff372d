/** Delivering: at once when something is told, and by the cron whatever that left. */
import { eq, sql } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, notificationChannels } from "../storage/schema";
import type { MailTarget } from "./channel-kind";
import { channelKinds } from "./channel-kinds";
import type { ChannelSettings } from "./channel-settings";
import { entryOf, readDigest } from "./digest";
import type { Dispatch, Outcome } from "./dispatch";
import type { Queue } from "./queue";
import { nextTry } from "./retrying";
import { type SendingPorts, send, type Target } from "./sending";
import type { ChannelRow, DeliveryRow } from "./telling";

export interface DeliveryPorts extends SendingPorts {
  database: Database;
  queue: Queue;
  settings: ChannelSettings;
  /** Of this certedge. */
  host: string;
  /** By which an address that is not the account's own is written to no more. */
  stopLink: (channelId: string, address: string) => Promise<string>;
  /** What is done about a channel that nobody is at the other end of any more. */
  channelGone: (channel: ChannelRow, answer: string) => Promise<void>;
  random: () => number;
}

interface Recipient {
  channel: ChannelRow;
  account: Pick<typeof accounts.$inferSelect, "username" | "email" | "emailVerifiedAt">;
}

/** What is taken at once, and how often in a tick. */
const BATCH = 40;
const MOST_BATCHES = 5;
/** What one channel gets of a run: its other messages wait for the next one. */
const PATIENCE = 30_000;

export type Deliveries = ReturnType<typeof createDeliveries>;

export function createDeliveries(ports: DeliveryPorts) {
  const { database, queue, settings, now } = ports;

  async function recipientsOf(rows: DeliveryRow[]): Promise<Map<string, Recipient>> {
    const ids = JSON.stringify([...new Set(rows.map(({ channelId }) => channelId))]);
    const { username, email, emailVerifiedAt } = accounts;
    const found = await database
      .select({ channel: notificationChannels, account: { username, email, emailVerifiedAt } })
      .from(notificationChannels)
      .innerJoin(accounts, eq(accounts.id, notificationChannels.ownerId))
      .where(sql`${notificationChannels.id} IN (SELECT value FROM json_each(${ids}))`);
    return new Map(found.map((recipient) => [recipient.channel.id, recipient]));
  }

  /** The account's own address counts once it was verified, another one once it has agreed. */
  async function addressOf({ channel, account }: Recipient, to: unknown): Promise<MailTarget | undefined> {
    if (typeof to !== "string") return account.emailVerifiedAt === null ? undefined : { address: account.email };
    return channel.agreedAt === null ? undefined : { address: to, stopLink: await ports.stopLink(channel.id, to) };
  }

  async function targetOf(recipient: Recipient): Promise<Target> {
    const { channel } = recipient;
    const complete = await settings.complete(channel);
    const to = channel.kind === "email" ? await addressOf(recipient, complete.to) : undefined;
    return { kind: channelKinds[channel.kind], settings: complete, to };
  }

  async function dispatchOf(row: DeliveryRow, { account }: Recipient): Promise<Dispatch> {
    const common = { id: row.id, sentAt: now(), host: ports.host, account: account.username };
    if (row.event === "digest")
      return { ...common, type: "digest", at: now(), ...(await readDigest(database, row.id)) };
    const entry = entryOf(row);
    const { event: type, title, severity, at } = entry;
    return { ...common, type, title, severity, at, entries: [entry], more: 0 };
  }

  async function attempt(row: DeliveryRow, recipient: Recipient): Promise<Outcome> {
    if (recipient.channel.disabledAt !== null) return { kind: "refused", answer: "The channel is disabled." };
    try {
      return await send(ports, await targetOf(recipient), await dispatchOf(row, recipient));
    } catch (error) {
      // A credential that may not be used, a key that is missing in the ring: either may be put right within the day.
      if (error instanceof Problem) return { kind: "again", answer: error.detail };
      console.error(JSON.stringify({ event: "notification not sent", error: (error as Error).name }));
      return { kind: "again", answer: "The channel's settings could not be read." };
    }
  }

  /** Sends one channel's messages one after another; once one is not taken, the others wait as well. */
  async function serve(recipient: Recipient, rows: DeliveryRow[]): Promise<void> {
    const until = now() + PATIENCE;
    for (const [place, row] of rows.entries()) {
      const rest = rows.slice(place + 1);
      const outcome = await attempt(row, recipient);
      const { channel } = recipient;
      if (outcome.kind === "delivered") await queue.end(row, "delivered", outcome.answer);
      else if (outcome.kind === "refused") await queue.end(row, "failed", outcome.answer);
      else if (outcome.kind === "gone") {
        await ports.channelGone(channel, outcome.answer);
        return queue.abandon(channel.id, outcome.answer);
      } else {
        if (outcome.settings) await changeSettings(channel, outcome.settings);
        return again(row, rest, outcome);
      }
      if (now() > until) return queue.giveBack(rest, now());
    }
  }

  async function again(row: DeliveryRow, rest: DeliveryRow[], outcome: Outcome & { kind: "again" }): Promise<void> {
    const { answer, retryAfter } = outcome;
    const next = nextTry(row.attempts, { now: now(), retryAfter, random: ports.random() });
    await queue.giveBack(rest, now());
    if (next === undefined) await queue.end(row, "failed", answer);
    else await queue.putOff(row, next, answer);
  }

  async function changeSettings(channel: ChannelRow, changes: Record<string, string>): Promise<void> {
    const sealedSettings = await settings.seal(channel, { ...(await settings.open(channel)), ...changes });
    await database.update(notificationChannels).set({ sealedSettings }).where(eq(notificationChannels.id, channel.id));
  }

  async function run(rows: DeliveryRow[]): Promise<void> {
    if (rows.length === 0) return;
    const recipients = await recipientsOf(rows);
    await Promise.all(
      [...recipients.values()].map((recipient) => {
        const own = rows.filter(({ channelId }) => channelId === recipient.channel.id);
        return serve(
          recipient,
          own.sort((a, b) => a.createdAt - b.createdAt),
        );
      }),
    );
  }

  return {
    /** Best effort: what does not go out now, the cron sends. */
    deliver: async (ids: string[]): Promise<void> => run(await queue.claimThese(ids)),

    /** One tick's share of what is due. */
    async tick(): Promise<void> {
      const until = now() + PATIENCE;
      for (let batch = 0; batch < MOST_BATCHES && now() <= until; batch++) {
        const rows = await queue.claimDue(BATCH);
        await run(rows);
        if (rows.length < BATCH) break;
      }
      await queue.sweep();
    },

    /** Sends one that is taken already, once, whatever comes of it. */
    async tryOnce(row: DeliveryRow): Promise<Outcome> {
      const recipient = (await recipientsOf([row])).get(row.channelId);
      if (!recipient) return { kind: "refused", answer: "The channel was deleted." };
      const outcome = await attempt(row, recipient);
      await queue.end(row, outcome.kind === "delivered" ? "delivered" : "failed", outcome.answer);
      return outcome;
    },
  };
}
