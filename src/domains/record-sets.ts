/** A domain with its record sets, as they are stored, and how far the zone has them. */
import { eq, type SQL, sql } from "drizzle-orm";
import type { Family } from "../ddns/addresses";
import type { RecordType } from "../dns/provider";
import type { Database } from "../storage/database";
import { domainRecordSets, domains } from "../storage/schema";
import type { Addresses, DomainRow } from "./changes";
import type { SyncStatus } from "./synchronisation";

export type StoredSet = Pick<
  typeof domainRecordSets.$inferSelect,
  "values" | "version" | "syncedVersion" | "problem" | "ttl"
> & { type: RecordType };

export interface Domain {
  row: DomainRow;
  sets: StoredSet[];
}

/** Of columns of one name, all but one are lost in a batch: both tables have a version and a TTL. */
const setColumns = {
  type: domainRecordSets.type,
  values: domainRecordSets.values,
  setVersion: sql<number | null>`${domainRecordSets.version}`.as("set_version"),
  syncedVersion: domainRecordSets.syncedVersion,
  problem: domainRecordSets.problem,
  setTtl: sql<number | null>`${domainRecordSets.ttl}`.as("set_ttl"),
};

/** One row for each record set of the domains; one without sets for a domain that has none. */
export const domainsWhere = (database: Database, where: SQL | undefined) =>
  database
    .select({ row: domains, ...setColumns })
    .from(domains)
    .leftJoin(domainRecordSets, eq(domainRecordSets.domainId, domains.id))
    .where(where);

type Joined = Awaited<ReturnType<typeof domainsWhere>>[number];

/** By their names, in the order of the rows. */
export function domainsOf(rows: Joined[]): Map<string, Domain> {
  const found = new Map<string, Domain>();
  for (const { row, type, values, setVersion, syncedVersion, problem, setTtl } of rows) {
    const domain = found.get(row.fqdn) ?? { row, sets: [] };
    if (type !== null && values !== null && setVersion !== null && syncedVersion !== null) {
      domain.sets.push({ type, values, version: setVersion, syncedVersion, problem, ttl: setTtl });
    }
    found.set(row.fqdn, domain);
  }
  return found;
}

/** Whether the zone is known to have the set as it should be. */
export const isSynced = ({ version, syncedVersion }: StoredSet): boolean => syncedVersion >= version;

export const setOf = <Stored extends Pick<StoredSet, "type">>(
  { sets }: { sets: Stored[] },
  type: string,
): Stored | undefined => sets.find((set) => set.type === type);

export function addressesOf(domain: { sets: Pick<StoredSet, "type" | "values">[] }): Addresses {
  const addresses: Addresses = {};
  for (const family of ["A", "AAAA"] as const satisfies Family[]) {
    const [address] = setOf(domain, family)?.values ?? [];
    if (address !== undefined) addresses[family] = address;
  }
  return addresses;
}

/** The addresses as they are once these sets are changed. */
export function addressesAfter(domain: Pick<Domain, "sets">, changed: Pick<StoredSet, "type" | "values">[]): Addresses {
  const others = domain.sets.filter(({ type }) => !changed.some((set) => set.type === type));
  return addressesOf({ sets: [...others, ...changed] });
}

export function syncStatusOf({ sets }: Pick<Domain, "sets">): { status: SyncStatus; problem: string | null } {
  const open = sets.filter((set) => !isSynced(set));
  const problem = open.find((set) => set.problem !== null)?.problem ?? null;
  if (problem !== null) return { status: "failed", problem };
  return { status: open.length > 0 ? "pending" : "live", problem: null };
}
