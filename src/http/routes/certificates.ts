/** Certificates: ask for one, watch its order, take it away (CertMate's calls, widened). */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AccountIdentity } from "../../accounts/identity";
import { requireScope } from "../../accounts/scopes";
import { type FormName, fileName, forms } from "../../certificates/downloads";
import type { OrderView } from "../../certificates/order-object";
import { orderStates } from "../../certificates/order-state";
import { renewalRefusal } from "../../certificates/renewals";
import {
  type CertificateRow,
  type RevocationReason,
  revocationReasons,
  type VersionRow,
} from "../../certificates/service";
import { parseKeyType } from "../../pki/keys";
import { type AppEnv, api } from "../api";
import { noteRefusal, signedIn } from "../guards";
import { answers, body, instant } from "../schemas";

const KeyType = z
  .string()
  .transform((given, context) => {
    const type = parseKeyType(given);
    if (type) return type;
    context.addIssue({ code: "custom", message: "Known key types: p256, p384, rsa2048, rsa3072, rsa4096." });
    return z.NEVER;
  })
  .openapi({ type: "string", enum: ["p256", "p384", "rsa2048", "rsa3072", "rsa4096"] });

const NewCertificate = z
  .strictObject({
    domain: z.string().min(1).max(300).describe("The first name; wildcards as *.example.com"),
    san_domains: z.array(z.string().min(1).max(300)).max(1000).default([]).describe("More names, 100 with the first"),
    dns_provider: z.string().max(64).optional(),
    dns_account_id: z.string().max(64).optional(),
    ca_account_id: z.uuid().optional(),
    key_type: KeyType.default("p256"),
    must_staple: z.boolean().default(false),
    profile: z.string().max(64).optional().describe("A profile that the authority offers"),
  })
  .refine((input) => input.dns_account_id === undefined || input.dns_provider !== undefined, {
    message: "dns_account_id needs the dns_provider whose account it is.",
    path: ["dns_account_id"],
  })
  .openapi("NewCertificate");

const OrderProblem = z.object({
  cause: z.string(),
  title: z.string(),
  detail: z.string(),
  evidence: z.record(z.string(), z.unknown()),
  what_to_do: z.string(),
  retry_after: z.string().optional(),
});

