/** Domains: dynamic DNS host names with their addresses. */
import { and, asc, eq } from "drizzle-orm";
import type { AccountIdentity } from "../accounts/identity";
import { requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireOpened } from "../accounts/plans";
import { type Family, isPublic, parseAddress } from "../ddns/addresses";
import { ancestors } from "../dns/names";
import { NameError, parseIdentifier } from "../pki/identifiers";
import { type FieldProblem, Problem } from "../problems";
import type { Database } from "../storage/database";
import { domains } from "../storage/schema";
import type { ZoneLocation } from "../zones/location";
import type { Zones } from "../zones/service";
import { type Author, type ChangeLimits, storeChanges, UNLIMITED } from "./changes";
import { changesOf } from "./history";
import { publish, requirePublished } from "./publishing";
import { type Domain, domainsOf, domainsWhere, isSynced, setOf } from "./record-sets";
import { withdraw } from "./removal";
import { limitsOf, tooManyChanges } from "./update-limits";

export interface DomainPorts {
  database: Database;
  zones: Pick<Zones, "locate" | "publish">;
  /** What there is of a domain beside its rows. */
  forget: (domainId: string) => Promise<void>;
  now: () => number;
}

/** Who changes a domain, and from where. */
export type By = Pick<Author, "actor" | "origin">;

export type Domains = ReturnType<typeof createDomains>;

const TTL = 60;
/** Names at a base zone's apex that would pass for the operator's own. */
const RESERVED = new Set([
  "www",
  "api",
  "mail",
  "smtp",
  "imap",
  "mx",
  "ns",
  "ns1",
  "ns2",
  "ns3",
  "ns4",
  "admin",
  "root",
  "hostmaster",
  "postmaster",
  "webmaster",
  "abuse",
  "security",
  "support",
  "acme",
  "update",
  "checkip",
  "autoconfig",
  "autodiscover",
  "wpad",
]);

export function createDomains(ports: DomainPorts) {
  const { database, zones, now } = ports;

  const read = async (where: ReturnType<typeof eq>): Promise<Domain[]> => [
    ...domainsOf(await domainsWhere(database, where).orderBy(asc(domains.fqdn))).values(),
  ];

  async function find(ownerId: number, given: string): Promise<Domain> {
    const own = and(eq(domains.ownerId, ownerId), eq(domains.fqdn, canonical(given)));
    const [domain] = own ? await read(own) : [];
    if (!domain) throw new Problem(404, `There is no domain ${given}.`);
    return domain;
  }

  /** Throws 429 when the limits are reached, DnsProviderError when it is stored and the zone does not have it yet. */
  async function setAddress(
    { row, sets }: Domain,
    type: Family,
    address: string,
    { id, plan }: Pick<AccountIdentity, "id" | "plan">,
    by: By,
    limits: ChangeLimits,
  ): Promise<Domain> {
    const before = setOf({ sets }, type);
    const values = [address];
    const isSame = before?.values.join() === address;
    if (before && isSame && isSynced(before)) return { row, sets };
    let version = before?.version ?? 0;
    if (!isSame) {
      const stored = await storeChanges(ports, [{ row, sets: [{ type, values }] }], { ownerId: id, ...by }, limits);
      const next = stored.versions.get(row.id);
      if (next === undefined) throw tooManyChanges(plan, stored.isWithinAccount, now());
      version = next;
    }
    requirePublished(await publish(zones, [{ row, sets: [{ type, values, version }] }]), row);
    const others = sets.filter((set) => set.type !== type);
    const set = { type, values, version, syncedVersion: version, problem: null };
    return { row: { ...row, version, updatedAt: now() }, sets: [...others, set] };
  }

  return {
    find,
    list: (ownerId: number): Promise<Domain[]> => read(eq(domains.ownerId, ownerId)),

    /** Takes a name, first come, first served, and publishes its address. */
    async create(
      owner: AccountIdentity,
      input: { fqdn: string; recordType?: Family | undefined; recordIp?: string | undefined },
      by: By,
    ) {
      const fqdn = nameOf(input.fqdn);
      const address = input.recordIp === undefined ? undefined : addressOf(input.recordIp, input.recordType);
      const location = await zones.locate(owner.id, fqdn);
      if (location.dnsAccountId !== null) requireOpened(owner, "ownZones");
      await requireFree(database, owner, fqdn, location);
      const id = crypto.randomUUID();
      const { zone, dnsAccountId } = location;
      const [[row], takenBack] = await database.batch([
        database
          .insert(domains)
          .values({
            ...{ id, ownerId: owner.id, fqdn, zone, dnsAccountId, ttl: TTL, createdAt: now(), updatedAt: now() },
            // Who takes a name for a host of the home network wants it there.
            allowPrivate: address !== undefined && !isPublic(address.address),
          })
          .onConflictDoNothing()
          .returning(),
        takeBackBeyondPlan(database, "domains", id, owner),
      ]);
      requireKept(takenBack, "domains", owner);
      const domain = row ? { row, sets: [] } : await existing(owner, fqdn, address?.family);
      return address ? setAddress(domain, address.family, address.address, owner, by, UNLIMITED) : domain;
    },

    /** A new address of the family that it is of. Gives the domain before and after. */
    async update(
      owner: Pick<AccountIdentity, "id" | "plan">,
      fqdn: string,
      recordIp: string,
      by: By,
    ): Promise<{ before: Domain; after: Domain }> {
      const { family, address } = addressOf(recordIp, undefined);
      const before = await find(owner.id, fqdn);
      const after = await setAddress(before, family, address, owner, by, limitsOf(owner.plan));
      return { before, after };
    },

    history: (domainId: string, page: { before?: number | undefined; limit: number }) =>
      changesOf(database, domainId, page),

    /** Gives what was removed. */
    async remove(ownerId: number, fqdn: string): Promise<Domain> {
      const domain = await find(ownerId, fqdn);
      await withdraw(ports, domain);
      return domain;
    },
  };

  /** A second POST adds the other address family to a domain of one's own, or does again what failed. */
  async function existing(owner: AccountIdentity, fqdn: string, family: Family | undefined): Promise<Domain> {
    const [domain] = await read(eq(domains.fqdn, fqdn));
    const set = domain && family ? setOf(domain, family) : undefined;
    if (domain?.row.ownerId === owner.id && family && !(set && set.values.length > 0 && isSynced(set))) return domain;
    throw domain?.row.ownerId === owner.id
      ? new Problem(409, `${fqdn} is yours already. Change its address with PUT /api/domains/fqdn/${fqdn}.`)
      : new Problem(409, `${fqdn} is taken. Choose another name.`);
  }
}

