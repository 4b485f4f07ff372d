/** Domains: dynamic DNS host names (CertaDNS's calls). */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { isAllowed, requireDomains } from "../../accounts/scopes";
import { canonical, type Domain as StoredDomain } from "../../domains/service";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";

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
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Domain");

const toDomain = ({ row, addresses }: StoredDomain): z.infer<typeof Domain> => ({
  id: row.id,
  fqdn: row.fqdn,
  record_type: addresses.A ? "A" : addresses.AAAA ? "AAAA" : null,
  record_ip: addresses.A ?? addresses.AAAA ?? null,
  ipv4: addresses.A ?? null,
  ipv6: addresses.AAAA ?? null,
  zone: row.zone,
  ttl: row.ttl,
  created_at: instant(row.createdAt),
  updated_at: instant(row.updatedAt),
});

const subjectOf = ({ row }: StoredDomain) => `domain ${row.fqdn}`;
const addressesOf = ({ addresses: { A, AAAA } }: StoredDomain) => ({ ipv4: A ?? null, ipv6: AAAA ?? null });

const fqdn = z.object({ fqdn: z.string() });

export const domains = api();
domains.use(signedIn({ read: "domains:read", write: "domains:write", update: "domains:update" }));

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
    const domain = await c.var.services.domains.create(c.var.account, input);
    await audited(c, "domain.create", subjectOf(domain), { after: addressesOf(domain) });
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
    await c.var.services.updateBudget.spend(c.var.account);
    const name = allowed(c, c.req.valid("param").fqdn);
    const { before, after } = await c.var.services.domains.update(c.var.account.id, name, record_ip);
    const [was, is] = [addressesOf(before), addressesOf(after)];
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
    await audited(c, "domain.delete", subjectOf(domain), { before: addressesOf(domain) });
    return c.body(null, 204);
  },
);
