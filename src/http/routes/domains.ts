/** Domains: dynamic DNS host names (CertaDNS's calls). */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { isAllowed, requireDomains } from "../../accounts/scopes";
import { addressesOf, type Domain as StoredDomain, syncStatusOf } from "../../domains/record-sets";
import { canonical } from "../../domains/service";
import { type AppEnv, api } from "../api";
import { audited, authorOf } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";
import { domainUpdates } from "./domain-updates";

const NewDomain = z
  .strictObject({
    fqdn: z.string().min(1).max(300),
    record_type: z.enum(["A", "AAAA"]).optional(),
    record_ip: z.string().min(1).max(100).optional(),
  })
  .openapi("NewDomain");

const Domain = z
  .object({
    id: z.uuid(),
    fqdn: z.string(),
    record_type: z.enum(["A", "AAAA"]).nullable(),
    record_ip: z.string().nullable(),
    ipv4: z.string().nullable(),
    ipv6: z.string().nullable(),
    zone: z.string(),
    ttl: z.number().int(),
    wildcard: z.boolean().describe("Whether the names below it have its addresses, too"),
    allow_private: z.boolean().describe("Whether its router may set addresses that are not public"),
    ipv6_prefix: z.string().nullable().describe("The network that its router has told last"),
    update_password_at: z.string().nullable().describe("When its update password was made; null without one"),
    sync_status: z.enum(["pending", "live", "failed"]).describe("Whether its zone is known to have all this"),
    sync_problem: z.string().nullable().describe("What the provider said; it is told again until it agrees"),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Domain");

function toDomain(domain: StoredDomain): z.infer<typeof Domain> {
  const { row } = domain;
  const { A = null, AAAA = null } = addressesOf(domain);
  const { status, problem } = syncStatusOf(domain);
  return {
    id: row.id,
    fqdn: row.fqdn,
    record_type: A ? "A" : AAAA ? "AAAA" : null,
    record_ip: A ?? AAAA,
    ipv4: A,
    ipv6: AAAA,
    zone: row.zone,
    ttl: row.ttl,
    wildcard: row.wildcard,
    allow_private: row.allowPrivate,
    ipv6_prefix: row.ipv6Prefix,
    update_password_at: row.updatePasswordAt === null ? null : instant(row.updatePasswordAt),
    sync_status: status,
    sync_problem: problem,
    created_at: instant(row.createdAt),
    updated_at: instant(row.updatedAt),
  };
}

const subjectOf = ({ row }: StoredDomain) => `domain ${row.fqdn}`;

/** As the audit log has them. */
function shown(domain: StoredDomain) {
  const { A = null, AAAA = null } = addressesOf(domain);
  return { ipv4: A, ipv6: AAAA };
}

const fqdn = z.object({ fqdn: z.string() });

export const domains = api();
domains.use(signedIn({ read: "domains:read", write: "domains:write", update: "domains:update" }));
domains.route("/", domainUpdates);

/** The name as it was given. Throws 403 where it is none for the key of the request. */
function allowed(c: Context<AppEnv>, fqdn: string): string {
  requireDomains(c.var.access, [canonical(fqdn)]);
  return fqdn;
}

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
    const { fqdn, record_type, record_ip } = c.req.valid("json");
    const input = { fqdn: allowed(c, fqdn), recordType: record_type, recordIp: record_ip };
    const domain = await c.var.services.domains.create(c.var.account, input, authorOf(c));
    await audited(c, "domain.create", subjectOf(domain), { after: shown(domain) });
    return c.json(toDomain(domain), 201);
  },
);

domains.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listDomains",
    summary: "List the domains",
    responses: answers({ 200: z.object({ domains: z.array(Domain) }) }),
  }),
  async (c) => {
    const { account, allowedDomains } = c.var.access;
    const all = await c.var.services.domains.list(account.id);
    const seen = all.filter(({ row }) => allowedDomains === null || isAllowed(row.fqdn, allowedDomains));
    return c.json({ domains: seen.map(toDomain) }, 200);
  },
);

domains.openapi(
  createRoute({
    method: "get",
    path: "/fqdn/{fqdn}",
    operationId: "getDomain",
    summary: "One domain",
    request: { params: fqdn },
    responses: answers({ 200: Domain }),
  }),
  async (c) =>
    c.json(toDomain(await c.var.services.domains.find(c.var.account.id, allowed(c, c.req.valid("param").fqdn))), 200),
);

domains.openapi(
  createRoute({
    method: "put",
    path: "/fqdn/{fqdn}",
    operationId: "updateDomain",
    summary: "Set a new address",
    request: { params: fqdn, ...body(z.strictObject({ record_ip: z.string().min(1).max(100) })) },
    responses: answers({ 200: Domain }),
  }),
  async (c) => {
    const { record_ip } = c.req.valid("json");
    const name = allowed(c, c.req.valid("param").fqdn);
    const { before, after } = await c.var.services.domains.update(c.var.account, name, record_ip, authorOf(c));
    const [was, is] = [shown(before), shown(after)];
    // A script that sets what is there already changes nothing.
    if (was.ipv4 !== is.ipv4 || was.ipv6 !== is.ipv6) {
      await audited(c, "domain.update", subjectOf(after), { before: was, after: is });
    }
    return c.json(toDomain(after), 200);
  },
);

domains.openapi(
  createRoute({
    method: "delete",
    path: "/fqdn/{fqdn}",
    operationId: "deleteDomain",
    summary: "Give a host name up",
    request: { params: fqdn },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const domain = await c.var.services.domains.remove(c.var.account.id, allowed(c, c.req.valid("param").fqdn));
    await audited(c, "domain.delete", subjectOf(domain), { before: shown(domain) });
    return c.body(null, 204);
  },
);
