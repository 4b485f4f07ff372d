/** Changes of domains as they are stored: counted, versioned and put into the history, in one batch. */
import { inArray, sql } from "drizzle-orm";
import type { Origin } from "../accounts/identity";
import type { Family } from "../ddns/addresses";
import type { RecordType } from "../dns/provider";
import type { DnsAccountRow } from "../dns-accounts/service";
import type { Database } from "../storage/database";
import {
  type AuditActor,
  type DomainPlace,
  dnsAccounts,
  domainChanges,
  domainRecordSets,
  domains,
  updateCounts,
} from "../storage/schema";

export type DomainRow = typeof domains.$inferSelect;
export type Addresses = Partial<Record<Family, string>>;

/** What a domain is to be from now on. */
export interface DomainChange {
  row: DomainRow;
  /** Whole sets; those that are not named stay, and where no TTL is said, it stays. */
  sets: { type: RecordType; values: string[]; ttl?: number | null }[];
  wildcard?: boolean;
  ipv6Prefix?: string;
  ttl?: number;
  offline?: boolean;
  allowPrivate?: boolean;
  /** Another zone than the one it is in. */
  place?: DomainPlace;
}

/** Sets of a domain, each as of a version of it: what its zone is told. */
export interface VersionedSets {
  row: DomainRow;
  sets: { type: RecordType; values: string[]; version: number; ttl: number | null }[];
  /** Whether the names below it had its addresses before. */
  wildcardBefore?: boolean;
}

/** How often an account, and a single host, may be changed in an hour. */
export interface ChangeLimits {
  account: number;
  host: number;
}

/** For what must not be refused halfway. It counts all the same. */
export const UNLIMITED: ChangeLimits = { account: Number.MAX_SAFE_INTEGER, host: Number.MAX_SAFE_INTEGER };

export interface Author {
  ownerId: number;
  actor: AuditActor;
  origin: Origin;
}

export interface Stored {
  /** Each domain whose change was let through, as it is now, with the sets that were named; by its id. */
  changed: Map<string, VersionedSets>;
  /** False when the account has changed as much as it may; then nothing was stored. */
  isWithinAccount: boolean;
  /** The DNS accounts of those domains, as they are now. */
  dnsAccounts: Map<string, DnsAccountRow>;
}

const HOUR = 3_600_000;

/** Higher than any that the domain had, and, by D1's own clock, than any that the same name had when it was another's. */
export const NEXT_VERSION = sql`max(version + 1, CAST(unixepoch('subsec') * 1000 AS INTEGER))`;

/**
 * Stores the changes, or those that the limits let through. One batch, and what is counted is counted within it: of
 * changes that come at once, no more are made than may be. What comes in one request counts once for the account.
 */
