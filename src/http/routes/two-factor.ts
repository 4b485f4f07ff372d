/** Setting up second factors: an authenticator app, recovery codes, passkeys. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { requireAdmin } from "../../accounts/identity";
import type { PasskeyRow } from "../../two-factor/passkeys";
import { afterwards } from "../afterwards";
import { type AppEnv, api } from "../api";
import { audited } from "../audited";
import { inPerson, signedIn } from "../guards";
import { originOf } from "../origin";
import { answers, body, instant } from "../schemas";
import { Password } from "./account-schemas";
import { CreationOptions, Registration } from "./passkey-schemas";

const Code = z.string().min(1).max(32).describe("Of the authenticator app, or a recovery code");

const RecoveryCodes = z
  .object({ recovery_codes: z.array(z.string()).describe("Shown this once; each stands in for a factor once") })
  .openapi("RecoveryCodes");

/** With null where the account has some already. */
const FirstRecoveryCodes = z.object({ recovery_codes: z.array(z.string()).nullable() });

const Passkey = z
  .object({ id: z.string(), name: z.string(), created_at: z.string(), last_used_at: z.string().nullable() })
  .openapi("Passkey");

const toPasskey = ({ id, name, createdAt, lastUsedAt }: PasskeyRow) => ({
  id,
  name,
  created_at: instant(createdAt),
  last_used_at: lastUsedAt === null ? null : instant(lastUsedAt),
});

const readable = signedIn({ read: "account:read", write: "account:write" });

/** A session may be stolen; what it takes to sign in is changed by who knows the password. */
const requirePassword = (c: Context<AppEnv>, { password }: { password: string }) =>
  c.var.services.passwordChanges.requirePassword(c.var.account, password, originOf(c.req.raw), "/password");

const asAdmin = createMiddleware<AppEnv>((c, next) => {
  requireAdmin(c.var.account);
  return next();
});

export const twoFactor = api();

twoFactor.openapi(
  createRoute({
    method: "get",
    path: "/account/second-factors",
    operationId: "getSecondFactors",
    summary: "What the account has as second factors",
    middleware: readable,
    responses: answers({
      200: z
        .object({
          totp: z.object({ confirmed_at: z.string() }).nullable(),
          passkeys: z.array(Passkey),
          recovery_codes_left: z.number().int(),
        })
        .openapi("SecondFactors"),
    }),
  }),
  async (c) => {
    const { totpConfirmedAt, passkeys, recoveryCodesLeft } = await c.var.services.twoFactor.overview(c.var.account.id);
    return c.json(
      {
        totp: totpConfirmedAt === null ? null : { confirmed_at: instant(totpConfirmedAt) },
        passkeys: passkeys.map(toPasskey),
        recovery_codes_left: recoveryCodesLeft,
      },
      200,
    );
  },
);

twoFactor.openapi(
  createRoute({
    method: "post",
    path: "/account/totp",
    operationId: "beginAuthenticatorApp",
    summary: "Begin to set up an authenticator app; it counts once it is confirmed",
    middleware: inPerson,
    request: body(z.strictObject({ password: Password })),
    responses: answers({
      200: z
        .object({ secret: z.string().describe("Base32"), otpauth_uri: z.string(), qr_svg: z.string() })
        .openapi("TotpEnrolment"),
    }),
  }),
  async (c) => {
    await requirePassword(c, c.req.valid("json"));
    const { secret, uri, qrSvg } = await c.var.services.twoFactor.enrolApp(c.var.account);
    return c.json({ secret, otpauth_uri: uri, qr_svg: qrSvg }, 200);
  },
);

twoFactor.openapi(
  createRoute({
    method: "post",
    path: "/account/totp/confirm",
    operationId: "confirmAuthenticatorApp",
    summary: "Confirm the authenticator app by a code of it",
    middleware: inPerson,
    request: body(z.strictObject({ code: Code })),
    responses: answers({ 200: FirstRecoveryCodes }),
  }),
  async (c) => {
    const codes = await c.var.services.twoFactor.confirmApp(c.var.account, c.req.valid("json").code);
    await audited(c, "second_factor.add", "authenticator app");
    afterwards(c, c.var.services.notices.secondFactorAdded(c.var.account, "An authenticator app"));
    if (codes) await audited(c, "recovery_codes.make", "recovery codes");
    return c.json({ recovery_codes: codes ?? null }, 200);
  },
);

