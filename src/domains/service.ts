/** Domains: dynamic DNS host names with their addresses. */
import { and, asc, eq, sql } from "drizzle-orm";
import type { AccountIdentity } from "../accounts/identity";
import { requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireOpened } from "../accounts/plans";
import { type Family, parseAddress } from "../ddns/addresses";
import { ancestors } from "../dns/names";
import { NameError, parseIdentifier } from "../pki/identifiers";
import { type FieldProblem, Problem } from "../problems";
import type { Database } from "../storage/database";
import { domainRecords, domains } from "../storage/schema";
import type { ZoneLocation } from "../zones/location";
import { type Addresses, type DomainRow, isPublished, type PublishingPorts, publish, withdraw } from "./publishing";

export interface Domain {
  row: DomainRow;
  addresses: Addresses;
  /** The families whose address the zone is known to have. */
  published: Set<Family>;
}

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

export function createDomains(ports: PublishingPorts) {
  const { database, zones, now } = ports;

  async function read(where: ReturnType<typeof eq>): Promise<Domain[]> {
    const rows = await database
      .select({ row: domains, record: domainRecords, published: sql<number>`${isPublished}` })
      .from(domains)
      .leftJoin(domainRecords, eq(domainRecords.domainId, domains.id))
      .where(where)
      .orderBy(asc(domains.fqdn));
    const found = new Map<string, Domain>();
    for (const { row, record, published } of rows) {
      const domain = found.get(row.id) ?? { row, addresses: {}, published: new Set() };
      if (record) domain.addresses[record.type as Family] = record.value;
      if (record && published) domain.published.add(record.type as Family);
      found.set(row.id, domain);
    }
    return [...found.values()];
  }

  async function find(ownerId: number, given: string): Promise<Domain> {
    const own = and(eq(domains.ownerId, ownerId), eq(domains.fqdn, canonical(given)));
    const [domain] = own ? await read(own) : [];
    if (!domain) throw new Problem(404, `There is no domain ${given}.`);
    return domain;
  }

  async function setAddress({ row, addresses, published }: Domain, family: Family, address: string): Promise<Domain> {
    await publish(ports, row, { [family]: address });
    return {
      row: { ...row, updatedAt: now() },
      addresses: { ...addresses, [family]: address },
      published: published.add(family),
    };
  }

  return {
    find,
    list: (ownerId: number): Promise<Domain[]> => read(eq(domains.ownerId, ownerId)),

    /** Takes a name, first come, first served, and publishes its address. */
    async create(
      owner: AccountIdentity,
      input: { fqdn: string; recordType?: Family | undefined; recordIp?: string | undefined },
    ) {
      const fqdn = nameOf(input.fqdn);
      const address = input.recordIp === undefined ? undefined : addressOf(input.recordIp, input.recordType);
      const location = await zones.locate(owner.id, fqdn);
      if (location.dnsAccountId !== null) requireOpened(owner, "ownZones");
      await requireFree(database, owner, fqdn, location);
      const row: DomainRow = {
        id: crypto.randomUUID(),
        ownerId: owner.id,
        fqdn,
        zone: location.zone,
        dnsAccountId: location.dnsAccountId,
        ttl: TTL,
        createdAt: now(),
        updatedAt: now(),
      };
      const [stored, takenBack] = await database.batch([
        database.insert(domains).values(row).onConflictDoNothing().returning({ id: domains.id }),
        takeBackBeyondPlan(database, "domains", row.id, owner),
      ]);
      requireKept(takenBack, "domains", owner);
      const domain =
        stored.length > 0
          ? { row, addresses: {}, published: new Set<Family>() }
          : await existing(owner, fqdn, address?.family);
      return address ? setAddress(domain, address.family, address.address) : domain;
    },

    /** A new address of the family that it is of. Gives the domain before and after. */
    async update(ownerId: number, fqdn: string, recordIp: string): Promise<{ before: Domain; after: Domain }> {
      const { family, address } = addressOf(recordIp, undefined);
      const before = await find(ownerId, fqdn);
      return { before, after: await setAddress(before, family, address) };
    },

    /** Gives what was removed. */
    async remove(ownerId: number, fqdn: string): Promise<Domain> {
      const domain = await find(ownerId, fqdn);
      await withdraw(ports, domain.row);
      return domain;
    },
  };

  /** A second POST adds the other address family to a domain of one's own, or does again what failed. */
  async function existing(owner: AccountIdentity, fqdn: string, family: Family | undefined): Promise<Domain> {
    const [domain] = await read(eq(domains.fqdn, fqdn));
    if (domain?.row.ownerId === owner.id && family && !domain.published.has(family)) return domain;
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
