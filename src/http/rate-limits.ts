/** How many requests are taken, by address and by account. Cloudflare counts; a local Worker has the same binding. */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import type { AccountIdentity, Plan } from "../accounts/identity";
import { holderOf } from "../accounts/networks";
import { plans } from "../accounts/plans";
import { clientAddress } from "../ddns/client-address";
import { dialectOf } from "../ddns/dialects";
import { Problem } from "../problems";
import type { AppEnv } from "./api";

/** Of all bindings in wrangler.toml, seconds. */
const PERIOD = "60";

const bindings = { free: "LIMIT_FREE", plus: "LIMIT_PLUS", pro: "LIMIT_PRO", elite: "LIMIT_ELITE" } as const;

/** Its own name servers ask as often as they are asked; they have a secret. */
const NAME_SERVER = "/dns/pdns/";

async function isWithin(c: Context<AppEnv>, limit: RateLimit, key: string): Promise<boolean> {
  if ((c.env.RATE_LIMITS as string) === "off") return true;
  return (await limit.limit({ key })).success;
}

const callerOf = (c: Context<AppEnv>) => holderOf(clientAddress(c.req.raw.headers));

const tooMany = (detail: string, extra = {}) => new Problem(429, detail, { extra, headers: { "retry-after": PERIOD } });

/** For every request, before anything else is done for it. */
export const limitByAddress = createMiddleware<AppEnv>(async (c, next) => {
  if (c.req.path.startsWith(NAME_SERVER) || (await isWithin(c, c.env.LIMIT_ADDRESS, callerOf(c)))) return next();
  // A router is told in its own words: after 503 each one comes back by itself, after 429 some never do.
  const { method, headers } = c.req.raw;
  const asked = { method, headers, url: new URL(c.req.url) };
  const dialect = dialectOf(asked);
  if (dialect) return dialect.answer({ word: "911" }, asked);
  throw tooMany("Too many requests come from your address. Try again in a minute.");
});

/** For what costs CPU time or sends mail, and needs no credential: signing in, claiming, signing up, resetting. */
export const limitSignIn = createMiddleware<AppEnv>(async (c, next) => {
  const isSafe = c.req.method === "GET" || c.req.method === "HEAD";
  if (!isSafe && !(await isWithin(c, c.env.LIMIT_SIGN_IN, callerOf(c)))) {
    throw tooMany("Too many attempts come from your address. Try again in a minute.");
  }
  await next();
});

/** For requests with a credential. Throws 429 with what the plan allows. */
export async function limitAccount(c: Context<AppEnv>, { id, plan }: AccountIdentity): Promise<void> {
  if (await isWithin(c, c.env[bindings[plan satisfies Plan]], String(id))) return;
  const { title, requestsPerMinute: limit } = plans[plan];
  throw tooMany(
    `The ${title} plan allows ${limit} requests a minute. Try again in a minute; an administrator raises it with PATCH /api/admin/accounts/{id}.`,
    { limit },
  );
}
