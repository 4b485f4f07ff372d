/** The account: claiming the installation's first one, one's own, its password and address, and its end. */

import { createRoute, z } from "@hono/zod-openapi";
import { deleteCookie } from "hono/cookie";
import { requireAllNames, requireScope, type Scope } from "../../accounts/scopes";
import { INSTALLATION } from "../../audit/service";
import { afterwards } from "../afterwards";
import { api } from "../api";
import { audited } from "../audited";
import { inPerson, requireSameOrigin, SESSION_COOKIE, signedIn } from "../guards";
import { originOf } from "../origin";
import { answers, body, instant } from "../schemas";
import { Account, Email, giveCookie, NewPassword, Password, Session, toAccount, Username } from "./account-schemas";

const Claim = z
  .strictObject({ token: z.string().min(1).max(255), email: Email, username: Username, password: NewPassword })
  .openapi("Claim");

const Row = z.record(z.string(), z.unknown());

const Export = z
  .object({
    exported_at: z.string(),
    left_out: z.string(),
    account: Row,
    owned: z.record(z.string(), z.array(Row)).describe("What belongs to it, by kind"),
  })
  .openapi("AccountExport");

const LEFT_OUT =
  "Secrets: the private keys of certificates (GET /api/certificates/{domain}/download has them), the credentials of DNS " +
  "accounts, the keys of CA accounts, and the hashes of passwords, API keys and sessions. GET /api/audit/export has the log.";

/** What a key has to be allowed to read for itself that is to have all of it at once. */
const EXPORTED: Scope[] = [
  ...(["account:read", "api_keys:read", "ca:read", "certificates:read", "credentials:read"] as const),
  ...(["dns:read", "domains:read", "instances:read", "notifications:read"] as const),
];

const withAccount = signedIn({ read: "account:read", write: "account:write" });

export const accounts = api();

accounts.openapi(
  createRoute({
    method: "post",
    path: "/claim",
    operationId: "claimInstallation",
    summary: "Make the first account, the admin's, with the one-time token",
    request: body(Claim),
    responses: answers({ 201: Session }),
  }),
  async (c) => {
    requireSameOrigin(c.req.raw);
    const { accounts, sessions } = c.var.services;
    const origin = originOf(c.req.raw);
    const account = await accounts.claim(c.req.valid("json"), origin);
    return c.json(giveCookie(c, await sessions.open(account, origin)), 201);
  },
);

accounts.openapi(
  createRoute({
    method: "get",
    path: "/account",
    operationId: "getAccount",
    summary: "Who I am",
    middleware: withAccount,
    responses: answers({ 200: Account }),
  }),
  (c) => c.json(toAccount(c.var.account), 200),
);

accounts.openapi(
  createRoute({
    method: "put",
    path: "/account/password",
    operationId: "changePassword",
    summary: "Change my password; every other session ends",
    middleware: inPerson,
    request: body(z.strictObject({ current_password: Password, new_password: NewPassword }).openapi("PasswordChange")),
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { current_password, new_password } = c.req.valid("json");
    const { passwordChanges } = c.var.services;
    const mail = await passwordChanges.change(c.var.access, current_password, new_password, originOf(c.req.raw));
    await audited(c, "password.change", `account ${c.var.account.username}`);
    afterwards(c, mail);
    return c.body(null, 204);
  },
);

accounts.openapi(
  createRoute({
    method: "put",
    path: "/account/email",
    operationId: "changeEmail",
    summary: "Change my e-mail address: a link goes to the new one, which is the account's once it is confirmed",
    middleware: inPerson,
    request: body(z.strictObject({ email: Email, password: Password }).openapi("EmailChange")),
    responses: answers({ 202: null }),
  }),
  async (c) => {
    const { email, password } = c.req.valid("json");
    const { addresses, passwordChanges } = c.var.services;
    await passwordChanges.requirePassword(c.var.account, password, originOf(c.req.raw), "/password");
    await addresses.askToChange(c.var.account, email);
    return c.body(null, 202);
  },
);

accounts.openapi(
  createRoute({
    method: "get",
    path: "/account/export",
    operationId: "exportAccount",
    summary: "Everything that the account owns, without its secrets",
    middleware: withAccount,
    responses: answers({ 200: Export }),
  }),
  async (c) => {
    requireAllNames(c.var.access, "the export of the account");
    for (const scope of EXPORTED) requireScope(c.var.access, scope);
    const { account, owned } = await c.var.services.exportAccount(c.var.account.id);
    await audited(c, "account.export", `account ${c.var.account.username}`);
    c.header("content-disposition", 'attachment; filename="certedge-account.json"');
    return c.json({ exported_at: instant(Date.now()), left_out: LEFT_OUT, account, owned }, 200);
  },
);

accounts.openapi(
  createRoute({
    method: "delete",
    path: "/account",
    operationId: "closeAccount",
    summary: "Close my account",
    description:
      "At once nobody can act for it any more. 204: all that belonged to it is deleted, with its DNS records. " +
      "202: something is still to be taken down, such as an order that is under way; that is done as soon as it can be. " +
      "Certificates stay valid until they end, unless they are revoked before.",
    middleware: inPerson,
    request: body(z.strictObject({ password: Password }).openapi("AccountClosing")),
    responses: answers({ 202: z.object({ remaining: z.array(z.string()) }), 204: null }),
  }),
  async (c) => {
    const { account } = c.var;
    const { closing, passwordChanges } = c.var.services;
    const { password } = c.req.valid("json");
    await passwordChanges.requirePassword(account, password, originOf(c.req.raw), "/password");
    const remaining = await closing.close(account.id);
    const subject = `account ${account.username}`;
    await audited(c, "account.close", subject);
    // Nobody reads the account's own log any more.
    await audited(c, "account.close", subject, { ownerId: INSTALLATION });
    deleteCookie(c, SESSION_COOKIE, { path: "/", secure: true });
    return remaining.length > 0 ? c.json({ remaining }, 202) : c.body(null, 204);
  },
);
