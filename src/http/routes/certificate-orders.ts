/** The orders of a certificate: the list, one with its steps, one as it goes. */
import { createRoute, z } from "@hono/zod-openapi";
import type { OrderView } from "../../certificates/order-object";
import { isWorking } from "../../certificates/order-state";
import { api } from "../api";
import { eachLine } from "../each-line";
import { answers, instant, maybeInstant } from "../schemas";
import { domain, wait } from "./certificate-parameters";
import { Order, toOrder } from "./order-schemas";

const orderOf = domain.extend({ order: z.uuid() });

const toEvent = (line: string): string => {
  const view: OrderView = JSON.parse(line);
  return `event: ${isWorking(view.state) ? "step" : "end"}\ndata: ${JSON.stringify(toOrder(view))}\n\n`;
};

/** A part of the routes of certificates, which ask who is asking. */
export const certificateOrders = api();

certificateOrders.openapi(
  createRoute({
    method: "get",
    path: "/{domain}/orders",
    operationId: "listOrders",
    summary: "The orders of a certificate, newest first",
    request: { params: domain },
    responses: answers({
      200: z.object({
        orders: z.array(
          z.object({
            id: z.uuid(),
            reason: z.string(),
            state: z.string(),
            ca_account_id: z.string().nullable(),
            problem: z.unknown(),
            created_at: z.string(),
            finished_at: z.string().nullable(),
          }),
        ),
      }),
    }),
  }),
  async (c) => {
    const service = c.var.services.certificates;
    const rows = await service.orders(await service.find(c.var.access, c.req.valid("param").domain));
    const orders = rows.map(({ id, reason, state, caAccountId, problem, createdAt, finishedAt }) => ({
      id,
      reason,
      state,
      ca_account_id: caAccountId,
      problem,
      created_at: instant(createdAt),
      finished_at: maybeInstant(finishedAt),
    }));
    return c.json({ orders }, 200);
  },
);

certificateOrders.openapi(
  createRoute({
    method: "get",
    path: "/{domain}/orders/{order}",
    operationId: "getOrder",
    summary: "One order with its steps and their times",
    request: { params: orderOf, query: wait },
    responses: answers({ 200: Order }),
  }),
  async (c) => {
    const service = c.var.services.certificates;
    const { domain, order } = c.req.valid("param");
    const row = await service.find(c.var.access, domain);
    return c.json(toOrder(await service.readOrder(row, order, c.req.valid("query").wait * 1000)), 200);
  },
);

certificateOrders.openapi(
  createRoute({
    method: "get",
    path: "/{domain}/orders/{order}/events",
    operationId: "watchOrder",
    summary: "The order as server-sent events, until it ends",
    description: "Each event is named `step`, the last one `end`; its data is the order as it is then.",
    request: { params: orderOf },
    responses: { 200: { description: "The events", content: { "text/event-stream": { schema: z.string() } } } },
  }),
  async (c) => {
    const service = c.var.services.certificates;
    const { domain, order } = c.req.valid("param");
    const row = await service.find(c.var.access, domain);
    const events = (await service.watchOrder(row, order)).pipeThrough(eachLine(toEvent));
    return c.body(events.pipeThrough(new TextEncoderStream()), 200, { "content-type": "text/event-stream" });
  },
);
