/** A change of one domain through the API: stored, then told to its zone. */
import type { AccountIdentity } from "../accounts/identity";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import type { Zones } from "../zones/service";
import { type Author, type ChangeLimits, type DomainChange, storeChanges } from "./changes";
import { publish, requirePublished } from "./publishing";
import { type Domain, type StoredSet, setOf } from "./record-sets";
import { tooManyChanges } from "./update-limits";

export interface ChangePorts {
  database: Database;
  zones: Pick<Zones, "publish">;
  now: () => number;
}

/** Who changes a domain, and from where. */
export type By = Pick<Author, "actor" | "origin">;

export type Owner = Pick<AccountIdentity, "id" | "plan">;

/**
 * Gives the domain as it is then. Throws 429 beyond the limits, 409 where another change has come in between, and
 * DnsProviderError when it is stored and the zone does not have it yet.
 */
export async function applyChange(
  ports: ChangePorts,
  domain: Domain,
  change: Omit<DomainChange, "row">,
  owner: Owner,
  by: By,
  limits: ChangeLimits,
): Promise<Domain> {
  const { row, sets } = domain;
  const stored = await storeChanges(ports, [{ row, ...change }], { ownerId: owner.id, ...by }, limits);
  const changed = stored.changed.get(row.id);
  if (!changed) throw refusalOf(domain, change, owner, stored.isWithinAccount, limits, ports.now());
  if (changed.sets.length > 0) {
    requirePublished(await publish(ports.zones, [changed], stored.dnsAccounts), row);
  }
  return { row: changed.row, sets: mergeSets(sets, changed.sets) };
}

/** The zone has the new ones: what its object notes of that may not be stored yet. */
const mergeSets = (sets: StoredSet[], changed: Omit<StoredSet, "syncedVersion" | "problem">[]): StoredSet[] => [
  ...sets.filter(({ type }) => !setOf({ sets: changed }, type)),
  ...changed.map((set) => ({ ...set, syncedVersion: set.version, problem: null })),
];

function refusalOf(
  { row }: Domain,
  change: Omit<DomainChange, "row">,
  { plan }: Owner,
  isWithinAccount: boolean,
  limits: ChangeLimits,
  now: number,
): Problem {
  const isCounted = row.changesHour === Math.floor(now / 3_600_000) && row.changes >= limits.host;
  if (!isWithinAccount || isCounted || change.sets.length === 0) return tooManyChanges(plan, isWithinAccount, now);
  return new Problem(409, `${row.fqdn} was changed or given up in the meantime. Look at it, and ask again.`);
}

/** All its sets as they are: its zone is told of each anew. */
export const sameSets = ({ sets }: Domain) => sets.map(({ type, values }) => ({ type, values }));
