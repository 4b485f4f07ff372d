/** Certificates: ask for one, watch its order, take it away (CertMate's calls, widened). */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { requireScope } from "../../accounts/scopes";
import { type FormName, fileName, forms } from "../../certificates/downloads";
import type { OrderView } from "../../certificates/order-object";
import { isWorking } from "../../certificates/order-state";
import { type CertificateRow, type RevocationReason, revocationReasons } from "../../certificates/service";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { eachLine } from "../each-line";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";
import {
  Certificate,
  CertificateChange,
  CertificateWithVersions,
  changeOf,
  maybeInstant,
  NewCertificate,
  Order,
  Ordered,
  pinnedAccount,
  toCertificate,
  toOrder,
  toVersion,
} from "./certificate-schemas";

const settingsOf = (row: CertificateRow) => ({
  dns_provider: row.dnsProvider,
  dns_account_id: row.dnsAccountId,
  domain_alias: row.domainAlias,
  challenge_type: row.challengeType ?? "dns-01",
  ca_account_id: row.caAccountId,
  key_type: row.keyType,
  must_staple: row.mustStaple,
  profile: row.profile,
});

const subjectOf = ({ domain }: CertificateRow) => `certificate ${domain}`;

const domain = z.object({ domain: z.string() });
const orderOf = domain.extend({ order: z.uuid() });
const wait = z.object({
  wait: z.coerce.number().int().min(0).max(120).default(0).describe("Hold the answer until the order ends, seconds"),
});

/** Of each kind, the schema of the file. */
const downloads = Object.fromEntries(
  Object.values(forms).map(({ contentType }) => [
    contentType,
    { schema: contentType === "application/json" ? z.record(z.string(), z.string()) : z.string() },
  ]),
);

const toEvent = (line: string): string => {
  const view: OrderView = JSON.parse(line);
  return `event: ${isWorking(view.state) ? "step" : "end"}\ndata: ${JSON.stringify(toOrder(view))}\n\n`;
};

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
      dnsAccountId: pinnedAccount(input) ?? null,
      domainAlias: input.domain_alias ?? null,
      challengeType: input.challenge_type ?? null,
    });
    const [answer] = await Promise.all([
      ordered(c, c.req.valid("query").wait, made.row, made.order),
      audited(c, "certificate.create", subjectOf(made.row), {
        after: { names: made.row.names, ...settingsOf(made.row), order: made.order.id },
      }),
    ]);
    return answer;
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
    method: "patch",
    path: "/{domain}",
    operationId: "changeCertificate",
    summary: "Change how a certificate is got; it takes effect at the next order",
    request: { params: domain, ...body(CertificateChange) },
    responses: answers({ 200: Certificate }),
  }),
  async (c) => {
    const service = c.var.services.certificates;
    const before = await service.find(c.var.access, c.req.valid("param").domain);
    const after = await service.change(c.var.access, before.domain, changeOf(c.req.valid("json")));
    await audited(c, "certificate.change", subjectOf(after), { before: settingsOf(before), after: settingsOf(after) });
    return c.json(toCertificate(after, c.var.account), 200);
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
    const [answer] = await Promise.all([
      ordered(c, c.req.valid("query").wait, made.row, made.order),
      audited(c, "certificate.renew", subjectOf(made.row), { after: { order: made.order.id } }),
    ]);
    return answer;
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
    await audited(c, "certificate.revoke", subjectOf(row), { after: { status: row.status, reason } });
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
    const row = await c.var.services.certificates.remove(c.var.access, c.req.valid("param").domain);
    await audited(c, "certificate.delete", subjectOf(row), { before: { names: row.names, status: row.status } });
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

certificates.openapi(
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
    responses: { 200: { description: "The certificate in the form asked for", content: downloads } },
  }),
  async (c) => {
    const service = c.var.services.certificates;
    const { format } = c.req.valid("query");
    if (forms[format].holdsPrivateKey) requireScope(c.var.access, "keys:download");
    const row = await service.find(c.var.access, c.req.valid("param").domain);
    const version = await service.currentVersion(row);
    const content = await forms[format].make({
      domain: row.domain,
      version,
      privateKey: () => service.privateKey(version),
      password: c.req.valid("header")["x-pkcs12-password"] ?? "",
    });
    if (forms[format].holdsPrivateKey) {
      await audited(c, "certificate.download_key", subjectOf(row), { after: { format, serial: version.serial } });
    }
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
