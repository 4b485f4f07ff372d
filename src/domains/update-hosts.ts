/** The hosts that an update names, as far as they are its sender's. */
import { and, eq, type SQL, sql } from "drizzle-orm";
import type { Plan } from "../accounts/identity";
import type { Family } from "../ddns/addresses";
import type { Database } from "../storage/database";
import { type AuditActor, domainRecords, domains } from "../storage/schema";
import { type Addresses, type DomainRow, isPublished } from "./publishing";

export type WaitUntil = (promise: Promise<unknown>) => void;

export interface StoredHost {
  row: DomainRow;
  addresses: Addresses;
}

/** What the credential of an update opens. */
export interface UpdateAccess {
  ownerId: number;
  plan: Plan;
  /** Whose credential it is, for the log. */
  actor: AuditActor;
  /** Those of the named hosts that may be updated. */
  hosts: Map<string, StoredHost>;
}

/** One row for each record of the hosts that belong to the account that `owner` finds. */
export const hostsNamed = (database: Database, hosts: string[], owner: SQL) =>
  database
    .select({ row: domains, type: domainRecords.type, value: domainRecords.value })
    .from(domains)
    .leftJoin(domainRecords, and(eq(domainRecords.domainId, domains.id), isPublished))
    .where(
      sql`${domains.fqdn} IN (SELECT value FROM json_each(${JSON.stringify(hosts)})) AND ${domains.ownerId} = ${owner}`,
    );

export function hostsOf(
  rows: { row: DomainRow; type: string | null; value: string | null }[],
): Map<string, StoredHost> {
  const hosts = new Map<string, StoredHost>();
  for (const { row, type, value } of rows) {
    const host = hosts.get(row.fqdn) ?? { row, addresses: {} };
    if (type !== null && value !== null) host.addresses[type as Family] = value;
    hosts.set(row.fqdn, host);
  }
  return hosts;
}
