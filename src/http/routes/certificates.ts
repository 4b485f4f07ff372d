/** Certificates: ask for one, change it, revoke it (CertMate's calls, widened). */
import { createRoute, z } from "@hono/zod-openapi";
import type { CertificateRow } from "../../certificates/certificate-rows";
import { type RevocationReason, revocationReasons } from "../../certificates/revocation";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body } from "../schemas";
import { certificateDownloads } from "./certificate-downloads";
import { CertificateChange, changeOf, NewCertificate, newCertificateOf } from "./certificate-input";
import { ordered } from "./certificate-ordered";
import { certificateOrders } from "./certificate-orders";
import { domain, subjectOf, wait } from "./certificate-parameters";
import { certificatePreview } from "./certificate-preview";
import { certificateReplacement } from "./certificate-replacement";
import {
  Certificate,
  CertificateWithVersions,
  Ordered,
  toCertificate,
  toRenewalPlan,
  toVersion,
} from "./certificate-schemas";
import { toInstallation } from "./instance-schemas";
import { toCaPreferences } from "./preference-schemas";

const settingsOf = (row: CertificateRow) => ({
  dns_provider: row.dnsProvider,
  dns_account_id: row.dnsAccountId,
  domain_alias: row.domainAlias,
  challenge_type: row.challengeType ?? "dns-01",
  ca_account_id: row.caAccountId,
  environment: row.environment,
  authority: row.authority,
  instance_id: row.instanceId,
  ...toCaPreferences(row.ca ?? {}),
  key_type: row.keyType,
  must_staple: row.mustStaple,
  profile: row.profile,
  renewal: row.renewal,
  reuse_key: row.reuseKey,
  csr: row.certificateRequest,
});

export const certificates = api();
certificates.use(signedIn({ read: "certificates:read", write: "certificates:write", instances: true }));
certificates.route("/", certificatePreview);
certificates.route("/", certificateOrders);
certificates.route("/", certificateDownloads);
certificates.route("/", certificateReplacement);

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
    const input = newCertificateOf(c.req.valid("json"));
    const made = await c.var.services.certificates.create(c.var.access, input);
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
    const { installed, renewalPlanning } = c.var.services;
    const [versions, installation, plan] = await Promise.all([
      service.versions(row),
      installed.of(row),
      renewalPlanning.read(row),
    ]);
    const renewal_plan = toRenewalPlan(plan);
    const shown = { ...toCertificate(row, c.var.account), versions: versions.map(toVersion), renewal_plan };
    return c.json({ ...shown, installation: installation ? toInstallation(installation) : null }, 200);
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
