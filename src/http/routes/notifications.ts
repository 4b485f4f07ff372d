/** Notifications: where an account is told of what happens, and each telling. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { requireScope } from "../../accounts/scopes";
import { channelKinds } from "../../notifications/channel-kinds";
import { events, mattering, type NotificationEvent } from "../../notifications/events";
import type { ChannelRow } from "../../notifications/telling";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body } from "../schemas";
import {
  Channel,
  ChannelChange,
  ChannelKind,
  ChannelMade,
  channelChangeOf,
  Delivery,
  Event,
  NewChannel,
  newChannelOf,
  toChannel,
  toDelivery,
  toKind,
} from "./notification-schemas";

const id = z.object({ id: z.uuid() });
const page = z.object({
  before: z.string().max(100).optional().describe("Deliveries older than this one: the next page"),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

const subjectOf = ({ name }: Pick<ChannelRow, "name">) => `notification channel ${name}`;

async function shown(c: Context<AppEnv>, row: ChannelRow) {
  const service = c.var.services.notifications;
  const last = await service.lastDeliveries(row.ownerId, row.id);
  return toChannel(row, await service.masked(row), last.get(row.id));
}

/** For the log: not what was sent the last time. */
async function logged(c: Context<AppEnv>, row: ChannelRow) {
  const { last_delivery, created_at, updated_at, ...rest } = toChannel(
    row,
    await c.var.services.notifications.masked(row),
    undefined,
  );
  return rest;
}

/** A channel sends a credential wherever its settings say. */
function requireCredentialScope(c: Context<AppEnv>, credentialId: string | null | undefined): void {
  if (credentialId) requireScope(c.var.access, "credentials:write");
}

export const notifications = api();
notifications.use(signedIn({ read: "notifications:read", write: "notifications:write" }));

notifications.openapi(
  createRoute({
    method: "get",
    path: "/events",
    operationId: "listNotificationEvents",
    summary: "What there is to be told of",
    responses: answers({ 200: z.object({ events: z.array(Event) }) }),
  }),
  (c) => {
    const all = Object.entries(events).map(([name, event]) => ({
      name,
      ...event,
      is_usual: mattering.includes(name as NotificationEvent),
    }));
    return c.json({ events: all }, 200);
  },
);

notifications.openapi(
  createRoute({
    method: "get",
    path: "/kinds",
    operationId: "listNotificationChannelKinds",
    summary: "The kinds of channels, with their settings",
    responses: answers({ 200: z.object({ kinds: z.array(ChannelKind) }) }),
  }),
  (c) => {
    const { off } = c.var.services.notifications.mailer;
    const kinds = Object.values(channelKinds).map((kind) => toKind(kind, ("write" in kind && off?.detail) || null));
    return c.json({ kinds }, 200);
  },
);

notifications.openapi(
  createRoute({
    method: "get",
    path: "/channels",
    operationId: "listNotificationChannels",
    summary: "List the channels; who made none has one to the own address, for what matters",
    responses: answers({ 200: z.object({ channels: z.array(Channel) }) }),
  }),
  async (c) => {
    const service = c.var.services.notifications;
    const rows = await service.list(c.var.account.id);
    const last = await service.lastDeliveries(c.var.account.id);
    const channels = rows.map(async (row) => toChannel(row, await service.masked(row), last.get(row.id)));
    return c.json({ channels: await Promise.all(channels) }, 200);
  },
);

notifications.openapi(
  createRoute({
    method: "post",
    path: "/channels",
    operationId: "createNotificationChannel",
    summary: "Add a channel",
    description:
      "An e-mail address that is not the account's own gets a link first, and nothing else until it was followed. " +
      "A credential takes the scope `credentials:write` as well.",
    request: body(NewChannel),
    responses: answers({ 201: ChannelMade }),
  }),
  async (c) => {
    const input = c.req.valid("json");
    requireCredentialScope(c, input.credential_id);
    const service = c.var.services.notifications;
    const { row, madeSecret } = await service.create(c.var.account, input.kind, newChannelOf(input));
    await audited(c, "notification_channel.create", subjectOf(row), { after: await logged(c, row) });
    return c.json({ ...(await shown(c, row)), ...(madeSecret ? { webhook_secret: madeSecret } : {}) }, 201);
  },
);

