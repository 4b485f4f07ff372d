/** DNS accounts: many for each provider, one of each the default (CertMate's calls). */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { providers as registry } from "../../dns/registry";
import type { DnsAccountRow } from "../../dns-accounts/service";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body } from "../schemas";
import { Field } from "./credential-schemas";
import {
  changeOf,
  DnsAccount,
  DnsAccountChange,
  Identifier,
  NewDnsAccount,
  newAccountOf,
  TestResult,
  toDnsAccounts,
  toTestResult,
} from "./dns-account-schemas";

const Provider = z
  .object({
    id: z.string(),
    title: z.string(),
    needs: z.string().describe("What the credential must be allowed to do"),
    minimum_ttl: z.number().int().describe("Seconds"),
    accounts: z.number().int().describe("How many accounts of it you have"),
    credentials: z.array(Field),
  })
  .openapi("DnsProvider");

const provider = z.object({ provider: z.string() });
const account = provider.extend({ account_id: z.string() });

const subjectOf = (row: Pick<DnsAccountRow, "provider" | "accountId">) =>
  `dns_account ${row.provider}/${row.accountId}`;
const respondAll = (c: Context<AppEnv>, rows: DnsAccountRow[]) => toDnsAccounts(rows, c.var.services.dnsAccounts);
const respond = async (c: Context<AppEnv>, row: DnsAccountRow) =>
  (await respondAll(c, [row]))[0] as z.infer<typeof DnsAccount>;

export const dnsAccounts = api();
dnsAccounts.use(signedIn({ read: "dns:read", write: "dns:write" }));

dnsAccounts.openapi(
  createRoute({
    method: "get",
    path: "/providers",
    operationId: "listDnsProviders",
    summary: "All DNS providers, with the fields of their credentials",
    responses: answers({ 200: z.object({ providers: z.array(Provider) }) }),
  }),
  async (c) => {
    const rows = await c.var.services.dnsAccounts.list(c.var.account.id);
    const all = Object.values(registry).filter(({ id }) => id !== "builtin");
    const providers = all.map((one) => ({
      id: one.id,
      title: one.title,
      needs: one.needs,
      minimum_ttl: one.minimumTtl,
      accounts: rows.filter((row) => row.provider === one.id).length,
      credentials: one.credentialFields(),
    }));
    return c.json({ providers: providers.sort((a, b) => a.title.localeCompare(b.title)) }, 200);
  },
);

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
    const { provider } = c.req.valid("param");
    const row = await c.var.services.dnsAccounts.create(c.var.account, provider, newAccountOf(c.req.valid("json")));
    const shown = await respond(c, row);
    await audited(c, "dns_account.create", subjectOf(row), { after: shown });
    return c.json(shown, 201);
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
    const rows = await c.var.services.dnsAccounts.list(c.var.account.id, c.req.valid("param").provider);
    return c.json({ accounts: await respondAll(c, rows) }, 200);
  },
);

dnsAccounts.openapi(
  createRoute({
    method: "get",
    path: "/{provider}/accounts/{account_id}",
    operationId: "getDnsAccount",
    summary: "One DNS account",
    request: { params: account },
    responses: answers({ 200: DnsAccount }),
  }),
  async (c) => {
    const { provider, account_id } = c.req.valid("param");
    return c.json(await respond(c, await c.var.services.dnsAccounts.find(c.var.account.id, provider, account_id)), 200);
  },
);

dnsAccounts.openapi(
  createRoute({
    method: "put",
    path: "/{provider}/accounts/{account_id}",
    operationId: "changeDnsAccount",
    summary: "Change a DNS account; what is not given stays, and so does a secret that is given masked",
    request: { params: account, ...body(DnsAccountChange) },
    responses: answers({ 200: DnsAccount }),
  }),
  async (c) => {
    const { provider, account_id } = c.req.valid("param");
    const service = c.var.services.dnsAccounts;
    const before = await respond(c, await service.find(c.var.account.id, provider, account_id));
    const input = changeOf(provider, c.req.valid("json"));
    const after = await respond(c, await service.change(c.var.account.id, provider, account_id, input));
    const rotated = input.credentials ? { credentials_changed: Object.keys(input.credentials) } : {};
    await audited(c, "dns_account.change", `dns_account ${provider}/${account_id}`, {
      before,
      after: { ...after, ...rotated },
    });
    return c.json(after, 200);
  },
);

dnsAccounts.openapi(
  createRoute({
    method: "delete",
    path: "/{provider}/accounts/{account_id}",
    operationId: "deleteDnsAccount",
    summary: "Delete a DNS account that nothing uses, or whose uses another one takes over",
    request: {
      params: account,
      query: z.object({ reassign_to: Identifier.optional().describe("Another account of the same provider") }),
    },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { provider, account_id } = c.req.valid("param");
    const { reassign_to } = c.req.valid("query");
    await c.var.services.dnsAccounts.remove(c.var.account.id, provider, account_id, reassign_to);
    await audited(c, "dns_account.delete", `dns_account ${provider}/${account_id}`, {
      after: { reassigned_to: reassign_to ?? null },
    });
    return c.body(null, 204);
  },
);

dnsAccounts.openapi(
  createRoute({
    method: "post",
    path: "/{provider}/accounts/{account_id}/test",
    operationId: "testDnsAccount",
    summary: "Try a DNS account out: list zones, write a TXT value, see it, remove it",
    request: {
      params: account,
      ...body(z.strictObject({ zone: z.string().min(1).max(253).optional().describe("Else the first one") })),
    },
    responses: answers({ 200: TestResult }),
  }),
  async (c) => {
    const { provider, account_id } = c.req.valid("param");
    const { dnsAccounts: service, accountTests } = c.var.services;
    const row = await service.find(c.var.account.id, provider, account_id);
    const result = toTestResult(await accountTests.test(row, c.req.valid("json").zone));
    await audited(c, "dns_account.test", subjectOf(row), { after: result });
    return c.json(result, 200);
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
    const { account_id } = c.req.valid("json");
    const { provider } = c.req.valid("param");
    const row = await c.var.services.dnsAccounts.setDefault(c.var.account.id, provider, account_id);
    await audited(c, "dns_account.change", subjectOf(row), { after: { is_default: true } });
    return c.json(await respond(c, row), 200);
  },
);
