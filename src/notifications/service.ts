/** Notifications: what happens is told where each account wants to hear of it. */
import { and, eq, isNull } from "drizzle-orm";
import { createEmailTokens } from "../accounts/email-tokens";
import type { AccountIdentity } from "../accounts/identity";
import { createLetters } from "../accounts/letters";
import type { Mailer } from "../mail/mailer";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { notificationChannels } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import { type ChannelSettingsPorts, createChannelSettings } from "./channel-settings";
import { type ChannelInput, createChannels } from "./channels";
import { createDeliveries } from "./deliveries";
import { createDeliveryLog, type LogPage } from "./delivery-log";
import { createQueue } from "./queue";
import { createRecipients } from "./recipients";
import { type ChannelRow, createTelling, type DeliveryRow, type Message } from "./telling";

export interface NotificationPorts {
  database: Database;
  sealer: Sealer;
  mailer: Mailer;
  fetch: typeof fetch;
  credential: ChannelSettingsPorts["credential"];
  fields: ChannelSettingsPorts["fields"];
  /** Throws a Problem that points at the field, for a URL that may not be called. */
  checkUrl: (url: string, pointer: string) => string;
  /** Where people open this certedge. */
  publicUrl: string;
  pepper: string;
  /** Lets work go on behind whatever asked for it. */
  background: (work: Promise<void>) => void;
  now: () => number;
  random?: () => number;
}

export type Notifications = ReturnType<typeof createNotifications>;

export function createNotifications(ports: NotificationPorts) {
  const { database, mailer, now, publicUrl } = ports;
  const settings = createChannelSettings(ports);
  const queue = createQueue(ports);
  const log = createDeliveryLog(ports);
  const recipients = createRecipients({
    ...ports,
    settings,
    tokens: createEmailTokens({ database, now }),
    letters: createLetters(publicUrl),
  });
  const deliveries = createDeliveries({
    ...ports,
    queue,
    settings,
    host: URL.canParse(publicUrl) ? new URL(publicUrl).host : "certedge",
    checkUrl: (url) => ports.checkUrl(url, "/settings/url"),
    random: ports.random ?? Math.random,
    stopLink: recipients.stopLink,
    channelGone,
  });
  const { tell, ensureUsualChannel } = createTelling({
    ...ports,
    settings,
    deliver: (ids) => inBackground(deliveries.deliver(ids)),
  });
  const channels = createChannels({ ...ports, settings, recipients, ensureUsualChannel });

  function inBackground(work: Promise<void>): void {
    const noted = work.catch((error: Error) => {
      console.error(JSON.stringify({ event: "notifications not delivered yet", error: error.name }));
    });
    ports.background(noted);
  }

  /** Nobody is at the other end: the channel is disabled once, and its owner hears of it elsewhere. */
  async function channelGone({ id, ownerId, name, kind }: ChannelRow, answer: string): Promise<void> {
    const [disabled] = await database
      .update(notificationChannels)
      .set({ disabledAt: now(), disabledBecause: answer, updatedAt: now() })
      .where(and(eq(notificationChannels.id, id), isNull(notificationChannels.disabledAt)))
      .returning();
    if (!disabled) return;
    await tell(ownerId, {
      event: "channel.failed",
      subject: `notification channel ${name}`,
      title: `The notification channel ${name} does not exist any more`,
      detail: `It answered: ${answer}. Nothing is sent to it from now on. Give it a new address and enable it, or delete it.`,
      facts: { channel_id: id, kind, answer },
    });
  }

  return {
    tell,
    /** The mail that everything is sent by; `off` says why there is none. */
    mailer,
    find: channels.find,
    list: channels.list,
    masked: channels.masked,
    create: channels.create,
    remove: channels.remove,
    lastDeliveries: (ownerId: number, channelId: string | null = null) => log.last(ownerId, channelId),
    askAgain: channels.askAgain,
    agree: recipients.agree,
    stop: recipients.stop,

    async change(account: AccountIdentity, id: string, change: Partial<ChannelInput>) {
      const stored = await channels.change(account, id, change);
      if (change.digest !== undefined || change.digestTime !== undefined) await queue.hastenDigest(id);
      return stored;
    },

    /** What a channel was sent, newest first. */
    async log(ownerId: number, channelId: string, page: LogPage): Promise<DeliveryRow[]> {
      const { id } = await channels.find(ownerId, channelId);
      return log.page(id, page);
    },

    /** Sends a trial now, once. */
    async test(account: AccountIdentity, id: string): Promise<DeliveryRow> {
      const { name, disabledAt } = await channels.find(account.id, id);
      if (disabledAt !== null) throw new Problem(409, `The channel "${name}" is disabled. Enable it first.`);
      const message: Message = {
        subject: `notification channel ${name}`,
        title: `A trial of the notification channel ${name}`,
        detail: `${account.username} has sent this to see whether it arrives. There is nothing to do.`,
        facts: { channel_id: id },
        at: now(),
      };
      const row = await queue.insertTaken({ ownerId: account.id, channelId: id, event: "test", message });
      await deliveries.tryOnce(row);
      return queue.find(account.id, row.id);
    },

    /** Tries a delivery again now, from its first try on. */
    async retry(ownerId: number, deliveryId: string): Promise<DeliveryRow> {
      const row = await queue.find(ownerId, deliveryId);
      const { name, disabledAt } = await channels.find(ownerId, row.channelId);
      if (disabledAt !== null) throw new Problem(409, `The channel "${name}" is disabled. Enable it first.`);
      await queue.again(row);
      await deliveries.deliver([row.id]);
      return queue.find(ownerId, row.id);
    },

    tick: deliveries.tick,
  };
}
