/** Domains: dynamic DNS host names with their records. */
import type { AccountIdentity } from "../accounts/identity";
import { requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireOpened } from "../accounts/plans";
import { type Family, isPublic, parseAddress } from "../ddns/addresses";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { domains } from "../storage/schema";
import type { DnsPin, Zones } from "../zones/service";
import { applyChange, type By, sameSets } from "./applying";
import { type DomainChange, UNLIMITED } from "./changes";
import { type DomainFilter, type DomainReference, findDomain, listDomains } from "./finding";
import { changesOf } from "./history";
import { hostNameOf, invalid, requireFree } from "./naming";
import { type Domain, isSynced, setOf } from "./record-sets";
import { requireWritable, setRecords } from "./records";
import { withdraw } from "./removal";
import type { ReservedNames } from "./reserved-names";
import { limitsOf } from "./update-limits";

export interface DomainPorts {
  database: Database;
  zones: Pick<Zones, "locate" | "publish" | "recordTypesOf">;
  reservedNames: ReservedNames;
  /** What there is of a domain beside its rows. */
  forget: (domainId: string) => Promise<void>;
  now: () => number;
}

export interface NewDomain extends DomainSettings {
  fqdn: string;
  recordType?: Family | undefined;
  recordIp?: string | undefined;
  /** Where its records are written; else it is looked for. */
  pin?: DnsPin;
}

/** What is set of a domain beside its records. */
export interface DomainSettings {
  /** Seconds. */
  ttl?: number | undefined;
  wildcard?: boolean | undefined;
  offline?: boolean | undefined;
  allowPrivate?: boolean | undefined;
}

export type Domains = ReturnType<typeof createDomains>;

const TTL = 60;

export function createDomains(ports: DomainPorts) {
  const { database, zones, now } = ports;
  const find = (ownerId: number, given: DomainReference | string): Promise<Domain> =>
    findDomain(database, ownerId, typeof given === "string" ? { fqdn: given } : given);

  return {
    find,

    list: (ownerId: number, filter: DomainFilter, limit: number): Promise<Domain[]> =>
      listDomains(database, ownerId, filter, limit),

    /** Takes a name, first come, first served, and publishes its address. */
    async create(owner: AccountIdentity, input: NewDomain, by: By): Promise<Domain> {
      const fqdn = hostNameOf(input.fqdn);
      const address = input.recordIp === undefined ? undefined : addressOf(input.recordIp, input.recordType);
      const location = await zones.locate(owner.id, fqdn, input.pin);
      if (location.dnsAccountId !== null) requireOpened(owner, "ownZones");
      await requireFree(ports, owner, fqdn, location);
      const id = crypto.randomUUID();
      const { zone, dnsAccountId } = location;
      const [[row], takenBack] = await database.batch([
        database
          .insert(domains)
          .values({
            ...{ id, ownerId: owner.id, fqdn, zone, dnsAccountId, createdAt: now(), updatedAt: now() },
            ...{ ttl: input.ttl ?? TTL, wildcard: input.wildcard ?? false },
            ...{ offlineAt: input.offline ? now() : null },
            // Who takes a name for a host of the home network wants it there.
            allowPrivate: input.allowPrivate ?? (address !== undefined && !isPublic(address.address)),
          })
          .onConflictDoNothing()
          .returning(),
        takeBackBeyondPlan(database, "domains", id, owner),
      ]);
      requireKept(takenBack, "domains", owner);
      const domain = row ? { row, sets: [] } : await existing(owner, fqdn, address?.family);
      if (!address) return domain;
      const set = { type: address.family, values: [address.address] };
      await requireWritable(ports, domain, [set]);
      return setRecords(ports, domain, set, owner, by, UNLIMITED);
    },

    /** A new address of the family that it is of, and other settings. Gives the domain before and after. */
    async update(
      owner: Pick<AccountIdentity, "id" | "plan">,
      given: DomainReference | string,
      { recordIp, recordType, ...settings }: DomainSettings & Pick<NewDomain, "recordIp" | "recordType">,
      by: By,
    ): Promise<{ before: Domain; after: Domain }> {
      const address = recordIp === undefined ? undefined : addressOf(recordIp, recordType);
      const before = await find(owner.id, given);
      const set = address && { type: address.family, values: [address.address] };
      if (set) await requireWritable(ports, before, [set]);
      const change = changeOf(before, settings);
      const limits = limitsOf(owner.plan);
      if (!change) return { before, after: set ? await setRecords(ports, before, set, owner, by, limits) : before };
      const others = change.sets.filter(({ type }) => type !== set?.type);
      const sets = set ? [...others, set] : others;
      return { before, after: await applyChange(ports, before, { ...change, sets }, owner, by, limits) };
    },

    history: (domainId: string, page: { before?: number | undefined; limit: number }) =>
      changesOf(database, domainId, page),

    /** Gives what was removed. */
    async remove(ownerId: number, given: DomainReference | string): Promise<Domain> {
      const domain = await find(ownerId, given);
      await withdraw(ports, domain);
      return domain;
    },
  };

  /** A second POST adds the other address family to a domain of one's own, or does again what failed. */
  async function existing(owner: AccountIdentity, fqdn: string, family: Family | undefined): Promise<Domain> {
    const domain = await findDomain(database, owner.id, { fqdn }).catch((error: unknown) => {
      if (error instanceof Problem) throw new Problem(409, `${fqdn} is taken. Choose another name.`);
      throw error;
    });
    const set = family && setOf(domain, family);
    if (family && !(set && set.values.length > 0 && isSynced(set))) return domain;
    throw new Problem(409, `${fqdn} is yours already. Change its address with PUT /api/domains/fqdn/${fqdn}.`);
  }
}

/** Nothing where all is so already. What its zone sees of the settings is told anew, with all sets. */
function changeOf(domain: Domain, settings: DomainSettings): Omit<DomainChange, "row"> | undefined {
  const { row } = domain;
  const was = { ttl: row.ttl, wildcard: row.wildcard, offline: row.offlineAt !== null, allowPrivate: row.allowPrivate };
  const names = Object.keys(was) as (keyof typeof was)[];
  const changed = names.filter((name) => settings[name] !== undefined && settings[name] !== was[name]);
  if (changed.length === 0) return undefined;
  const isSeen = changed.some((name) => name !== "allowPrivate");
  const values = Object.fromEntries(changed.map((name) => [name, settings[name]]));
  return { ...values, sets: isSeen ? sameSets(domain) : [] };
}

function addressOf(given: string, family: Family | undefined) {
  const address = parseAddress(given);
  if (!address) throw invalid({ pointer: "/record_ip", detail: `${given} is not an address that a host can have.` });
  if (family && address.family !== family) {
    throw invalid({ pointer: "/record_ip", detail: `${given} does not fit the record type ${family}.` });
  }
  return address;
}