const Order = z
  .object({
    id: z.uuid(),
    reason: z.enum(["create", "renew", "manual"]),
    state: z.enum(orderStates),
    problem: OrderProblem.optional(),
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

const Certificate = z
  .object({
    id: z.uuid(),
    domain: z.string(),
    names: z.array(z.string()),
    status: z.enum(["pending", "valid", "failed", "revoked"]),
    key_type: z.string(),
    must_staple: z.boolean(),
    profile: z.string().nullable(),
    ca_account_id: z.string().nullable(),
    dns_provider: z.string().nullable(),
    dns_account_id: z.string().nullable(),
    not_after: z.string().nullable(),
    renew_at: z.string().nullable(),
    failures: z.number(),
    problem: OrderProblem.nullable(),
    automatic_renewal: z.boolean().describe("Whether the account's plan has it renewed without being asked"),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Certificate");

const Version = z.object({
  id: z.uuid(),
  serial: z.string(),
  fingerprint_sha256: z.string(),
  issuer: z.string(),
  names: z.array(z.string()),
  not_before: z.string(),
  not_after: z.string(),
  ca_account_id: z.string(),
  revoked_at: z.string().nullable(),
});

const CertificateWithVersions = Certificate.extend({ versions: z.array(Version) }).openapi("CertificateWithVersions");
const Ordered = z.object({ certificate: Certificate, order: Order }).openapi("OrderedCertificate");

const maybeInstant = (milliseconds: number | null) => (milliseconds === null ? null : instant(milliseconds));
/** Steps are short: their instants keep the milliseconds. */
const exact = (milliseconds: number) => new Date(milliseconds).toISOString();

const toOrder = (view: OrderView): z.infer<typeof Order> => ({
  id: view.id,
  reason: view.reason,
  state: view.state,
  ...(view.problem ? { problem: view.problem } : {}),
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

const toCertificate = (row: CertificateRow, account: AccountIdentity): z.infer<typeof Certificate> => ({
  id: row.id,
  domain: row.domain,
  names: row.names,
  status: row.status,
  key_type: row.keyType,
  must_staple: row.mustStaple,
  profile: row.profile,
  ca_account_id: row.caAccountId,
  dns_provider: row.dnsProvider,
  dns_account_id: row.dnsAccountId,
  not_after: maybeInstant(row.notAfter),
  renew_at: maybeInstant(row.renewAt),
  failures: row.failures,
  problem: (row.problem as z.infer<typeof OrderProblem> | null) ?? null,
  automatic_renewal: renewalRefusal(row.names, account) === undefined,
  created_at: instant(row.createdAt),
  updated_at: instant(row.updatedAt),
});

const toVersion = (version: VersionRow): z.infer<typeof Version> => ({
  id: version.id,
  serial: version.serial,
  fingerprint_sha256: version.fingerprint,
  issuer: version.issuer,
  names: version.names,
  not_before: instant(version.notBefore),
  not_after: instant(version.notAfter),
  ca_account_id: version.caAccountId,
  revoked_at: maybeInstant(version.revokedAt),
});

const domain = z.object({ domain: z.string() });
const orderOf = domain.extend({ order: z.uuid() });
const wait = z.object({
  wait: z.coerce.number().int().min(0).max(120).default(0).describe("Hold the answer until the order ends, seconds"),
});

export const certificates = api();
certificates.use(signedIn({ read: "certificates:read", write: "certificates:write" }));

certificates.openapi(
  createRoute({
    method: "post",
    path: "/create",
    operationId: "createCertificate",
    summary: "Ask for a certificate",
    request: { query: wait, ...body(NewCertificate) },
    responses: answers({ 202: Ordered }),
  }),
  async (c) => {
    const input = c.req.valid("json");
    const service = c.var.services.certificates;
    const made = await service.create(c.var.access, {
      domain: input.domain,
      sanDomains: input.san_domains,
      keyType: input.key_type,
      mustStaple: input.must_staple,
      profile: input.profile ?? null,
      caAccountId: input.ca_account_id ?? null,
      dnsProvider: input.dns_provider ?? null,
      dnsAccountId: input.dns_account_id ?? null,
    });
    return ordered(c, c.req.valid("query").wait, made.row, made.order);
  },
);

certificates.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listCertificates",
    summary: "List the certificates",
    responses: answers({ 200: z.object({ certificates: z.array(Certificate) }) }),
  }),
  async (c) => {
    const rows = await c.var.services.certificates.list(c.var.access);
    return c.json({ certificates: rows.map((row) => toCertificate(row, c.var.account)) }, 200);
  },
);

certificates.openapi(
  createRoute({
    method: "get",
    path: "/{domain}",
    operationId: "getCertificate",
    summary: "One certificate with its versions",
    request: { params: domain },
    responses: answers({ 200: CertificateWithVersions }),
  }),
  async (c) => {
    const service = c.var.services.certificates;
    const row = await service.find(c.var.access, c.req.valid("param").domain);
    return c.json(
      { ...toCertificate(row, c.var.account), versions: (await service.versions(row)).map(toVersion) },
      200,
    );
  },
);

certificates.openapi(
  createRoute({
    method: "post",
    path: "/{domain}/renew",
    operationId: "renewCertificate",
    summary: "Renew now",
    request: { params: domain, query: wait },
    responses: answers({ 202: Ordered }),
  }),
  async (c) => {
    const made = await c.var.services.certificates.renew(c.var.access, c.req.valid("param").domain);
    return ordered(c, c.req.valid("query").wait, made.row, made.order);
  },
);

certificates.openapi(
  createRoute({
    method: "post",
    path: "/{domain}/revoke",
    operationId: "revokeCertificate",
    summary: "Revoke the current version at its authority",
    request: {
      params: domain,
      ...body(
        z.strictObject({
          reason: z.enum(Object.keys(revocationReasons) as RevocationReason[]).default("unspecified"),
        }),
      ),
    },
    responses: answers({ 200: Certificate }),
  }),
  async (c) => {
    const { reason } = c.req.valid("json");
    const row = await c.var.services.certificates.revoke(c.var.access, c.req.valid("param").domain, reason);
    return c.json(toCertificate(row, c.var.account), 200);
  },
);

certificates.openapi(
  createRoute({
    method: "delete",
    path: "/{domain}",
    operationId: "deleteCertificate",
    summary: "Delete a certificate with its keys; it is not revoked by this",
    request: { params: domain },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    await c.var.services.certificates.remove(c.var.access, c.req.valid("param").domain);
    return c.body(null, 204);
  },
);

certificates.openapi(
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
    const orders = rows.map(({ id, reason, state, problem, createdAt, finishedAt }) => ({
      id,
      reason,
      state,
      problem,
      created_at: instant(createdAt),
      finished_at: maybeInstant(finishedAt),
    }));
    return c.json({ orders }, 200);
  },
);

certificates.openapi(
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

certificates.get("/:domain/orders/:order/events", async (c) => {
  const service = c.var.services.certificates;
  const row = await service.find(c.var.access, c.req.param("domain"));
  const events = await service.orderEvents(row, c.req.param("order"));
  return new Response(events.body, events);
});

certificates.openapi(
  createRoute({
    method: "get",
    path: "/{domain}/download",
    operationId: "downloadCertificate",
    summary: "Take the certificate away",
    request: {
      params: domain,
      query: z.object({ format: z.enum(Object.keys(forms) as FormName[]).default("fullchain") }),
      headers: z.object({
        "x-pkcs12-password": z.string().max(1024).optional().describe("Password of the PKCS#12 file; empty without it"),
      }),
    },
    responses: { 200: { description: "The certificate in the form asked for" } },
  }),
  async (c) => {
    const service = c.var.services.certificates;
    const { format } = c.req.valid("query");
    if (forms[format].holdsPrivateKey) noteRefusal(c, c.var.access, () => requireScope(c.var.access, "keys:download"));
    const row = await service.find(c.var.access, c.req.valid("param").domain);
    const version = await service.currentVersion(row);
    const content = await forms[format].make({
      domain: row.domain,
      version,
      privateKey: () => service.privateKey(version),
      password: c.req.valid("header")["x-pkcs12-password"] ?? "",
    });
    return new Response(content, {
      headers: {
        "content-type": forms[format].contentType,
        "content-disposition": `attachment; filename="${fileName(row.domain, format)}"`,
        "cache-control": "no-store",
      },
    });
  },
);

/** 202 with where the order can be watched; with `?wait=` once it has ended. */
async function ordered<Input extends object>(
  c: Context<AppEnv, string, Input>,
  seconds: number,
  row: CertificateRow,
  order: OrderView,
) {
  const service = c.var.services.certificates;
  const seen = seconds > 0 ? await service.readOrder(row, order.id, seconds * 1000) : order;
  const current = seconds > 0 ? await service.find(c.var.access, row.domain) : row;
  const location = `/api/certificates/${encodeURIComponent(row.domain)}/orders/${order.id}`;
  return c.json({ certificate: toCertificate(current, c.var.account), order: toOrder(seen) }, 202, {
    Location: location,
  });
}
