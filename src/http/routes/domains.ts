/** Domains: dynamic DNS host names (CertaDNS's calls), by name and by id. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { requireScope } from "../../accounts/scopes";
import type { DomainReference } from "../../domains/finding";
import { type AppEnv, api } from "../api";
import { audited, authorOf } from "../audited";
import { signedIn } from "../guards";
import { answers, body } from "../schemas";
import { allowed, byFqdn, byId, findDomain } from "./domain-parameters";
import { domainRecords } from "./domain-records";
import { Domain, DomainChange, Move, NewDomain, shownDomain, shownPlace, subjectOf, toDomain } from "./domain-schemas";
import { domainUpdates } from "./domain-updates";

export const domains = api();
domains.use(signedIn({ read: "domains:read", write: "domains:write", update: "domains:update" }));
domains.route("/", domainUpdates);
domains.route("/", domainRecords);

domains.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "createDomain",
    summary: "Take a host name",
    request: body(NewDomain),
    responses: answers({ 201: Domain }),
  }),
  async (c) => {
    const { fqdn, record_type, record_ip, allow_private, dns_provider, dns_account_id, ...settings } =
      c.req.valid("json");
    const address = { recordType: record_type, recordIp: record_ip };
    const account = dns_account_id === undefined ? {} : { accountId: dns_account_id };
    const pin = dns_provider === undefined ? {} : { provider: dns_provider, ...account };
    const input = { fqdn: allowed(c, fqdn), ...address, ...settings, allowPrivate: allow_private, pin };
    const domain = await c.var.services.domains.create(c.var.account, input, authorOf(c));
    await audited(c, "domain.create", subjectOf(domain), { after: shownDomain(domain) });
    return c.json(toDomain(domain), 201);
  },
);

/** The same request, after the last one of this page. */
function nextOf(c: Context<AppEnv>, last: string): string {
  const { pathname, searchParams } = new URL(c.req.url);
  searchParams.set("cursor", last);
  return `${pathname}?${searchParams}`;
}

domains.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listDomains",
    summary: "List the domains, by name",
    request: {
      query: z.object({
        zone: z.string().max(253).optional(),
        search: z.string().max(253).optional().describe("A part of the name"),
        cursor: z.string().max(253).optional().describe("As `next` has it"),
        limit: z.coerce.number().int().min(1).max(500).default(100),
      }),
    },
    responses: answers({
      200: z.object({
        domains: z.array(Domain),
        next: z.string().nullable().describe("Where the next ones are; null at the end"),
      }),
    }),
  }),
  async (c) => {
    const { account, allowedDomains } = c.var.access;
    const { zone, search, cursor, limit } = c.req.valid("query");
    const filter = { zone, search, after: cursor, allowedDomains };
    const found = await c.var.services.domains.list(account.id, filter, limit + 1);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1)?.row.fqdn : undefined;
    return c.json({ domains: page.map(toDomain), next: last === undefined ? null : nextOf(c, last) }, 200);
  },
);

async function update(c: Context<AppEnv>, given: DomainReference, input: z.infer<typeof DomainChange>) {
  const { record_type, record_ip, allow_private, ...settings } = input;
  // Whose scope is for addresses may set no more than those.
  if (allow_private !== undefined || Object.keys(settings).length > 0) requireScope(c.var.access, "domains:write");
  const { row } = await findDomain(c, given);
  const change = { recordType: record_type, recordIp: record_ip, allowPrivate: allow_private, ...settings };
  const { before, after } = await c.var.services.domains.update(c.var.account, { id: row.id }, change, authorOf(c));
  const [was, is] = [shownDomain(before), shownDomain(after)];
  // A script that sets what is there already changes nothing.
  if (JSON.stringify(was) !== JSON.stringify(is)) {
    await audited(c, "domain.update", subjectOf(after), { before: was, after: is });
  }
  return toDomain(after);
}

async function remove(c: Context<AppEnv>, given: DomainReference) {
  const { row } = await findDomain(c, given);
  const domain = await c.var.services.domains.remove(c.var.account.id, { id: row.id });
  await audited(c, "domain.delete", subjectOf(domain), { before: shownDomain(domain) });
}

const getting = { summary: "One domain", responses: answers({ 200: Domain }) };
const updating = { summary: "Set a new address, or change how it is published", responses: answers({ 200: Domain }) };
const removing = { summary: "Give a host name up", responses: answers({ 204: null }) };
const change = body(DomainChange);

domains.openapi(
  createRoute({
    ...{ method: "get", path: "/fqdn/{fqdn}", operationId: "getDomain" },
    ...{ ...getting, request: { params: byFqdn } },
  }),
  async (c) => c.json(toDomain(await findDomain(c, c.req.valid("param"))), 200),
);

domains.openapi(
  createRoute({
    ...{ method: "get", path: "/{id}", operationId: "getDomainById" },
    ...{ ...getting, request: { params: byId } },
  }),
  async (c) => c.json(toDomain(await findDomain(c, c.req.valid("param"))), 200),
);

domains.openapi(
  createRoute({
    ...{ method: "put", path: "/fqdn/{fqdn}", operationId: "updateDomain" },
    ...{ ...updating, request: { params: byFqdn, ...change } },
  }),
  async (c) => c.json(await update(c, c.req.valid("param"), c.req.valid("json")), 200),
);

domains.openapi(
  createRoute({
    ...{ method: "put", path: "/{id}", operationId: "updateDomainById" },
    ...{ ...updating, request: { params: byId, ...change } },
  }),
  async (c) => c.json(await update(c, c.req.valid("param"), c.req.valid("json")), 200),
);

domains.openapi(
  createRoute({
    ...{ method: "delete", path: "/fqdn/{fqdn}", operationId: "deleteDomain" },
    ...{ ...removing, request: { params: byFqdn } },
  }),
  async (c) => {
    await remove(c, c.req.valid("param"));
    return c.body(null, 204);
  },
);

domains.openapi(
  createRoute({
    ...{ method: "delete", path: "/{id}", operationId: "deleteDomainById" },
    ...{ ...removing, request: { params: byId } },
  }),
  async (c) => {
    await remove(c, c.req.valid("param"));
    return c.body(null, 204);
  },
);

domains.openapi(
  createRoute({
    method: "post",
    path: "/{id}/move",
    operationId: "moveDomain",
    summary: "Move a domain to another zone or DNS account; its id and its history stay",
    request: { params: byId, ...body(Move) },
    responses: answers({ 200: Domain }),
  }),
  async (c) => {
    const before = await findDomain(c, c.req.valid("param"));
    const { dns_provider: provider, dns_account_id: accountId } = c.req.valid("json");
    const pin = accountId === undefined ? { provider } : { provider, accountId };
    const after = await c.var.services.domainMoves.move(c.var.account, before, pin, authorOf(c));
    const [was, is] = [shownPlace(before), shownPlace(after)];
    await audited(c, "domain.move", subjectOf(after), { before: was, after: is });
    return c.json(toDomain(after), 200);
  },
);
