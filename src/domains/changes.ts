/** Changes of domains as they are stored: counted, versioned and put into the history, in one batch. */
import { inArray, sql } from "drizzle-orm";
import type { Origin } from "../accounts/identity";
import type { Family } from "../ddns/addresses";
import type { RecordType } from "../dns/provider";
import type { DnsAccountRow } from "../dns-accounts/service";
import type { Database } from "../storage/database";
import {
  type AuditActor,
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
  /** Whole sets; those that are not named stay. */
  sets: { type: RecordType; values: string[] }[];
  wildcard?: boolean;
  ipv6Prefix?: string;
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
  /** The new version of each domain whose change was let through, by its id. */
  versions: Map<string, number>;
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
    changes.flatMap(({ row, sets }) => sets.map(({ type, values }) => ({ id: row.id, type, values }))),
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

  const isAdmitted = sql`removing_at IS NULL AND (changes_hour <> ${hour} OR changes < ${limits.host})
    AND EXISTS (SELECT 1 FROM update_counts WHERE owner_id = ${author.ownerId} AND last_change = ${request})`;
  const setting = (name: string) =>
    sql`(SELECT value ->> ${name} FROM json_each(${settingsOf(changes)}) WHERE value ->> 'id' = domains.id)`;
  const versioned = database
    .update(domains)
    .set({
      version: NEXT_VERSION,
      lastChange: request,
      updatedAt: at,
      changes: sql`iif(changes_hour = ${hour}, changes + 1, 1)`,
      changesHour: hour,
      wildcard: sql`coalesce(${setting("wildcard")}, wildcard)`,
      ipv6Prefix: sql`coalesce(${setting("ipv6Prefix")}, ipv6_prefix)`,
    })
    // By their ids: the plus keeps the index of owners out of it.
    .where(sql`id IN (SELECT value FROM json_each(${ids})) AND +owner_id = ${author.ownerId} AND ${isAdmitted}`)
    .returning({ id: domains.id, version: domains.version });

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
      sql`SELECT domains.id, given.value ->> 'type', json(given.value -> 'values'), domains.version, 0, NULL, NULL, ${at}
          FROM ${given} WHERE 1`,
    )
    .onConflictDoUpdate({
      target: [domainRecordSets.domainId, domainRecordSets.type],
      set: {
        values: sql`excluded.record_values`,
        version: sql`excluded.version`,
        problem: null,
        updatedAt: at,
      },
    });

  const statements = [counted, versioned, noted, stored] as const;
  const writers = new Set(changes.flatMap(({ row }) => (row.dnsAccountId === null ? [] : [row.dnsAccountId])));
  const [counts, versions, , , accounts] =
    writers.size > 0
      ? await database.batch([
          ...statements,
          database
            .select()
            .from(dnsAccounts)
            .where(inArray(dnsAccounts.id, [...writers])),
        ])
      : [...(await database.batch(statements)), []];
  return {
    versions: new Map(versions.map(({ id, version }) => [id, version])),
    isWithinAccount: counts.length > 0,
    dnsAccounts: new Map(accounts.map((account) => [account.id, account])),
  };
}

const settingsOf = (changes: DomainChange[]): string =>
  JSON.stringify(
    changes.flatMap(({ row, wildcard, ipv6Prefix }) =>
      wildcard === undefined && ipv6Prefix === undefined
        ? []
        : [{ id: row.id, ...(wildcard === undefined ? {} : { wildcard: Number(wildcard) }), ipv6Prefix }],
    ),
  );
