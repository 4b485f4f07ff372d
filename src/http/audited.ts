/** What a request did, into the audit log. */
import type { Context } from "hono";
import type { Origin } from "../accounts/identity";
import type { AuditAction } from "../audit/actions";
import type { AuditEntry } from "../audit/service";
import type { AppEnv } from "./api";
import { originOf } from "./origin";

/** Who asks, and from where. */
export function authorOf(c: Context<AppEnv>): { actor: AuditEntry["actor"]; origin: Origin } {
  const { account, via, credentialId } = c.var.access;
  const actor = { account_id: account.id, username: account.username, via, credential_id: credentialId };
  return { actor, origin: originOf(c.req.raw) };
}

type Details = Partial<Pick<AuditEntry, "ownerId" | "actor" | "before" | "after">>;

/**
 * Records what the signed-in caller has done, in the log of their account unless `ownerId` names another one.
 * `subject` is what it was done on: "certificate home.example.com". Nothing in `details` may be a secret.
 */
export async function audited(c: Context<AppEnv>, action: AuditAction, subject: string, details: Details = {}) {
  const { actor, origin } = authorOf(c);
  await c.var.services.audit.record({
    ownerId: c.var.account.id,
    actor,
    ...origin,
    action,
    subject,
    ...details,
  });
}
