/** How accounts and sessions look in the API, and what a person gives for one. */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { setCookie } from "hono/cookie";
import type { AccountIdentity } from "../../accounts/identity";
import type { NewSession } from "../../accounts/sessions";
import type { AppEnv } from "../api";
import { SESSION_COOKIE } from "../guards";
import { instant } from "../schemas";

export const Plan = z.enum(["free", "plus", "pro", "elite"]);

export const Account = z
  .object({
    id: z.number().int(),
    username: z.string(),
    email: z.string(),
    email_verified: z.boolean().describe("Mail to the address has reached its owner"),
    role: z.enum(["admin", "member"]),
    plan: Plan,
  })
  .openapi("Account");

export const Session = z.object({ account: Account, expires_at: z.string() }).openapi("Session");

export const Email = z.email().max(254);

export const Username = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/, "2 to 63 letters, digits, dots, dashes and underscores.");

/** One that there is already; what it must be like is not told to whoever guesses. */
export const Password = z.string().min(1).max(1024);

export const NewPassword = z.string().min(12, "At least 12 characters.").max(1024);

export const LinkToken = z.string().min(1).max(255).describe("Of the link that was sent by e-mail");

export const toAccount = ({ id, username, email, emailVerified, role, plan }: AccountIdentity) => ({
  id,
  username,
  email,
  email_verified: emailVerified,
  role,
  plan,
});

/** Gives the session's cookie, and the answer that goes with it. */
export function giveCookie(c: Context<AppEnv>, { token, expiresAt, account }: NewSession) {
  setCookie(c, SESSION_COOKIE, token, {
    httpOnly: true,
    secure: true,
    sameSite: "Lax",
    path: "/",
    expires: new Date(expiresAt),
  });
  return { account: toAccount(account), expires_at: instant(expiresAt) };
}