/** The form that names are stored in; what is no name stays as it is, and is found nowhere. */
export const canonical = (given: string): string => {
  try {
    return parseIdentifier(given).value;
  } catch {
    return given.toLowerCase();
  }
};

const invalid = (error: FieldProblem) => new Problem(422, error.detail, { errors: [error] });

function nameOf(given: string): string {
  try {
    const { type, value } = parseIdentifier(given);
    if (type === "dns" && !value.startsWith("*.")) return value;
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw invalid({ pointer: "/fqdn", detail: error.message });
  }
  throw invalid({ pointer: "/fqdn", detail: `${given} is not the name of a host.` });
}

function addressOf(given: string, family: Family | undefined) {
  const address = parseAddress(given);
  if (!address) throw invalid({ pointer: "/record_ip", detail: `${given} is not an address that a host can have.` });
  if (family && address.family !== family) {
    throw invalid({ pointer: "/record_ip", detail: `${given} does not fit the record type ${family}.` });
  }
  return address;
}

async function requireFree(
  database: Database,
  owner: AccountIdentity,
  fqdn: string,
  { zone }: ZoneLocation,
): Promise<void> {
  if (fqdn === zone) throw invalid({ pointer: "/fqdn", detail: `${fqdn} is the zone itself; choose a name in it.` });
  // What is below a reserved name is as much the operator's: challenge hosts stand below "acme".
  const topLabel =
    fqdn
      .slice(0, -zone.length - 1)
      .split(".")
      .at(-1) ?? "";
  if (RESERVED.has(topLabel) && owner.role !== "admin") {
    throw invalid({ pointer: "/fqdn", detail: `${fqdn} is reserved. Choose another name.` });
  }
  const above = ancestors(fqdn)
    .slice(1)
    .filter((ancestor) => ancestor.length > zone.length);
  for (const ancestor of above) {
    const [holder] = await database
      .select({ ownerId: domains.ownerId })
      .from(domains)
      .where(eq(domains.fqdn, ancestor));
    if (holder && holder.ownerId !== owner.id) throw new Problem(409, `${fqdn} is below ${ancestor}, which is taken.`);
  }
}
