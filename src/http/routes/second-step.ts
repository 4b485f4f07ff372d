/** Signing in by a second factor, after the password or in its place. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { INSTALLATION } from "../../audit/service";
import { Problem } from "../../problems";
import type { Outcome } from "../../two-factor/sign-in";
import { type AppEnv, api } from "../api";
import { requireSameOrigin } from "../guards";
import { originOf } from "../origin";
import { answers, body } from "../schemas";
import { giveCookie, Session } from "./account-schemas";
import { Assertion, RequestOptions } from "./passkey-schemas";

const Token = z.string().min(1).max(64).describe("Of the answer to the password");
const Code = z.string().min(1).max(32).describe("Of the authenticator app, or a recovery code");

/** An accepted step ends in a session; what happened goes into the log of whose account it was. */
async function conclude(c: Context<AppEnv>, outcome: Outcome) {
  const { audit, sessions } = c.var.services;
  const origin = originOf(c.req.raw);
  if (!outcome.accepted) {
    await audit.record({
      ownerId: outcome.accountId ?? INSTALLATION,
      actor: { account_id: null, username: null, via: "nobody", credential_id: null },
      ...origin,
      action: "sign_in.failed",
      subject: "second factor",
    });
    throw new Problem(401, outcome.detail);
  }
  const { account, by } = outcome;
  const session = await sessions.open(account, origin);
  const entry = {
    ownerId: account.id,
    actor: { account_id: account.id, username: account.username, via: "session" as const, credential_id: session.id },
    ...origin,
    subject: `account ${account.username}`,
  };
  if (by === "recovery_code") await audit.record({ ...entry, action: "recovery_code.use" });
  await audit.record({ ...entry, action: "sign_in", after: { second_factor: by } });
  return giveCookie(c, session);
}

export const secondStep = api();

secondStep.openapi(
  createRoute({
    method: "post",
    path: "/sessions/second-factor",
    operationId: "signInSecondStep",
    summary: "The second step of signing in",
    request: body(
      z.union([z.strictObject({ token: Token, code: Code }), z.strictObject({ token: Token, passkey: Assertion })]),
    ),
    responses: answers({ 201: Session }),
  }),
  async (c) => {
    requireSameOrigin(c.req.raw);
    const { token, ...proof } = c.req.valid("json");
    const { signInLimits, twoFactor } = c.var.services;
    const outcome = await twoFactor.finish(token, proof, c.req.url);
    if (outcome.accepted) await signInLimits.succeeded(outcome.account, originOf(c.req.raw));
    return c.json(await conclude(c, outcome), 201);
  },
);

secondStep.openapi(
  createRoute({
    method: "post",
    path: "/passkeys/sign-in/options",
    operationId: "beginPasskeySignIn",
    summary: "Begin to sign in by a passkey alone: what navigator.credentials.get takes",
    responses: answers({ 200: RequestOptions }),
  }),
  async (c) => {
    requireSameOrigin(c.req.raw);
    return c.json(await c.var.services.twoFactor.beginPasskey(c.req.url), 200);
  },
);

secondStep.openapi(
  createRoute({
    method: "post",
    path: "/passkeys/sign-in",
    operationId: "signInByPasskey",
    summary: "Sign in by the passkey that navigator.credentials.get gave, within five minutes",
    request: body(z.strictObject({ passkey: Assertion })),
    responses: answers({ 201: Session }),
  }),
  async (c) => {
    requireSameOrigin(c.req.raw);
    const { passkey } = c.req.valid("json");
    return c.json(await conclude(c, await c.var.services.twoFactor.finishPasskey(passkey, c.req.url)), 201);
  },
);
