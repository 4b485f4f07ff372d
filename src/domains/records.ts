/** The record sets of a domain: written whole, each of its type. */

import { isWithin } from "../dns/names";
import type { RecordType } from "../dns/provider";
import { Problem } from "../problems";
import type { Zones } from "../zones/service";
import { applyChange, type By, type ChangePorts, type Owner } from "./applying";
import type { ChangeLimits } from "./changes";
import { publish, requirePublished } from "./publishing";
import { type Domain, isSynced, type StoredSet, setOf } from "./record-sets";
import { readValues } from "./record-values";
import { limitsOf } from "./update-limits";

export interface RecordPorts extends ChangePorts {
  zones: Pick<Zones, "publish" | "recordTypesOf">;
}

export interface WantedSet {
  type: RecordType;
  values: string[];
  /** Null is the domain's; without it, it stays. */
  ttl?: number | null;
}

export type DomainRecords = ReturnType<typeof createDomainRecords>;

export function createDomainRecords(ports: RecordPorts) {
  return {
    /** Those that it has, without those that are gone. */
    list: ({ sets }: Domain): StoredSet[] => sets.filter(({ values }) => values.length > 0),

    /** Throws 404. */
    find: requireSet,

    /** Makes the set exactly this. Throws 409, 422, 429, DnsProviderError. */
    async put(owner: Owner, domain: Domain, set: WantedSet, by: By): Promise<Domain> {
      const values = readValues(set.type, set.values);
      const wanted = { ...set, values };
      await requireWritable(ports, domain, [wanted]);
      return setRecords(ports, domain, wanted, owner, by, limitsOf(owner.plan));
    },

    /** Throws 404, 429, DnsProviderError. */
    async remove(owner: Owner, domain: Domain, type: RecordType, by: By): Promise<Domain> {
      requireSet(domain, type);
      return setRecords(ports, domain, { type, values: [] }, owner, by, limitsOf(owner.plan));
    },
  };
}

function requireSet(domain: Domain, type: RecordType): StoredSet {
  const set = setOf(domain, type);
  if (set && (set.values.length > 0 || !isSynced(set))) return set;
  throw new Problem(404, `${domain.row.fqdn} has no ${type} records.`);
}

/** Throws 429, 409, and DnsProviderError when it is stored and the zone does not have it yet. */
export async function setRecords(
  ports: ChangePorts,
  domain: Domain,
  wanted: WantedSet,
  owner: Owner,
  by: By,
  limits: ChangeLimits,
): Promise<Domain> {
  const { row, sets } = domain;
  const before = setOf(domain, wanted.type);
  const isSame =
    before !== undefined &&
    JSON.stringify(before.values) === JSON.stringify(wanted.values) &&
    (wanted.ttl === undefined || wanted.ttl === before.ttl);
  if (!isSame) return applyChange(ports, domain, { sets: [wanted] }, owner, by, limits);
  if (isSynced(before)) return domain;
  requirePublished(await publish(ports.zones, [{ row, sets: [before] }]), row);
  const synced = { ...before, syncedVersion: before.version, problem: null };
  return { row, sets: [...sets.filter(({ type }) => type !== before.type), synced] };
}

/** Throws 422 for what its zone cannot hold, 409 for an alias beside other records. */
export async function requireWritable(
  { zones }: Pick<RecordPorts, "zones">,
  domain: Domain,
  wanted: WantedSet[],
): Promise<void> {
  const { row } = domain;
  const types = await zones.recordTypesOf(row.dnsAccountId);
  for (const { type, values } of wanted) {
    if (!types.includes(type))
      throw invalidType(`certedge writes ${types.join(", ")} in the zone ${row.zone}, no ${type}.`);
    if (type !== "CNAME") continue;
    // RFC 1034 §3.6.2: the zone's own SOA and NS records are there.
    if (row.fqdn === row.zone) throw invalidType(`${row.fqdn} is the zone itself, which cannot be an alias.`);
    const [target = ""] = values;
    if (target === row.fqdn || (row.wildcard && isWithin(target, row.fqdn))) {
      const detail = `${row.fqdn} would be an alias of itself.`;
      throw new Problem(422, detail, { errors: [{ pointer: "/values/0", detail }] });
    }
  }
  const after = [...domain.sets.filter(({ type }) => !setOf({ sets: wanted }, type)), ...wanted]
    .filter(({ values }) => values.length > 0)
    .map(({ type }) => type);
  if (!after.includes("CNAME") || after.length === 1) return;
  const others = after.filter((type) => type !== "CNAME").join(", ");
  const what = wanted.some(({ type }) => type === "CNAME")
    ? `${row.fqdn} has ${others} records, and an alias is alone at its name. Delete those first.`
    : `${row.fqdn} is an alias, which is alone at its name. Delete its CNAME record first.`;
  throw new Problem(409, what);
}

const invalidType = (detail: string) => new Problem(422, detail, { errors: [{ pointer: "/type", detail }] });
