/** How orders look in the API. */
import { z } from "@hono/zod-openapi";
import type { OrderView } from "../../certificates/order-object";
import { orderStates } from "../../certificates/order-state";

export const OrderProblem = z.object({
  cause: z.string(),
  title: z.string(),
  detail: z.string(),
  evidence: z.record(z.string(), z.unknown()),
  what_to_do: z.string(),
  retry_after: z.string().optional(),
});

export const Order = z
  .object({
    id: z.uuid(),
    reason: z.enum(["create", "renew", "manual", "replace"]),
    state: z.enum(orderStates),
    ca_account_id: z.string().nullable().describe("That it is at, or was at last"),
    problem: OrderProblem.optional(),
    records: z
      .array(z.object({ name: z.string(), type: z.literal("TXT"), value: z.string() }))
      .describe("What proves the names; with dns-persist-01 it is set once and stays"),
    created_at: z.string(),
    finished_at: z.string().nullable(),
    steps: z.array(
      z.object({
        state: z.enum(orderStates),
        started_at: z.string(),
        finished_at: z.string().nullable(),
        milliseconds: z.number().nullable(),
        detail: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .openapi("Order");

/** Steps are short: their instants keep the milliseconds. */
const exact = (milliseconds: number) => new Date(milliseconds).toISOString();

export const toOrder = (view: OrderView): z.infer<typeof Order> => ({
  id: view.id,
  reason: view.reason,
  state: view.state,
  ca_account_id: view.caAccountId,
  ...(view.problem ? { problem: view.problem } : {}),
  records: view.records,
  created_at: exact(view.createdAt),
  finished_at: view.finishedAt === null ? null : exact(view.finishedAt),
  steps: view.steps.map(({ state, startedAt, finishedAt, detail }) => ({
    state,
    started_at: exact(startedAt),
    finished_at: finishedAt === null ? null : exact(finishedAt),
    milliseconds: finishedAt === null ? null : finishedAt - startedAt,
    detail,
  })),
});
