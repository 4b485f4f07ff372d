/** Who a request acts for, and with what. */
import type { accounts } from "../storage/schema";
import type { Scope } from "./scopes";

type AccountRow = typeof accounts.$inferSelect;

export type Plan = AccountRow["plan"];

export type AccountIdentity = Pick<AccountRow, "id" | "username" | "email" | "role" | "plan">;

/** A credential that was accepted. */
export interface Access {
  account: AccountIdentity;
  via: "session" | "api_key";
  /** The id of the session or of the API key. */
  credentialId: string;
  /** What the credential is narrowed to; null is everything that its account may. */
  scopes: Scope[] | null;
  allowedDomains: string[] | null;
}

/** Where a request came from, as it is logged. */
export interface Origin {
  address: string | null;
  /** The User-Agent, cut at 200 characters. */
  client: string | null;
}
