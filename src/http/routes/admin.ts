/** Running the installation: its accounts, their plans, and what there is in all. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { AdministeredAccount } from "../../accounts/administration";
import { requireAdmin } from "../../accounts/identity";
import type { AuditAction } from "../../audit/actions";
import { Problem } from "../../problems";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";
import { Account, Plan, toAccount } from "./account-schemas";

const AdminAccount = Account.extend({
  created_at: z.string(),
  suspended_at: z.string().nullable(),
  closing_at: z.string().nullable().describe("Closed; what belongs to it is being taken down"),
  has: z
    .object({
      certificates: z.number().int(),
      domains: z.number().int(),
      api_keys: z.number().int(),
      dns_accounts: z.number().int(),
      ca_accounts: z.number().int(),
    })
    .describe("How many of each it has"),
}).openapi("AdminAccount");

const maybeInstant = (milliseconds: number | null) => (milliseconds === null ? null : instant(milliseconds));

const toAdminAccount = (row: AdministeredAccount): z.infer<typeof AdminAccount> => ({
  ...toAccount({ ...row, emailVerified: row.emailVerifiedAt !== null }),
  created_at: instant(row.createdAt),
  suspended_at: maybeInstant(row.suspendedAt),
  closing_at: maybeInstant(row.closingAt),
  has: {
    certificates: row.certificates,
    domains: row.domains,
    api_keys: row.apiKeys,
    dns_accounts: row.dnsAccounts,
    ca_accounts: row.caAccounts,
  },
});

const counted = <Name extends string>(...names: Name[]) =>
  z.object(Object.fromEntries(names.map((name) => [name, z.number().int()])) as Record<Name, z.ZodNumber>);

const Change = z
  .strictObject({
    plan: Plan.optional(),
    role: z.enum(["admin", "member"]).optional(),
    suspended: z.boolean().optional().describe("Nobody can act for a suspended account, from that moment on"),
  })
  .refine((change) => Object.keys(change).length > 0, { message: "There is nothing to change." })
  .openapi("AccountChange");

const Totals = z
  .object({
    accounts: counted("free", "plus", "pro", "elite").describe("By plan"),
    suspended: z.number().int().describe("Of the accounts"),
    certificates: counted("pending", "valid", "failed", "revoked").describe("By status"),
    domains: z.number().int(),
    api_keys: z.number().int(),
    orders_of_the_last_day: counted("valid", "failed", "under_way").describe("By how they ended"),
  })
  .openapi("Totals");

const page = z.object({
  search: z.string().min(1).max(254).optional().describe("A part of the user name or of the e-mail address"),
  after: z.coerce.number().int().min(0).default(0).describe("Accounts whose id is larger: the next page"),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

const id = z.object({ id: z.coerce.number().int().min(1) });

const asAdmin = [
  signedIn({ read: "admin", write: "admin" }),
  createMiddleware<AppEnv>((c, next) => {
    requireAdmin(c.var.account);
    return next();
  }),
];

/** In the log of whoever did it, and in the log of the account that it was done to. */
async function auditedInBoth(c: Context<AppEnv>, action: AuditAction, id: number, username: string, details = {}) {
  const subject = `account ${username}`;
  await audited(c, action, subject, details);
  if (id !== c.var.account.id) await audited(c, action, subject, { ...details, ownerId: id });
}

export const admin = api();

admin.openapi(
  createRoute({
    method: "get",
    path: "/accounts",
    operationId: "listAccounts",
    summary: "The accounts of the installation, and how much each has",
    middleware: asAdmin,
    request: { query: page },
    responses: answers({
      200: z.object({
        accounts: z.array(AdminAccount),
        next: z.string().nullable().describe("Where more accounts are; null at the end"),
      }),
    }),
  }),
  async (c) => {
    const { search, after, limit } = c.req.valid("query");
    const rows = await c.var.services.administration.list(search, after, limit + 1);
    const accounts = rows.slice(0, limit).map(toAdminAccount);
    const next = new URL(c.req.url).searchParams;
    next.set("after", String(accounts.at(-1)?.id));
    return c.json({ accounts, next: rows.length > limit ? `/api/admin/accounts?${next}` : null }, 200);
  },
);

admin.openapi(
  createRoute({
    method: "get",
    path: "/accounts/{id}",
    operationId: "getAccountAsAdmin",
    summary: "One account of the installation",
    middleware: asAdmin,
    request: { params: id },
    responses: answers({ 200: AdminAccount }),
  }),
  async (c) => c.json(toAdminAccount(await c.var.services.administration.find(c.req.valid("param").id)), 200),
);

admin.openapi(
  createRoute({
    method: "patch",
    path: "/accounts/{id}",
    operationId: "changeAccount",
    summary: "Set an account's plan or role, suspend it, resume it",
    middleware: asAdmin,
    request: { params: id, ...body(Change) },
    responses: answers({ 200: AdminAccount }),
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    const { before, after } = await c.var.services.administration.change(id, c.req.valid("json"));
    const changed = (["plan", "role"] as const).filter((name) => before[name] !== after[name]);
    if (changed.length > 0) {
      const of = (row: AdministeredAccount) => Object.fromEntries(changed.map((name) => [name, row[name]]));
      await auditedInBoth(c, "account.change", id, after.username, { before: of(before), after: of(after) });
    }
    if ((before.suspendedAt === null) !== (after.suspendedAt === null)) {
      await auditedInBoth(c, after.suspendedAt === null ? "account.resume" : "account.suspend", id, after.username);
    }
    return c.json(toAdminAccount(after), 200);
  },
);

admin.openapi(
  createRoute({
    method: "delete",
    path: "/accounts/{id}",
    operationId: "deleteAccount",
    summary: "Close an account with all that belongs to it",
    description: "As its owner does with DELETE /api/account. One's own is closed there, with its password.",
    middleware: asAdmin,
    request: { params: id },
    responses: answers({ 202: z.object({ remaining: z.array(z.string()) }), 204: null }),
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    if (id === c.var.account.id) throw new Problem(409, "This is your own account. Close it with DELETE /api/account.");
    const { administration, closing } = c.var.services;
    const { username, email } = await administration.find(id);
    const remaining = await closing.close(id);
    await auditedInBoth(c, "account.close", id, username, { before: { email } });
    return remaining.length > 0 ? c.json({ remaining }, 202) : c.body(null, 204);
  },
);

admin.openapi(
  createRoute({
    method: "get",
    path: "/totals",
    operationId: "getTotals",
    summary: "How much there is in all",
    middleware: asAdmin,
    responses: answers({ 200: Totals }),
  }),
  async (c) => {
    const { apiKeys, ordersOfTheLastDay, ...totals } = await c.var.services.administration.totals();
    return c.json({ ...totals, api_keys: apiKeys, orders_of_the_last_day: ordersOfTheLastDay }, 200);
  },
);