notifications.openapi(
  createRoute({
    method: "get",
    path: "/channels/{id}",
    operationId: "getNotificationChannel",
    summary: "One channel",
    request: { params: id },
    responses: answers({ 200: Channel }),
  }),
  async (c) => {
    const row = await c.var.services.notifications.find(c.var.account.id, c.req.valid("param").id);
    return c.json(await shown(c, row), 200);
  },
);

notifications.openapi(
  createRoute({
    method: "patch",
    path: "/channels/{id}",
    operationId: "changeNotificationChannel",
    summary: "Change a channel; a webhook's secret that is set to null is made anew, and shown this once",
    request: { params: id, ...body(ChannelChange) },
    responses: answers({ 200: ChannelMade }),
  }),
  async (c) => {
    const input = c.req.valid("json");
    requireCredentialScope(c, input.credential_id);
    const service = c.var.services.notifications;
    const old = await service.find(c.var.account.id, c.req.valid("param").id);
    const before = await logged(c, old);
    const { row, madeSecret } = await service.change(c.var.account, old.id, channelChangeOf(input));
    await audited(c, "notification_channel.change", subjectOf(row), { before, after: await logged(c, row) });
    return c.json({ ...(await shown(c, row)), ...(madeSecret ? { webhook_secret: madeSecret } : {}) }, 200);
  },
);

notifications.openapi(
  createRoute({
    method: "delete",
    path: "/channels/{id}",
    operationId: "deleteNotificationChannel",
    summary: "Delete a channel, with its log",
    request: { params: id },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const row = await c.var.services.notifications.remove(c.var.account.id, c.req.valid("param").id);
    await audited(c, "notification_channel.delete", subjectOf(row), { before: await logged(c, row) });
    return c.body(null, 204);
  },
);

notifications.openapi(
  createRoute({
    method: "post",
    path: "/channels/{id}/test",
    operationId: "testNotificationChannel",
    summary: "Send a trial now, and hear what the other end said",
    request: { params: id },
    responses: answers({ 200: z.object({ ok: z.boolean(), delivery: Delivery }) }),
  }),
  async (c) => {
    const service = c.var.services.notifications;
    const { id } = c.req.valid("param");
    const { name } = await service.find(c.var.account.id, id);
    const row = await service.test(c.var.account, id);
    const ok = row.state === "delivered";
    await audited(c, "notification_channel.test", subjectOf({ name }), { after: { ok, answer: row.answer } });
    return c.json({ ok, delivery: toDelivery(row) }, 200);
  },
);

notifications.openapi(
  createRoute({
    method: "post",
    path: "/channels/{id}/confirmation",
    operationId: "askNotificationRecipient",
    summary: "Send the link again by which an address agrees, five times within an hour at most",
    request: { params: id },
    responses: answers({ 202: null }),
  }),
  async (c) => {
    const row = await c.var.services.notifications.askAgain(c.var.account, c.req.valid("param").id);
    await audited(c, "notification_channel.ask", subjectOf(row));
    return c.body(null, 202);
  },
);

notifications.openapi(
  createRoute({
    method: "get",
    path: "/channels/{id}/deliveries",
    operationId: "listNotificationDeliveries",
    summary: "What a channel was sent within 30 days, newest first",
    request: { params: id, query: page },
    responses: answers({
      200: z.object({
        deliveries: z.array(Delivery),
        next: z.string().nullable().describe("Where older ones are; null at the end"),
      }),
    }),
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const { before, limit } = c.req.valid("query");
    const rows = await c.var.services.notifications.log(c.var.account.id, id, { before, limit: limit + 1 });
    const deliveries = rows.slice(0, limit).map(toDelivery);
    const next = new URLSearchParams({ before: String(deliveries.at(-1)?.id), limit: String(limit) });
    const more = rows.length > limit;
    return c.json({ deliveries, next: more ? `/api/notifications/channels/${id}/deliveries?${next}` : null }, 200);
  },
);

notifications.openapi(
  createRoute({
    method: "post",
    path: "/deliveries/{id}/retry",
    operationId: "retryNotificationDelivery",
    summary: "Send a delivery again, now; its id stays",
    request: { params: z.object({ id: z.string().max(100) }) },
    responses: answers({ 200: Delivery }),
  }),
  async (c) => {
    const service = c.var.services.notifications;
    const row = await service.retry(c.var.account.id, c.req.valid("param").id);
    const { name } = await service.find(c.var.account.id, row.channelId);
    const after = { delivery: row.id, state: row.state, answer: row.answer };
    await audited(c, "notification_channel.retry", subjectOf({ name }), { after });
    return c.json(toDelivery(row), 200);
  },
);
