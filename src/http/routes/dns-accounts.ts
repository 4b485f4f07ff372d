/** DNS accounts: many for each provider, one of each the default (CertMate's calls). */
import { createRoute, z } from "@hono/zod-openapi";
import type { DnsAccountRow, DnsAccounts } from "../../dns-accounts/service";
import { api } from "../api";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";

const Identifier = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "Letters, digits, dots, dashes and underscores, 63 at most.");

const NewDnsAccount = z
  .strictObject({
    account_id: Identifier.describe("Your own identifier of the account: production"),
    name: z.string().trim().min(1).max(255).optional(),
    credentials: z.record(z.string(), z.unknown()).describe("The provider's fields"),
    nameservers: z
      .array(z.string().regex(/^[A-Za-z0-9.:[\]-]+$/, "A host, or host:port."))
      .max(10)
      .default([])
      .describe("Servers that are asked whether a value is visible, instead of the zone's NS records"),
    set_as_default: z.boolean().default(false),
  })
  .openapi("NewDnsAccount");

const DnsAccount = z
  .object({
    account_id: z.string(),
    provider: z.string(),
    name: z.string(),
    credentials: z.record(z.string(), z.unknown()).describe("Secrets are masked"),
    nameservers: z.array(z.string()),
    is_default: z.boolean(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("DnsAccount");

const toDnsAccount = async (row: DnsAccountRow, service: DnsAccounts) => ({
  account_id: row.accountId,
  provider: row.provider,
  name: row.name,
  credentials: await service.masked(row),
  nameservers: row.nameservers,
  is_default: row.isDefault,
  created_at: instant(row.createdAt),
  updated_at: instant(row.updatedAt),
});

const provider = z.object({ provider: z.string() });

export const dnsAccounts = api();
dnsAccounts.use(signedIn({ read: "dns:read", write: "dns:write" }));

dnsAccounts.openapi(
  createRoute({
    method: "post",
    path: "/{provider}/accounts",
    operationId: "createDnsAccount",
    summary: "Add a DNS account; the first of a provider becomes its default",
    request: { params: provider, ...body(NewDnsAccount) },
    responses: answers({ 201: DnsAccount }),
  }),
  async (c) => {
    const service = c.var.services.dnsAccounts;
    const input = c.req.valid("json");
    const row = await service.create(c.var.account, c.req.valid("param").provider, {
      accountId: input.account_id,
      name: input.name ?? input.account_id,
      credentials: input.credentials,
      nameservers: input.nameservers,
      setAsDefault: input.set_as_default,
    });
    return c.json(await toDnsAccount(row, service), 201);
  },
);

dnsAccounts.openapi(
  createRoute({
    method: "get",
    path: "/{provider}/accounts",
    operationId: "listDnsAccounts",
    summary: "List a provider's accounts",
    request: { params: provider },
    responses: answers({ 200: z.object({ accounts: z.array(DnsAccount) }) }),
  }),
  async (c) => {
    const service = c.var.services.dnsAccounts;
    const rows = await service.list(c.var.account.id, c.req.valid("param").provider);
    return c.json({ accounts: await Promise.all(rows.map((row) => toDnsAccount(row, service))) }, 200);
  },
);

dnsAccounts.openapi(
  createRoute({
    method: "post",
    path: "/{provider}/default",
    operationId: "makeDnsAccountDefault",
    summary: "Make an account the provider's default",
    request: { params: provider, ...body(z.strictObject({ account_id: Identifier })) },
    responses: answers({ 200: DnsAccount }),
  }),
  async (c) => {
    const service = c.var.services.dnsAccounts;
    const { account_id } = c.req.valid("json");
    const row = await service.setDefault(c.var.account.id, c.req.valid("param").provider, account_id);
    return c.json(await toDnsAccount(row, service), 200);
  },
);
