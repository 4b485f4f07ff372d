/** Notification channels and deliveries as the API takes and shows them. */
import { z } from "@hono/zod-openapi";
import type { ChannelKind as Kind } from "../../notifications/channel-kind";
import type { ChannelInput } from "../../notifications/channels";
import { severityOf } from "../../notifications/digest";
import { events, fits, type NotificationEvent } from "../../notifications/events";
import type { ChannelRow, DeliveryRow, Message } from "../../notifications/telling";
import { isTimeZone } from "../../settings/time-zones";
import { weekdays } from "../../storage/tables/instances";
import { channelKinds, deliveryStates, digests } from "../../storage/tables/notifications";
import { instant, maybeInstant } from "../schemas";
import { Field } from "./credential-schemas";

const names = Object.keys(events) as NotificationEvent[];
const isRule = (rule: string) => names.some((name) => fits(rule, name));

const Rule = z
  .string()
  .max(64)
  .refine(isRule, `It is neither an event nor, as in certificate.*, all of a kind. Events: ${names.join(", ")}.`);

const DigestTime = z.strictObject({
  hour: z.number().int().min(0).max(23),
  weekday: z.enum(weekdays).default("mon").describe("Of a weekly digest"),
  time_zone: z
    .string()
    .max(64)
    .refine(isTimeZone, "There is no such time zone. Give one as in Europe/Berlin.")
    .default("UTC"),
});

const fields = {
  name: z.string().trim().min(1).max(255),
  settings: z.record(z.string(), z.unknown()).describe("By the kind: GET /api/notifications/kinds lists them"),
  credential_id: z.uuid().nullable().describe("A stored credential, in place of the settings that it stands for"),
  events: z
    .array(Rule)
    .max(50)
    .nullable()
    .describe("What it is told of: names, or certificate.* for all of a kind; null for everything"),
  instance_ids: z
    .array(z.uuid())
    .max(100)
    .nullable()
    .describe("Only what is about these instances; null for everything"),
  digest: z.enum(digests).describe("Whether messages are collected, and sent as one"),
  digest_time: DigestTime.nullable().describe("When; null is 8:00 UTC, of a weekly one on Monday"),
  enabled: z.boolean(),
};

export const NewChannel = z
  .strictObject({
    kind: z.enum(channelKinds),
    name: fields.name,
    settings: fields.settings.default({}),
    credential_id: fields.credential_id.default(null),
    events: fields.events.default(null),
    instance_ids: fields.instance_ids.default(null),
    digest: fields.digest.default("none"),
    digest_time: fields.digest_time.default(null),
    enabled: fields.enabled.default(true),
  })
  .openapi("NewNotificationChannel");

export const ChannelChange = z
  .strictObject({
    ...fields,
    settings: fields.settings.describe("Those that are not given stay, and so do secrets that are given masked"),
  })
  .partial()
  .openapi("NotificationChannelChange");

const toTime = (time: z.infer<typeof DigestTime> | null) =>
  time && { hour: time.hour, weekday: time.weekday, timeZone: time.time_zone };

export const newChannelOf = (input: z.infer<typeof NewChannel>): ChannelInput => ({
  name: input.name,
  settings: input.settings,
  credentialId: input.credential_id,
  events: input.events,
  instanceIds: input.instance_ids,
  digest: input.digest,
  digestTime: toTime(input.digest_time),
  enabled: input.enabled,
});

export function channelChangeOf(input: z.infer<typeof ChannelChange>): Partial<ChannelInput> {
  const { credential_id, instance_ids, digest_time, name, settings, events, digest, enabled } = input;
  const change = {
    name,
    settings,
    events,
    digest,
    enabled,
    credentialId: credential_id,
    instanceIds: instance_ids,
    digestTime: digest_time === undefined ? undefined : toTime(digest_time),
  };
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}

