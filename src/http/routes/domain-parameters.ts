/** Which domain a request is about: by its name, as CertaDNS's calls have it, or by its id. */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { requireDomains } from "../../accounts/scopes";
import { canonical, type DomainReference } from "../../domains/finding";
import type { Domain } from "../../domains/record-sets";
import type { AppEnv } from "../api";

export const byFqdn = z.object({ fqdn: z.string() });
export const byId = z.object({ id: z.string().max(64) });

/** The name as it was given. Throws 403 where it is none for the key of the request. */
export function allowed(c: Context<AppEnv>, fqdn: string): string {
  requireDomains(c.var.access, [canonical(fqdn)]);
  return fqdn;
}

/** One's own, and one that the key of the request is for. Throws 403 and 404. */
export async function findDomain(c: Context<AppEnv>, given: DomainReference): Promise<Domain> {
  if ("fqdn" in given) allowed(c, given.fqdn);
  const domain = await c.var.services.domains.find(c.var.account.id, given);
  requireDomains(c.var.access, [domain.row.fqdn]);
  return domain;
}
