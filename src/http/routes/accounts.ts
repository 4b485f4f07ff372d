/** The front door: claiming the installation, signing in and out. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { AccountIdentity } from "../../accounts/identity";
import type { NewSession } from "../../accounts/sessions";
import { type AppEnv, api } from "../api";
import { requireSameOrigin, SESSION_COOKIE, signedIn } from "../guards";
import { originOf } from "../origin";
import { answers, body, instant } from "../schemas";

const Account = z
  .object({
    id: z.number().int(),
    username: z.string(),
    email: z.string(),
    role: z.enum(["admin", "member"]),
    plan: z.enum(["free", "plus", "pro", "elite"]),
  })
  .openapi("Account");

const Session = z.object({ account: Account, expires_at: z.string() }).openapi("Session");

const Claim = z
  .strictObject({
    token: z.string().min(1).max(255),
    email: z.email().max(254),
    username: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/, "2 to 63 letters, digits, dots, dashes and underscores."),
    password: z.string().min(12, "At least 12 characters.").max(1024),
  })
  .openapi("Claim");

const SignIn = z
  .strictObject({ username: z.string().min(1).max(254), password: z.string().min(1).max(1024) })
  .openapi("SignIn");

const toAccount = ({ id, username, email, role, plan }: AccountIdentity) => ({ id, username, email, role, plan });

function giveCookie(c: Context<AppEnv>, { token, expiresAt, account }: NewSession) {
  setCookie(c, SESSION_COOKIE, token, {
    httpOnly: true,
    secure: true,
    sameSite: "Lax",
    path: "/",
    expires: new Date(expiresAt),
  });
  return { account: toAccount(account), expires_at: instant(expiresAt) };
}

export const accounts = api();

accounts.openapi(
  createRoute({
    method: "post",
    path: "/claim",
    summary: "Make the first account, the admin's, with the one-time token",
    request: body(Claim),
    responses: answers({ 201: Session }),
  }),
  async (c) => {
    requireSameOrigin(c.req.raw);
    const { accounts, sessions } = c.var.services;
    const account = await accounts.claim(c.req.valid("json"));
    return c.json(giveCookie(c, await sessions.open(account, originOf(c.req.raw))), 201);
  },
);

accounts.openapi(
  createRoute({
    method: "post",
    path: "/sessions",
    summary: "Sign in",
    request: body(SignIn),
    responses: answers({ 201: Session }),
  }),
  async (c) => {
    requireSameOrigin(c.req.raw);
    const { username, password } = c.req.valid("json");
    return c.json(giveCookie(c, await c.var.services.sessions.signIn(username, password, originOf(c.req.raw))), 201);
  },
);

accounts.openapi(
  createRoute({
    method: "delete",
    path: "/sessions/current",
    summary: "Sign out",
    responses: answers({ 204: null }),
  }),
  async (c) => {
    requireSameOrigin(c.req.raw);
    const token = getCookie(c, SESSION_COOKIE);
    if (token) await c.var.services.sessions.close(token);
    deleteCookie(c, SESSION_COOKIE, { path: "/", secure: true });
    return c.body(null, 204);
  },
);

accounts.openapi(
  createRoute({
    method: "get",
    path: "/account",
    summary: "Who I am",
    middleware: signedIn({ read: "account:read", write: "account:write" }),
    responses: answers({ 200: Account }),
  }),
  (c) => c.json(toAccount(c.var.account), 200),
);
