/** All DNS accounts as one document, in the shape that CertMate documents; its settings file is taken, too. */
import { createRoute, z } from "@hono/zod-openapi";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body } from "../schemas";

const DnsSettings = z
  .object({
    dns_provider: z.string().nullable().describe("The provider that is meant where none is named"),
    default_accounts: z.record(z.string(), z.string()).describe("Provider → account"),
    dns_providers: z
      .record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown())))
      .describe("Provider → account → its name and credentials; secrets are masked"),
  })
  .openapi("DnsSettings");

/** Whatever else a settings file has is passed over. */
const NewDnsSettings = z
  .looseObject({
    dns_provider: z.string().nullish(),
    default_accounts: z.record(z.string(), z.unknown()).nullish(),
    dns_providers: z.record(z.string(), z.unknown()).nullish(),
  })
  .openapi("NewDnsSettings");

const Report = z
  .object({
    created: z.array(z.string()).describe("Accounts: provider/account"),
    changed: z.array(z.string()),
    left_out: z.array(z.object({ pointer: z.string(), detail: z.string() })).describe("What was not taken, and why"),
    settings: DnsSettings,
  })
  .openapi("DnsSettingsReport");

export const dnsSettings = api();
dnsSettings.use(signedIn({ read: "dns:read", write: "dns:write" }));

dnsSettings.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "getDnsSettings",
    summary: "All DNS accounts as one document, secrets masked",
    responses: answers({ 200: DnsSettings }),
  }),
  async (c) => c.json(await c.var.services.dnsSettings.read(c.var.account.id), 200),
);

dnsSettings.openapi(
  createRoute({
    method: "put",
    path: "/",
    operationId: "changeDnsSettings",
    summary: "Add and change DNS accounts by one document; what it does not name stays, masked secrets too",
    request: body(NewDnsSettings),
    responses: answers({ 200: Report }),
  }),
  async (c) => {
    const { dnsSettings: service } = c.var.services;
    const { dns_provider, default_accounts, dns_providers } = c.req.valid("json");
    const report = await service.write(c.var.account, {
      dns_provider: dns_provider ?? undefined,
      default_accounts: default_accounts ?? {},
      dns_providers: dns_providers ?? {},
    });
    await audited(c, "dns_account.change", "dns_settings", {
      after: { ...report, left_out: report.left_out.map(({ pointer }) => pointer) },
    });
    return c.json({ ...report, settings: await service.read(c.var.account.id) }, 200);
  },
);