export const Delivery = z
  .object({
    id: z.string().describe("The same however often it is sent; a webhook gets it as webhook-id"),
    channel_id: z.uuid(),
    event: z.string(),
    severity: z.enum(["problem", "warning", "news"]).nullable().describe("null for a digest"),
    subject: z.string().nullable(),
    title: z.string().nullable(),
    state: z.enum(deliveryStates).describe("collected: it goes out as part of a digest"),
    attempts: z.number().int(),
    answer: z.string().nullable().describe("What the other end said the last time"),
    digest_id: z.string().nullable().describe("The delivery that is the digest"),
    next_at: z.string().nullable().describe("When it is tried next"),
    created_at: z.string(),
    ended_at: z.string().nullable(),
  })
  .openapi("NotificationDelivery");

export function toDelivery(row: DeliveryRow): z.infer<typeof Delivery> {
  const { subject = null, title = null } = row.message as Partial<Message>;
  return {
    id: row.id,
    channel_id: row.channelId,
    event: row.event,
    severity: row.event === "digest" ? null : severityOf(row.event),
    subject,
    title,
    state: row.state,
    attempts: row.attempts,
    answer: row.answer,
    digest_id: row.digestId,
    next_at: maybeInstant(row.nextAt),
    created_at: instant(row.createdAt),
    ended_at: maybeInstant(row.endedAt),
  };
}

export const Channel = z
  .object({
    id: z.uuid(),
    name: z.string(),
    kind: z.enum(channelKinds),
    settings: z.record(z.string(), z.unknown()).describe("Secrets are masked"),
    credential_id: z.uuid().nullable(),
    events: z.array(z.string()).nullable(),
    instance_ids: z.array(z.string()).nullable(),
    digest: z.enum(digests),
    digest_time: z.object({ hour: z.number().int(), weekday: z.enum(weekdays), time_zone: z.string() }).nullable(),
    enabled: z.boolean(),
    disabled_because: z.string().nullable().describe("What the other end said, where nobody is there any more"),
    awaits_confirmation: z
      .boolean()
      .describe("Its address was asked whether it wants the mails, and has not said so yet"),
    last_delivery: Delivery.nullable().describe("The last one that has ended"),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("NotificationChannel");

export const ChannelMade = Channel.extend({
  webhook_secret: z
    .string()
    .optional()
    .describe("That was made for a webhook that was given none: it is shown this once"),
}).openapi("NotificationChannelMade");

export function toChannel(
  row: ChannelRow,
  settings: Record<string, unknown>,
  last: DeliveryRow | undefined,
): z.infer<typeof Channel> {
  const { digestTime: time } = row;
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    settings,
    credential_id: row.credentialId,
    events: row.events,
    instance_ids: row.instanceIds,
    digest: row.digest,
    digest_time: time && { hour: time.hour, weekday: time.weekday, time_zone: time.timeZone },
    enabled: row.disabledAt === null,
    disabled_because: row.disabledBecause,
    awaits_confirmation: row.kind === "email" && row.agreedAt === null,
    last_delivery: last ? toDelivery(last) : null,
    created_at: instant(row.createdAt),
    updated_at: instant(row.updatedAt),
  };
}

export const ChannelKind = z
  .object({
    id: z.enum(channelKinds),
    title: z.string(),
    help: z.string(),
    settings: z.array(Field),
    credential_kinds: z
      .record(z.string(), z.record(z.string(), z.string()))
      .describe("By kind of stored credential: which of the settings each of its fields stands for"),
    problem: z.string().nullable().describe("Why there can be none here"),
  })
  .openapi("NotificationChannelKind");

export const toKind = (kind: Kind, problem: string | null): z.infer<typeof ChannelKind> => ({
  id: kind.id,
  title: kind.title,
  help: kind.help,
  settings: kind.credentialFields(),
  credential_kinds: kind.credentialKinds,
  problem,
});

export const Event = z
  .object({
    name: z.string(),
    title: z.string(),
    severity: z.enum(["problem", "warning", "news"]),
    is_usual: z.boolean().describe("Whether an account that has made no channel is told of it by mail"),
  })
  .openapi("NotificationEvent");
