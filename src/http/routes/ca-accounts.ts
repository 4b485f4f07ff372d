/** CA accounts: registrations with authorities. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { CaAccountRow } from "../../ca-accounts/service";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { signedIn } from "../guards";
import { answers, body } from "../schemas";
import {
  CaAccount,
  CaAccountChange,
  CaAccountTestResult,
  changeOf,
  ImportedAccount,
  importedAccountOf,
  logged,
  NewCaAccount,
  newAccountOf,
  toCaAccount,
  toTestResult,
} from "./ca-account-schemas";

const subjectOf = ({ name }: CaAccountRow) => `CA account ${name}`;

const id = z.object({ id: z.uuid() });
const heir = { reassign_to: z.uuid().optional().describe("The CA account that what uses it goes to") };

async function shown(c: Context<AppEnv>, row: CaAccountRow, problem?: string) {
  const read = await c.var.services.authorities.directories.of([row.directoryUrl]);
  return toCaAccount(row, read.get(row.directoryUrl), problem);
}

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
    const input = newAccountOf(c.req.valid("json"));
    const { row, failure } = await c.var.services.caAccounts.create(c.var.account, input);
    await audited(c, "ca_account.create", subjectOf(row), { after: logged(row) });
    return c.json(await shown(c, row, failure?.detail), 201);
  },
);

caAccounts.openapi(
  createRoute({
    method: "post",
    path: "/import",
    operationId: "importCaAccount",
    summary: "Take over an account of certbot, lego, acme.sh or another client, by its key",
    request: body(ImportedAccount),
    responses: answers({ 201: CaAccount }),
  }),
  async (c) => {
    const input = importedAccountOf(c.req.valid("json"));
    const row = await c.var.services.caAccounts.import(c.var.account, input);
    await audited(c, "ca_account.import", subjectOf(row), { after: logged(row) });
    return c.json(await shown(c, row), 201);
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
    const { caAccounts, authorities } = c.var.services;
    const rows = await caAccounts.list(c.var.account.id);
    const read = await authorities.directories.of(rows.map(({ directoryUrl }) => directoryUrl));
    return c.json({ accounts: rows.map((row) => toCaAccount(row, read.get(row.directoryUrl))) }, 200);
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
  async (c) => {
    const row = await c.var.services.caAccounts.find(c.var.account.id, c.req.valid("param").id);
    return c.json(await shown(c, row), 200);
  },
);

caAccounts.openapi(
  createRoute({
    method: "patch",
    path: "/{id}",
    operationId: "changeCaAccount",
    summary: "Change a CA account; what is not given stays, and the authority is told of contacts",
    request: { params: id, ...body(CaAccountChange) },
    responses: answers({ 200: CaAccount }),
  }),
  async (c) => {
    const change = changeOf(c.req.valid("json"));
    const changed = await c.var.services.caAccounts.change(c.var.account.id, c.req.valid("param").id, change);
    const { before, row, failure } = changed;
    await audited(c, "ca_account.change", subjectOf(row), { before: logged(before), after: logged(row) });
    return c.json(await shown(c, row, failure?.detail), 200);
  },
);

caAccounts.openapi(
  createRoute({
    method: "delete",
    path: "/{id}",
    operationId: "deleteCaAccount",
    summary: "Delete a CA account that nothing uses, or whose uses go to another one",
    request: {
      params: id,
      query: z.object({
        ...heir,
        deactivate: z.enum(["true", "false"]).optional().describe("Have the authority deactivate it first, for good"),
      }),
    },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { reassign_to, deactivate } = c.req.valid("query");
    const row = await c.var.services.caAccounts.remove(c.var.account.id, c.req.valid("param").id, {
      ...(reassign_to === undefined ? {} : { heir: reassign_to }),
      deactivate: deactivate === "true",
    });
    const after = { deactivated: deactivate === "true", reassigned_to: reassign_to ?? null };
    await audited(c, "ca_account.delete", subjectOf(row), { before: logged(row), after });
    return c.body(null, 204);
  },
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
    return c.json(await shown(c, row), 200);
  },
);

caAccounts.openapi(
  createRoute({
    method: "post",
    path: "/{id}/test",
    operationId: "testCaAccount",
    summary: "See whether it works: reads the directory, and looks the account up; nothing is ordered",
    request: { params: id },
    responses: answers({ 200: CaAccountTestResult }),
  }),
  async (c) => {
    const service = c.var.services.caAccounts;
    const row = await service.find(c.var.account.id, c.req.valid("param").id);
    const result = await service.test(row);
    await audited(c, "ca_account.test", subjectOf(row), { after: { ok: result.ok } });
    return c.json(toTestResult(result), 200);
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
    const row = await service.rollOver(await service.find(c.var.account.id, c.req.valid("param").id));
    await audited(c, "ca_account.change", subjectOf(row), { after: { account_key: "a new one" } });
    return c.json(await shown(c, row), 200);
  },
);

caAccounts.openapi(
  createRoute({
    method: "post",
    path: "/{id}/deactivate",
    operationId: "deactivateCaAccount",
    summary: "Have the authority deactivate it, for good (RFC 8555 §7.3.6)",
    request: { params: id, query: z.object(heir) },
    responses: answers({ 200: CaAccount }),
  }),
  async (c) => {
    const { reassign_to } = c.req.valid("query");
    const { caAccounts } = c.var.services;
    const row = await caAccounts.deactivate(c.var.account.id, c.req.valid("param").id, reassign_to);
    await audited(c, "ca_account.deactivate", subjectOf(row), { after: logged(row) });
    return c.json(await shown(c, row), 200);
  },
);
