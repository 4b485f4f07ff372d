/** Where an account is told of what happens, and each telling. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { owner } from "./accounts";
import { instant, json } from "./columns";
import { storedCredentials } from "./credentials";
import type { weekdays } from "./instances";

export const channelKinds = ["email", "webhook", "slack", "teams", "discord", "telegram", "ntfy"] as const;
export type ChannelKind = (typeof channelKinds)[number];

export const digests = ["none", "daily", "weekly"] as const;

/** When a digest goes out, by the clock of its time zone. */
export interface DigestTime {
  /** 0 to 23 */
  hour: number;
  /** Of a weekly one. */
  weekday: (typeof weekdays)[number];
  /** "Europe/Berlin" */
  timeZone: string;
}

export const notificationChannels = sqliteTable(
  "notification_channels",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    name: text("name").notNull(),
    kind: text("kind", { enum: channelKinds }).notNull(),
    /** Addresses and secrets, by the kind's own schema. */
    sealedSettings: text("sealed_settings").notNull(),
    /** Where its secret comes from instead. */
    credentialId: text("credential_id").references(() => storedCredentials.id),
    /** The events that it is told of; null is all. */
    events: json<string[]>("events"),
    /** The instances that it is told of; null is everything of the account. */
    instanceIds: json<string[]>("instance_ids"),
    digest: text("digest", { enum: digests }).notNull(),
    /** Null is the usual time. */
    digestTime: json<DigestTime>("digest_time"),
    disabledAt: instant("disabled_at"),
    /** Why, where it was not its owner who did. */
    disabledBecause: text("disabled_because"),
    /** Of an e-mail channel: since when its address may be written to, be it the account's own or one that agreed. */
    agreedAt: instant("agreed_at"),
    createdAt: instant("created_at").notNull(),
    updatedAt: instant("updated_at").notNull(),
  },
  (t) => [uniqueIndex("notification_channels_by_name").on(t.ownerId, t.name)],
);

export const deliveryStates = ["waiting", "sending", "collected", "delivered", "failed"] as const;

export const notificationDeliveries = sqliteTable(
  "notification_deliveries",
  {
    id: text("id").primaryKey(),
    ownerId: owner(),
    channelId: text("channel_id")
      .notNull()
      .references(() => notificationChannels.id, { onDelete: "cascade" }),
    event: text("event").notNull(),
    /** What is told; nothing secret. */
    message: json<unknown>("message").notNull(),
    /** "sending": somebody has taken it, until `nextAt`. "collected": it goes out as part of a digest. */
    state: text("state", { enum: deliveryStates }).notNull(),
    /** The delivery that is that digest. */
    digestId: text("digest_id"),
    attempts: integer("attempts").notNull(),
    /** When it is tried next; null once it has ended. */
    nextAt: instant("next_at"),
    /** The HTTP status or the error of the last attempt. */
    answer: text("answer"),
    createdAt: instant("created_at").notNull(),
    endedAt: instant("ended_at"),
  },
  (t) => [
    index("notification_deliveries_due").on(t.nextAt).where(sql`next_at IS NOT NULL`),
    index("notification_deliveries_open").on(t.channelId, t.nextAt).where(sql`next_at IS NOT NULL`),
    index("notification_deliveries_by_channel").on(t.channelId, t.createdAt),
    index("notification_deliveries_by_digest").on(t.digestId).where(sql`digest_id IS NOT NULL`),
    index("notification_deliveries_ended").on(t.endedAt).where(sql`ended_at IS NOT NULL`),
  ],
);