export async function storeChanges(
  { database, now }: { database: Database; now: () => number },
  changes: DomainChange[],
  author: Author,
  limits: ChangeLimits,
): Promise<Stored> {
  const at = now();
  const hour = Math.floor(at / HOUR);
  const request = crypto.randomUUID();
  const ids = JSON.stringify(changes.map(({ row }) => row.id));
  // The order of a CROSS JOIN stays as it is written: the list first, and each of its domains by its key.
  const given = sql`json_each(${JSON.stringify(
    changes.flatMap(({ row, sets }) => sets.map((set) => ({ id: row.id, ...set }))),
  )}) AS given CROSS JOIN domains ON domains.id = given.value ->> 'id' AND domains.last_change = ${request}`;
  const isNews = sql`NOT EXISTS (SELECT 1 FROM domain_record_sets AS had WHERE had.domain_id = domains.id
    AND had.type = given.value ->> 'type' AND had.record_values = json(given.value -> 'values'))`;

  const counted = database
    .insert(updateCounts)
    .values({ ownerId: author.ownerId, hour, updates: 1, lastChange: request })
    .onConflictDoUpdate({
      target: updateCounts.ownerId,
      set: {
        updates: sql`iif(hour = excluded.hour, updates + 1, 1)`,
        hour: sql`excluded.hour`,
        lastChange: sql`excluded.last_change`,
      },
      setWhere: sql`hour <> excluded.hour OR updates < ${limits.account}`,
    })
    .returning({ updates: updateCounts.updates });

  /** An alias is alone at its name (RFC 1034 §3.6.2). */
  const named = JSON.stringify(
    changes.map(({ row, sets }) => ({
      id: row.id,
      types: sets.map(({ type }) => type),
      filled: sets.filter(({ values }) => values.length > 0).map(({ type }) => type),
    })),
  );
  const isAlone = sql`NOT EXISTS (SELECT 1 FROM json_each(${named}) AS named, json_each(named.value -> 'filled') AS filled,
    domain_record_sets AS had WHERE named.value ->> 'id' = domains.id AND had.domain_id = domains.id
    AND had.record_values <> '[]' AND (had.type = 'CNAME') <> (filled.value = 'CNAME')
    AND had.type NOT IN (SELECT value FROM json_each(named.value -> 'types')))`;
  const isAdmitted = sql`removing_at IS NULL AND (changes_hour <> ${hour} OR changes < ${limits.host})
    AND EXISTS (SELECT 1 FROM update_counts WHERE owner_id = ${author.ownerId} AND last_change = ${request})`;
  const versioned = database
    .update(domains)
    .set({
      version: NEXT_VERSION,
      lastChange: request,
      updatedAt: at,
      changes: sql`iif(changes_hour = ${hour}, changes + 1, 1)`,
      changesHour: hour,
      ...settingsOf(changes, at),
    })
    // By their ids: the plus keeps the index of owners out of it.
    .where(
      sql`id IN (SELECT value FROM json_each(${ids})) AND +owner_id = ${author.ownerId} AND ${isAdmitted} AND ${isAlone}`,
    )
    .returning();

  const noted = database.insert(domainChanges).select(
    sql`SELECT NULL, domains.id, ${at}, given.value ->> 'type',
          coalesce((SELECT record_values FROM domain_record_sets AS had
            WHERE had.domain_id = domains.id AND had.type = given.value ->> 'type'), '[]'),
          json(given.value -> 'values'), domains.version, ${JSON.stringify(author.actor)}, ${author.origin.address},
          ${author.origin.client}, 'pending', NULL, NULL
        FROM ${given} WHERE ${isNews}`,
  );

  const stored = database
    .insert(domainRecordSets)
    .select(
      sql`SELECT domains.id, given.value ->> 'type', json(given.value -> 'values'), domains.version, 0, NULL, NULL, ${at},
            iif(json_type(given.value, '$.ttl') IS NOT NULL, given.value ->> 'ttl',
              (SELECT had.ttl FROM domain_record_sets AS had
                WHERE had.domain_id = domains.id AND had.type = given.value ->> 'type')),
            ${at}, NULL
          FROM ${given} WHERE 1`,
    )
    .onConflictDoUpdate({
      target: [domainRecordSets.domainId, domainRecordSets.type],
      set: {
        values: sql`excluded.record_values`,
        version: sql`excluded.version`,
        problem: null,
        updatedAt: at,
        ttl: sql`excluded.ttl`,
        openSince: sql`coalesce(open_since, excluded.open_since)`,
      },
    })
    .returning({ domainId: domainRecordSets.domainId, type: domainRecordSets.type, ttl: domainRecordSets.ttl });

  const statements = [counted, versioned, noted, stored] as const;
  const writers = new Set(changes.map(({ row, place = row }) => place.dnsAccountId).filter((id) => id !== null));
  const [counts, rows, , sets, accounts] =
    writers.size > 0
      ? await database.batch([
          ...statements,
          database
            .select()
            .from(dnsAccounts)
            .where(inArray(dnsAccounts.id, [...writers])),
        ])
      : [...(await database.batch(statements)), []];
  const ttlOf = (id: string, of: string) =>
    sets.find(({ domainId, type }) => domainId === id && type === of)?.ttl ?? null;
  const rowsById = new Map(rows.map((row) => [row.id, row]));
  const changed = changes.flatMap(({ row: before, sets }): [string, VersionedSets][] => {
    const row = rowsById.get(before.id);
    if (!row) return [];
    const versioned = sets.map((set) => ({ ...set, version: row.version, ttl: ttlOf(row.id, set.type) }));
    return [[row.id, { row, sets: versioned, wildcardBefore: before.wildcard }]];
  });
  return {
    changed: new Map(changed),
    isWithinAccount: counts.length > 0,
    dnsAccounts: new Map(accounts.map((account) => [account.id, account])),
  };
}

/** The columns that some of the changes set; for the other changes, each stays as it is. */
function settingsOf(changes: DomainChange[], at: number) {
  const given = JSON.stringify(
    changes.map(({ row, wildcard, offline, allowPrivate, ipv6Prefix, ttl, place }) => ({
      ...{ id: row.id, ipv6Prefix, ttl, place },
      ...{ wildcard: wildcard === undefined ? undefined : Number(wildcard) },
      ...{ offline: offline === undefined ? undefined : Number(offline) },
      ...{ allowPrivate: allowPrivate === undefined ? undefined : Number(allowPrivate) },
    })),
  );
  const of = (path: string) =>
    sql`(SELECT value ->> ${path} FROM json_each(${given}) WHERE value ->> 'id' = domains.id)`;
  const isSet = (name: keyof DomainChange) => changes.some((change) => change[name] !== undefined);
  const zone = of("$.place.zone");
  return {
    ...(isSet("wildcard") ? { wildcard: sql`coalesce(${of("$.wildcard")}, wildcard)` } : {}),
    ...(isSet("ipv6Prefix") ? { ipv6Prefix: sql`coalesce(${of("$.ipv6Prefix")}, ipv6_prefix)` } : {}),
    ...(isSet("ttl") ? { ttl: sql`coalesce(${of("$.ttl")}, ttl)` } : {}),
    ...(isSet("allowPrivate") ? { allowPrivate: sql`coalesce(${of("$.allowPrivate")}, allow_private)` } : {}),
    ...(isSet("offline")
      ? {
          offlineAt: sql`CASE ${of("$.offline")} WHEN 1 THEN coalesce(offline_at, ${at}) WHEN 0 THEN NULL ELSE offline_at END`,
        }
      : {}),
    ...(isSet("place")
      ? {
          zone: sql`coalesce(${zone}, zone)`,
          dnsAccountId: sql`iif(${zone} IS NULL, dns_account_id, ${of("$.place.dnsAccountId")})`,
          movedFrom: sql`iif(${zone} IS NULL, moved_from, json_object('zone', zone, 'dnsAccountId', dns_account_id))`,
        }
      : {}),
  };
}
