/** Sessions: signing in and out, here and everywhere. */
import { createRoute, z } from "@hono/zod-openapi";
import { deleteCookie, getCookie } from "hono/cookie";
import type { SessionRow } from "../../accounts/sessions";
import { api } from "../api";
import { audited } from "../audited";
import { inPerson, requireSameOrigin, SESSION_COOKIE, signedIn } from "../guards";
import { originOf } from "../origin";
import { answers, body, instant } from "../schemas";
import { giveCookie, Password, Session } from "./account-schemas";
import { RequestOptions } from "./passkey-schemas";

const SignIn = z.strictObject({ username: z.string().min(1).max(254), password: Password }).openapi("SignIn");

/** What POST /api/sessions/second-factor is called with. */
const SecondStep = z
  .object({
    token: z.string().describe("Good for five minutes and five tries"),
    methods: z.array(z.enum(["totp", "passkey", "recovery_code"])),
    passkey_options: RequestOptions.nullable().describe("What navigator.credentials.get takes"),
  })
  .openapi("SecondStep");

const OpenSession = z
  .object({
    id: z.uuid(),
    created_at: z.string(),
    expires_at: z.string(),
    address: z.string().nullable().describe("From where it was opened"),
    client: z.string().nullable().describe("The User-Agent that opened it"),
    current: z.boolean().describe("Whether it is the one of this request"),
  })
  .openapi("OpenSession");

const toOpenSession = ({ id, createdAt, expiresAt, address, client }: SessionRow, current: string) => ({
  id,
  created_at: instant(createdAt),
  expires_at: instant(expiresAt),
  address,
  client,
  current: id === current,
});

const withAccount = signedIn({ read: "account:read", write: "account:write" });

export const sessions = api();

sessions.openapi(
  createRoute({
    method: "post",
    path: "/",
    operationId: "signIn",
    summary: "Sign in by user name or verified e-mail address",
    description: "An account with a second factor gets no session yet, but the token of the second step.",
    request: body(SignIn),
    responses: answers({ 200: z.object({ second_factor: SecondStep }), 201: Session }),
  }),
  async (c) => {
    requireSameOrigin(c.req.raw);
    const { signIn, twoFactor } = c.var.services;
    const { username, password } = c.req.valid("json");
    const origin = originOf(c.req.raw);
    const account = await signIn.checkPassword(username, password, origin);
    if (await twoFactor.required(account.id)) {
      const { token, methods, passkeyOptions } = await twoFactor.begin(account.id, c.req.url);
      return c.json({ second_factor: { token, methods, passkey_options: passkeyOptions } }, 200);
    }
    return c.json(giveCookie(c, await signIn.open(account, origin)), 201);
  },
);

sessions.openapi(
  createRoute({
    method: "get",
    path: "/",
    operationId: "listSessions",
    summary: "My open sessions",
    middleware: withAccount,
    responses: answers({ 200: z.object({ sessions: z.array(OpenSession) }) }),
  }),
  async (c) => {
    const { account, credentialId } = c.var.access;
    const open = await c.var.services.sessions.list(account.id);
    return c.json({ sessions: open.map((row) => toOpenSession(row, credentialId)) }, 200);
  },
);

sessions.openapi(
  createRoute({
    method: "delete",
    path: "/",
    operationId: "signOutEverywhere",
    summary: "Sign out everywhere, here too",
    middleware: inPerson,
    responses: answers({ 204: null }),
  }),
  async (c) => {
    await c.var.services.sessions.endAll(c.var.account.id);
    await audited(c, "sign_out.everywhere", `account ${c.var.account.username}`);
    deleteCookie(c, SESSION_COOKIE, { path: "/", secure: true });
    return c.body(null, 204);
  },
);

sessions.openapi(
  createRoute({
    method: "delete",
    path: "/current",
    operationId: "signOut",
    summary: "Sign out; without a session there is nothing to do",
    responses: answers({ 204: null }),
  }),
  async (c) => {
    requireSameOrigin(c.req.raw);
    const { sessions, audit } = c.var.services;
    const token = getCookie(c, SESSION_COOKIE);
    const access = token ? await sessions.authenticate(token) : undefined;
    if (token) await sessions.close(token);
    if (access) {
      const { id, username } = access.account;
      await audit.record({
        ownerId: id,
        actor: { account_id: id, username, via: "session", credential_id: access.credentialId },
        ...originOf(c.req.raw),
        action: "sign_out",
        subject: `session ${access.credentialId}`,
      });
    }
    deleteCookie(c, SESSION_COOKIE, { path: "/", secure: true });
    return c.body(null, 204);
  },
);

sessions.openapi(
  createRoute({
    method: "delete",
    path: "/{id}",
    operationId: "endSession",
    summary: "End one of my sessions",
    middleware: inPerson,
    request: { params: z.object({ id: z.string() }) },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    const { id } = c.req.valid("param");
    await c.var.services.sessions.end(c.var.account.id, id);
    await audited(c, "sign_out", `session ${id}`);
    return c.body(null, 204);
  },
);
