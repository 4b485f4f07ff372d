/** CA accounts: registrations with authorities. */
import { createRoute, z } from "@hono/zod-openapi";
import { authorities } from "../../authorities/catalogue";
import { CaError } from "../../ca-accounts/failure";
import type { CaAccountRow } from "../../ca-accounts/service";
import { Problem } from "../../problems";
import { api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body, instant } from "../schemas";

const authorityIds = Object.keys(authorities) as (keyof typeof authorities)[];

const NewCaAccount = z
  .strictObject({
    name: z.string().trim().min(1).max(255),
    authority: z.enum(authorityIds),
    environment: z.enum(["production", "staging"]).default("production"),
    directory_url: z.string().max(2048).optional().describe('The ACME directory; for authority "custom" only'),
    contact: z
      .union([z.email().transform((address) => [address]), z.array(z.email()).max(5)])
      .default([])
      .describe("E-mail addresses that the authority may write to"),
    preferred_chain: z.string().max(255).optional().describe("Common name of the topmost issuer of the wanted chain"),
    eab_kid: z.string().min(1).max(1024).optional().describe("External account binding: the key's identifier"),
    eab_hmac_key: z
      .string()
      .regex(/^[A-Za-z0-9_-]+=*$/, "The HMAC key is base64url.")
      .max(1024)
      .optional(),
    set_as_default: z.boolean().default(false),
  })
  .refine((input) => (input.eab_kid === undefined) === (input.eab_hmac_key === undefined), {
    message: "eab_kid and eab_hmac_key go together.",
    path: ["eab_kid"],
  })
  .openapi("NewCaAccount");

const CaAccount = z
  .object({
    id: z.uuid(),
    name: z.string(),
    authority: z.string(),
    environment: z.enum(["production", "staging"]),
    directory_url: z.string(),
    account_url: z.string().nullable(),
    contact: z.array(z.string()),
    preferred_chain: z.string().nullable(),
    eab_kid: z.string().nullable(),
    is_default: z.boolean(),
    status: z.enum(["registered", "unregistered"]),
    problem: z.string().optional(),
    created_at: z.string(),
  })
  .openapi("CaAccount");

const toCaAccount = (row: CaAccountRow, problem?: string) => ({
  id: row.id,
  name: row.name,
  authority: row.authority,
  environment: row.environment,
  directory_url: row.directoryUrl,
  account_url: row.accountUrl,
  contact: row.contact.map((uri) => uri.replace(/^mailto:/, "")),
  preferred_chain: row.preferredChain,
  eab_kid: row.eabKid,
  is_default: row.isDefault,
  status: row.accountUrl ? ("registered" as const) : ("unregistered" as const),
  ...(problem ? { problem } : {}),
  created_at: instant(row.createdAt),
});

const subjectOf = ({ name }: CaAccountRow) => `CA account ${name}`;

const id = z.object({ id: z.uuid() });

export const caAccounts = api();
caAccounts.use(signedIn({ read: "ca:read", write: "ca:write" }));

caAccounts.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "createCaAccount",
    summary: "Add a CA account and register it with its authority",
    request: body(NewCaAccount),
    responses: answers({ 201: CaAccount }),
  }),
  async (c) => {
    const input = c.req.valid("json");
    const { row, failure } = await c.var.services.caAccounts.create(c.var.account, {
      name: input.name,
      authority: input.authority,
      environment: input.environment,
      directoryUrl: input.directory_url,
      contact: input.contact.map((address) => `mailto:${address}`),
      preferredChain: input.preferred_chain,
      externalAccount:
        input.eab_kid !== undefined && input.eab_hmac_key !== undefined
          ? { kid: input.eab_kid, hmacKey: input.eab_hmac_key.replace(/=+$/, "") }
          : undefined,
      setAsDefault: input.set_as_default,
    });
    const { id, contact, created_at, account_url, ...after } = toCaAccount(row);
    await audited(c, "ca_account.create", subjectOf(row), { after });
    return c.json(toCaAccount(row, failure?.detail), 201);
  },
);

caAccounts.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listCaAccounts",
    summary: "List the CA accounts",
    responses: answers({ 200: z.object({ accounts: z.array(CaAccount) }) }),
  }),
  async (c) => {
    const rows = await c.var.services.caAccounts.list(c.var.account.id);
    return c.json({ accounts: rows.map((row) => toCaAccount(row)) }, 200);
  },
);

caAccounts.openapi(
  createRoute({
    method: "get",
    path: "/{id}",
    operationId: "getCaAccount",
    summary: "One CA account",
    request: { params: id },
    responses: answers({ 200: CaAccount }),
  }),
  async (c) =>
    c.json(toCaAccount(await c.var.services.caAccounts.find(c.var.account.id, c.req.valid("param").id)), 200),
);

caAccounts.openapi(
  createRoute({
    method: "post",
    path: "/{id}/default",
    operationId: "makeCaAccountDefault",
    summary: "Make it the account for certificates that name none",
    request: { params: id },
    responses: answers({ 200: CaAccount }),
  }),
  async (c) => {
    const row = await c.var.services.caAccounts.setDefault(c.var.account.id, c.req.valid("param").id);
    await audited(c, "ca_account.change", subjectOf(row), { after: { is_default: true } });
    return c.json(toCaAccount(row), 200);
  },
);

caAccounts.openapi(
  createRoute({
    method: "post",
    path: "/{id}/rollover",
    operationId: "rollOverCaAccountKey",
    summary: "Take a new account key into use (RFC 8555 §7.3.5)",
    request: { params: id },
    responses: answers({ 200: CaAccount }),
  }),
  async (c) => {
    const service = c.var.services.caAccounts;
    const row = await service.find(c.var.account.id, c.req.valid("param").id);
    const outcome = await service.objectOf(row.id).rollover();
    if (!outcome.ok)
      throw new Problem(502, `The authority did not take the new key: ${new CaError(outcome.failure).message}`);
    await audited(c, "ca_account.change", subjectOf(row), { after: { account_key: "a new one" } });
    return c.json(toCaAccount(await service.find(c.var.account.id, row.id)), 200);
  },
);
