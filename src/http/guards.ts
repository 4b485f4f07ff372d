/** Who is asking: an API key or a session; and whether a browser was tricked into asking. */
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { type Access, requireNoInstance, requireSession } from "../accounts/identity";
import { planInForce, requireApiAccess } from "../accounts/plans";
import { requireScope, type Scope } from "../accounts/scopes";
import { Problem } from "../problems";
import type { AppEnv } from "./api";
import { originOf } from "./origin";
import { limitAccount } from "./rate-limits";

export const SESSION_COOKIE = "__Host-certedge";

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS"]);

/** The scopes that a group of routes takes. */
export interface NeededScopes {
  read: Scope;
  write: Scope;
  /** Of PUT, where it takes less than the other changes. */
  update?: Scope;
  /** Whether keys of instances are let in; what they see is then for the service to say. */
  instances?: boolean;
}

/** The scope that a method takes of an API key; null where no key is taken. */
type ScopeOf = (method: string) => Scope | null;

const guards = new WeakMap<object, ScopeOf>();

/** What a guard asks for; nothing of a handler that is none. */
export const scopeAskedBy = (handler: object): ScopeOf | undefined => guards.get(handler);

function guard(scopeOf: ScopeOf, takesInstances = false) {
  const handler = createMiddleware<AppEnv>(async (c, next) => {
    const header = c.req.header("authorization");
    const session = getCookie(c, SESSION_COOKIE);
    if (header !== undefined) c.set("access", await byKey(c, bearerOf(header)));
    else if (session !== undefined) c.set("access", await bySession(c, session));
    else throw unauthorized("Send an API key as Authorization: Bearer ak_…, or sign in.");
    c.set("account", c.var.access.account);
    await limitAccount(c, c.var.account);
    if (!takesInstances) requireNoInstance(c.var.access);
    const scope = scopeOf(c.req.method);
    if (scope) requireScope(c.var.access, scope);
    else requireSession(c.var.access);
    await next();
  });
  guards.set(handler, scopeOf);
  return handler;
}

/** Lets through requests with a valid API key that has the scope, or with a session; sets `c.var.access`. */
export const signedIn = ({ read, write, update = write, instances = false }: NeededScopes) =>
  guard((method) => (SAFE_METHODS.has(method) ? read : method === "PUT" ? update : write), instances);

/** The same with one scope for everything, and the API key wherever a dialect has it; no session is taken. */
export function keyed(keyIn: (c: Context<AppEnv>) => Promise<string | undefined> | string | undefined, scope: Scope) {
  const handler = createMiddleware<AppEnv>(async (c, next) => {
    const key = await keyIn(c);
    if (key === undefined) {
      const headers = { "www-authenticate": 'Basic realm="certedge"' };
      throw new Problem(401, "Send an API key: as the password of Basic authentication, or as Bearer.", { headers });
    }
    c.set("access", await byKey(c, key));
    c.set("account", c.var.access.account);
    await limitAccount(c, c.var.account);
    requireNoInstance(c.var.access);
    requireScope(c.var.access, scope);
    await next();
  });
  guards.set(handler, () => scope);
  return handler;
}

/** For what changes who may act for the account: its person does that, with a session, and no API key. */
export const inPerson = guard(() => null);

/** What was refused to a right credential stands in its account's log. */
export function noteRefused(error: unknown, c: Context<AppEnv>): void {
  const access: Access | undefined = c.var.access;
  if (!(error instanceof Problem) || !access || (error.status !== 401 && error.status !== 403)) return;
  const { method, path, raw } = c.req;
  c.executionCtx.waitUntil(c.var.services.refusals.note(access, originOf(raw), `${method} ${path}`, error));
}

async function byKey(c: Context<AppEnv>, key: string): Promise<Access> {
  const use = await c.var.services.apiKeys.authenticate(key, originOf(c.req.raw));
  if (!use) throw unauthorized("The API key is unknown or was deactivated.");
  const { refusal, note } = use;
  const access = inForce(c, use.access);
  c.set("access", access);
  if (refusal) throw refusal.status === 401 ? unauthorized(refusal.detail) : refusal;
  requireApiAccess(access.account);
  if (note) c.executionCtx.waitUntil(note());
  return access;
}

async function bySession(c: Context<AppEnv>, token: string): Promise<Access> {
  requireSameOrigin(c.req.raw);
  const access = await c.var.services.sessions.authenticate(token);
  if (!access) throw unauthorized("The session has ended. Sign in again.");
  return inForce(c, access);
}

/** With the plan that counts here. */
function inForce(c: Context<AppEnv>, access: Access): Access {
  const { account } = access;
  return { ...access, account: { ...account, plan: planInForce(account.plan, (c.env.PLANS as string) !== "off") } };
}

/** The key of a Bearer header; a header that is slightly wrong is told what is wrong with it. */
function bearerOf(header: string): string {
  const key = /^Bearer ([^\s"']+)$/.exec(header)?.[1];
  if (key) return key;
  if (/^bearer /i.test(header)) {
    throw unauthorized(
      /["']/.test(header)
        ? "The API key stands in quotes in the Authorization header; leave them out."
        : /^Bearer /.test(header)
          ? "The Authorization header has to be exactly: Bearer, one space, the API key."
          : "The scheme in the Authorization header has to be written Bearer.",
    );
  }
  throw unauthorized("The Authorization header has to be: Bearer ak_…");
}

const isOurs = (site: string) => site === "same-origin" || site === "none";

/** What a browser was made to ask by another site. Programs say nothing of sites. */
export const isFromAnotherSite = ({ headers }: Request): boolean => !isOurs(headers.get("sec-fetch-site") ?? "none");

const unauthorized = (detail: string) =>
  new Problem(401, detail, { headers: { "www-authenticate": 'Bearer realm="certedge"' } });

/**
 * A state change by cookie, or one that gives a cookie, has to come from our own pages. Throws 403.
 * Where a browser says which site it comes from, that decides: our own forms have the origin "null", for our referrer
 * policy. A client that is no browser sends neither header; a browser sends at least one on every state change.
 */
export function requireSameOrigin(request: Request): void {
  if (SAFE_METHODS.has(request.method)) return;
  const site = request.headers.get("sec-fetch-site");
  const origin = request.headers.get("origin");
  if (site === null ? origin === null || origin === new URL(request.url).origin : isOurs(site)) return;
  throw new Problem(
    403,
    "The request comes from another site. Changes with a session are taken from our own pages only.",
  );
}