twoFactor.openapi(
  createRoute({
    method: "delete",
    path: "/account/totp",
    operationId: "removeAuthenticatorApp",
    summary: "Remove the authenticator app",
    middleware: inPerson,
    request: body(z.strictObject({ password: Password, code: Code })),
    responses: answers({ 204: null }),
  }),
  async (c) => {
    await requirePassword(c, c.req.valid("json"));
    const by = await c.var.services.twoFactor.removeApp(c.var.account, c.req.valid("json").code);
    if (by === "recovery_code") await audited(c, "recovery_code.use", "recovery codes");
    await audited(c, "second_factor.remove", "authenticator app");
    afterwards(c, c.var.services.notices.secondFactorRemoved(c.var.account, "The authenticator app"));
    return c.body(null, 204);
  },
);

twoFactor.openapi(
  createRoute({
    method: "post",
    path: "/account/recovery-codes",
    operationId: "makeRecoveryCodes",
    summary: "Make ten new recovery codes; those before are void",
    middleware: inPerson,
    request: body(z.strictObject({ password: Password })),
    responses: answers({ 200: RecoveryCodes }),
  }),
  async (c) => {
    await requirePassword(c, c.req.valid("json"));
    const codes = await c.var.services.twoFactor.remakeRecoveryCodes(c.var.account);
    await audited(c, "recovery_codes.make", "recovery codes");
    return c.json({ recovery_codes: codes }, 200);
  },
);

twoFactor.openapi(
  createRoute({
    method: "get",
    path: "/account/passkeys",
    operationId: "listPasskeys",
    summary: "List the passkeys",
    middleware: readable,
    responses: answers({ 200: z.object({ passkeys: z.array(Passkey) }) }),
  }),
  async (c) => {
    const { passkeys } = await c.var.services.twoFactor.overview(c.var.account.id);
    return c.json({ passkeys: passkeys.map(toPasskey) }, 200);
  },
);

twoFactor.openapi(
  createRoute({
    method: "post",
    path: "/account/passkeys/options",
    operationId: "beginPasskey",
    summary: "Begin to register a passkey: what navigator.credentials.create takes",
    middleware: inPerson,
    request: body(z.strictObject({ password: Password })),
    responses: answers({ 200: CreationOptions }),
  }),
  async (c) => {
    await requirePassword(c, c.req.valid("json"));
    return c.json(await c.var.services.twoFactor.passkeyOptions(c.var.account, c.req.url), 200);
  },
);

twoFactor.openapi(
  createRoute({
    method: "post",
    path: "/account/passkeys",
    operationId: "addPasskey",
    summary: "Register the passkey that navigator.credentials.create gave, within five minutes",
    middleware: inPerson,
    request: body(z.strictObject({ name: z.string().min(1).max(100), passkey: Registration })),
    responses: answers({ 201: FirstRecoveryCodes.extend({ passkey: Passkey }) }),
  }),
  async (c) => {
    const { name, passkey: registration } = c.req.valid("json");
    const made = await c.var.services.twoFactor.addPasskey(c.var.account, name, registration, c.req.url);
    await audited(c, "second_factor.add", `passkey ${name}`);
    afterwards(c, c.var.services.notices.secondFactorAdded(c.var.account, `The passkey "${name}"`));
    if (made.recoveryCodes) await audited(c, "recovery_codes.make", "recovery codes");
    return c.json({ passkey: toPasskey(made.passkey), recovery_codes: made.recoveryCodes ?? null }, 201);
  },
);

twoFactor.openapi(
  createRoute({
    method: "delete",
    path: "/account/passkeys/{id}",
    operationId: "removePasskey",
    summary: "Remove a passkey",
    middleware: inPerson,
    request: { params: z.object({ id: z.string() }), ...body(z.strictObject({ password: Password })) },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    await requirePassword(c, c.req.valid("json"));
    const { name } = await c.var.services.twoFactor.removePasskey(c.var.account, c.req.valid("param").id);
    await audited(c, "second_factor.remove", `passkey ${name}`);
    afterwards(c, c.var.services.notices.secondFactorRemoved(c.var.account, `The passkey "${name}"`));
    return c.body(null, 204);
  },
);

twoFactor.openapi(
  createRoute({
    method: "delete",
    path: "/admin/accounts/{id}/second-factors",
    operationId: "removeSecondFactorsOf",
    summary: "Remove all second factors of somebody who has lost them",
    middleware: [inPerson, asAdmin],
    description: "The password is the administrator's own.",
    request: {
      params: z.object({ id: z.coerce.number().int().min(1) }),
      ...body(z.strictObject({ password: Password })),
    },
    responses: answers({ 204: null }),
  }),
  async (c) => {
    await requirePassword(c, c.req.valid("json"));
    const account = await c.var.services.twoFactor.removeAll(c.req.valid("param").id);
    await audited(c, "second_factor.remove", `account ${account.username}`, { ownerId: account.id });
    afterwards(c, c.var.services.notices.secondFactorsRemoved(account));
    return c.body(null, 204);
  },
);
