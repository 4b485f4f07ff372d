/** What routers do to a domain: their password for it, what they may do, and what they did. */
import { createRoute, z } from "@hono/zod-openapi";
import type { StoredChange } from "../../domains/history";
import type { Attempt as StoredAttempt } from "../../domains/update-log";
import { changeOutcomes } from "../../storage/schema";
import { api } from "../api";
import { audited } from "../audited";
import { answers, instant } from "../schemas";
import { byFqdn, findDomain } from "./domain-parameters";

const UpdatePassword = z
  .object({
    update_password: z.string().describe("20 letters and digits; shown this once"),
    update_password_at: z.string(),
  })
  .openapi("UpdatePassword");

const Change = z
  .object({
    id: z.number().int(),
    at: z.string(),
    record_type: z.string(),
    before: z.array(z.string()),
    after: z.array(z.string()),
    by: z.object({ username: z.string().nullable(), via: z.string() }),
    address: z.string().nullable().describe("Where it came from"),
    client: z.string().nullable().describe("The User-Agent"),
    outcome: z.enum(changeOutcomes).describe("overtaken: a later change came before the provider was told this one"),
    problem: z.string().nullable().describe("What the provider said when it did not take it"),
    live_after_ms: z.number().int().nullable().describe("How long it took until the zone had it"),
  })
  .openapi("DomainChange");

const toChange = (row: StoredChange): z.infer<typeof Change> => ({
  id: row.id,
  at: instant(row.at),
  record_type: row.type,
  before: row.before,
  after: row.after,
  by: { username: row.actor.username, via: row.actor.via },
  address: row.address,
  client: row.client,
  outcome: row.outcome,
  problem: row.problem,
  live_after_ms: row.outcome === "live" && row.settledAt !== null ? Math.max(0, row.settledAt - row.at) : null,
});

const Attempt = z
  .object({
    at: z.string(),
    address: z.string().nullable().describe("Where it came from"),
    client: z.string().nullable().describe("The User-Agent"),
    request: z.string().describe("What came in, without the password"),
    transport: z.enum(["https", "http"]),
    by: z
      .object({ username: z.string().nullable(), via: z.string(), credential_id: z.string().nullable() })
      .nullable()
      .describe("Whose credential it was; null where none was taken"),
    answer: z.string(),
    status: z.number().int(),
    note: z.string().nullable().describe("Why it was answered so"),
  })
  .openapi("UpdateAttempt");

const toAttempt = ({ at, isSecure, actor, refused, ...attempt }: StoredAttempt): z.infer<typeof Attempt> => {
  // Whoever had no right to it is not named: only that somebody tried.
  const by =
    actor && !refused ? { username: actor.username, via: actor.via, credential_id: actor.credential_id } : null;
  return { at: instant(at), ...attempt, transport: isSecure ? "https" : "http", by };
};

/** Behind the guard of the domains, which they are mounted with. */
export const domainUpdates = api();

domainUpdates.openapi(
  createRoute({
    method: "post",
    path: "/fqdn/{fqdn}/update-password",
    operationId: "makeUpdatePassword",
    summary: "Make a password that is good for updates of this host alone; the former one ends",
    request: { params: byFqdn },
    responses: answers({ 201: UpdatePassword }),
  }),
  async (c) => {
    const { row } = await findDomain(c, c.req.valid("param"));
    const { password, at } = await c.var.services.hostPasswords.make(c.var.account.id, row.id);
    await audited(c, "domain.update_password", `domain ${row.fqdn}`, { after: { update_password_at: instant(at) } });
    return c.json({ update_password: password, update_password_at: instant(at) }, 201);
  },
);

domainUpdates.openapi(
  createRoute({
    method: "delete",
    path: "/fqdn/{fqdn}/update-password",
    operationId: "endUpdatePassword",
    summary: "End the update password of a host",
    request: { params: byFqdn },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { row } = await findDomain(c, c.req.valid("param"));
    await c.var.services.hostPasswords.end(c.var.account.id, row.id);
    await audited(c, "domain.update_password", `domain ${row.fqdn}`, { after: { update_password_at: null } });
    return c.body(null, 204);
  },
);

domainUpdates.openapi(
  createRoute({
    method: "get",
    path: "/fqdn/{fqdn}/attempts",
    operationId: "listUpdateAttempts",
    summary: "The last attempts to update it: 50 of its own routers, and 50 that were refused; newest first",
    request: { params: byFqdn },
    responses: answers({ 200: z.object({ attempts: z.array(Attempt) }) }),
  }),
  async (c) => {
    const { row } = await findDomain(c, c.req.valid("param"));
    const attempts = await c.var.services.updateLog.list(row.id);
    return c.json({ attempts: attempts.map(toAttempt) }, 200);
  },
);

domainUpdates.openapi(
  createRoute({
    method: "get",
    path: "/fqdn/{fqdn}/history",
    operationId: "listDomainChanges",
    summary: "Every change of its records, newest first",
    request: {
      params: byFqdn,
      query: z.object({
        before: z.coerce.number().int().min(1).optional().describe("Changes older than this one: the next page"),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
    },
    responses: answers({
      200: z.object({
        changes: z.array(Change),
        next: z.string().nullable().describe("Where older changes are; null at the end"),
      }),
    }),
  }),
  async (c) => {
    const { before, limit } = c.req.valid("query");
    const { row } = await findDomain(c, c.req.valid("param"));
    const rows = await c.var.services.domains.history(row.id, { before, limit: limit + 1 });
    const changes = rows.slice(0, limit).map(toChange);
    const next = `/api/domains/fqdn/${row.fqdn}/history?before=${changes.at(-1)?.id}&limit=${limit}`;
    return c.json({ changes, next: rows.length > limit ? next : null }, 200);
  },
);
