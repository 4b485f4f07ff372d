/** Who a request acts for, and with what. */
import { Problem } from "../problems";
import type { accounts } from "../storage/schema";
import type { Scope } from "./scopes";

type AccountRow = typeof accounts.$inferSelect;

export type Plan = AccountRow["plan"];

export interface AccountIdentity extends Pick<AccountRow, "id" | "username" | "email" | "role" | "plan"> {
  /** Mail to the address has reached its owner. */
  emailVerified: boolean;
}

export const identityOf = ({ id, username, email, role, plan, emailVerifiedAt }: AccountRow): AccountIdentity => ({
  id,
  username,
  email,
  role,
  plan,
  emailVerified: emailVerifiedAt !== null,
});

/** A credential that was accepted. */
export interface Access {
  account: AccountIdentity;
  via: "session" | "api_key";
  /** The id of the session or of the API key. */
  credentialId: string;
  /** What the credential is narrowed to; null is everything that its account may. */
  scopes: Scope[] | null;
  allowedDomains: string[] | null;
  /** The instance whose key it is: it sees what is for that one, and nothing else. Null is everything of the account. */
  instanceId: string | null;
}

/** Where a request came from, as it is logged. */
export interface Origin {
  address: string | null;
  /** The User-Agent, cut at 200 characters. */
  client: string | null;
}

/** What changes who may act for the account is for its person alone. Throws 403 for an API key. */
export function requireSession({ via }: Pick<Access, "via">): void {
  if (via === "session") return;
  throw new Problem(403, "An API key may not do this. Sign in, and do it with the session.");
}

/** Throws 403 for the key of an instance, which is for nothing but that instance's certificates. */
export function requireNoInstance({ instanceId }: Pick<Access, "instanceId">): void {
  if (instanceId === null) return;
  throw new Problem(
    403,
    "This API key is that of an instance: it sees the certificates of that instance, fetches its bundle and takes its " +
      "reports. Use a key of the account.",
  );
}

/** Throws 403 for whoever does not run the installation. */
export function requireAdmin({ role }: Pick<AccountIdentity, "role">): void {
  if (role !== "admin") throw new Problem(403, "Only an administrator of this certedge may do this.");
}

/** Throws 403 until mail to the account has reached its owner; `what` is in the plural. */
export function requireVerifiedEmail({ email, emailVerified }: AccountIdentity, what: string): void {
  if (emailVerified) return;
  throw new Problem(
    403,
    `${what} need a verified e-mail address. Follow the link that was sent to ${email}; ` +
      "POST /api/email/verification sends it again.",
  );
}
