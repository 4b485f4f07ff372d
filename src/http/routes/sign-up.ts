/** What works without a credential: signing up, links from mails, and a forgotten password. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AccountIdentity } from "../../accounts/identity";
import type { AuditAction } from "../../audit/actions";
import { afterwards } from "../afterwards";
import { type AppEnv, api } from "../api";
import { inPerson } from "../guards";
import { originOf } from "../origin";
import { answers, body } from "../schemas";
import { Account, Email, LinkToken, NewPassword, toAccount, Username } from "./account-schemas";

/** Into the account's log: somebody who is not signed in did it, by what was sent to its address. */
async function recordFor(
  c: Context<AppEnv>,
  { id, username }: AccountIdentity,
  action: AuditAction,
  change: { before?: unknown; after?: unknown } = {},
) {
  const actor = { account_id: null, username: null, via: "nobody" as const, credential_id: null };
  const subject = `account ${username}`;
  await c.var.services.audit.record({ ownerId: id, actor, ...originOf(c.req.raw), action, subject, ...change });
}

export type NewAccount = z.infer<typeof NewAccount>;
export const NewAccount = z
  .strictObject({
    email: Email,
    username: Username,
    password: NewPassword,
    invitation: z.string().min(1).max(255).optional().describe("Of the link of an invitation"),
  })
  .openapi("NewAccount");

/** The steps themselves, for the API and for the pages. */
export async function signUp(c: Context<AppEnv>, input: NewAccount): Promise<AccountIdentity> {
  const { account, mail } = await c.var.services.signUp.signUp(input);
  await recordFor(c, account, "account.sign_up", { after: { plan: account.plan, invited: account.emailVerified } });
  if (mail) afterwards(c, mail);
  return account;
}

export async function verifyEmail(c: Context<AppEnv>, token: string): Promise<AccountIdentity> {
  const { account, before } = await c.var.services.addresses.verify(token);
  if (before === undefined) await recordFor(c, account, "email.verify", { after: { email: account.email } });
  else await recordFor(c, account, "email.change", { before: { email: before }, after: { email: account.email } });
  return account;
}

export function requestReset(c: Context<AppEnv>, email: string): void {
  const work = c.var.services.passwordChanges.requestReset(email);
  afterwards(c, async () => {
    const account = await work();
    if (account) await recordFor(c, account, "password.reset_requested");
  });
}

export async function resetPassword(c: Context<AppEnv>, token: string, password: string): Promise<void> {
  const { account, mail } = await c.var.services.passwordChanges.reset(token, password);
  await recordFor(c, account, "password.reset");
  afterwards(c, mail);
}

export const signUpRoutes = api();

signUpRoutes.openapi(
  createRoute({
    method: "post",
    path: "/accounts",
    operationId: "signUp",
    summary: "Sign up, where the operator lets one",
    description:
      "A link goes to the address, unless an invitation came there already. The answer is the same where the address " +
      "belongs to another account: its owner is told by mail, and nobody else.",
    request: body(NewAccount),
    responses: answers({ 201: Account }),
  }),
  async (c) => c.json(toAccount(await signUp(c, c.req.valid("json"))), 201),
);

signUpRoutes.openapi(
  createRoute({
    method: "post",
    path: "/email/verify",
    operationId: "verifyEmail",
    summary: "Show by a link's token that an address is mine",
    request: body(z.strictObject({ token: LinkToken }).openapi("EmailVerification")),
    responses: answers({ 200: Account }),
  }),
  async (c) => c.json(toAccount(await verifyEmail(c, c.req.valid("json").token)), 200),
);

signUpRoutes.openapi(
  createRoute({
    method: "post",
    path: "/email/verification",
    operationId: "sendVerification",
    summary: "Send me the link again, five times within an hour at most",
    middleware: inPerson,
    responses: answers({ 202: null }),
  }),
  async (c) => {
    await c.var.services.signUp.sendAgain(c.var.account);
    return c.body(null, 202);
  },
);

signUpRoutes.openapi(
  createRoute({
    method: "post",
    path: "/password-reset",
    operationId: "requestPasswordReset",
    summary: "Send a link for a new password to an address",
    description: "The answer is the same whether an account has verified the address or not.",
    request: body(z.strictObject({ email: Email }).openapi("PasswordResetRequest")),
    responses: answers({ 202: null }),
  }),
  (c) => {
    requestReset(c, c.req.valid("json").email);
    return c.body(null, 202);
  },
);

signUpRoutes.openapi(
  createRoute({
    method: "post",
    path: "/password-reset/confirm",
    operationId: "resetPassword",
    summary: "Choose a new password with a link's token; every session ends",
    request: body(z.strictObject({ token: LinkToken, new_password: NewPassword }).openapi("PasswordReset")),
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { token, new_password } = c.req.valid("json");
    await resetPassword(c, token, new_password);
    return c.body(null, 204);
  },
);
