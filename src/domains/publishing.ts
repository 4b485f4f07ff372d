/** A domain's addresses, stored and published: the zone ends with what is stored, whatever comes in between. */
import { and, eq, gt } from "drizzle-orm";
import type { Family } from "../ddns/addresses";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { dnsAccounts, domainRecords, domains } from "../storage/schema";
import type { ZoneLocation } from "../zones/location";
import type { Zones } from "../zones/service";

export type DomainRow = typeof domains.$inferSelect;
export type Addresses = Partial<Record<Family, string>>;

export interface PublishingPorts {
  database: Database;
  zones: Zones;
  now: () => number;
}

/** A record as the zone is to have it; without a value, it is to have none. */
type Wish = [type: Family, address: string | undefined];

const NOTHING: Wish[] = [
  ["A", undefined],
  ["AAAA", undefined],
];

/** Of a record that the zone may not have yet. Whoever asks for it again has it told again, also after a crash. */
const NOT_YET = 0;

/** Stored addresses that the zone is known to have. */
export const isPublished = gt(domainRecords.updatedAt, NOT_YET);

/** The addresses are stored from the first moment on; the zone has them when it resolves. */
export async function publish(ports: PublishingPorts, row: DomainRow, addresses: Addresses): Promise<void> {
  const wishes = Object.entries(addresses) as Wish[];
  await store(ports, row.id, wishes);
  const location = await locationOf(ports.database, row);
  let open = wishes;
  while (open.length > 0) {
    await write(ports, location, row, open);
    open = await overtaken(ports, row.id, open);
  }
}

/** Removes the domain. Until the zone has agreed it stays, so that the removal can be asked for again. */
export async function withdraw(ports: PublishingPorts, row: DomainRow): Promise<void> {
  const { database } = ports;
  const location = await locationOf(database, row);
  await write(ports, location, row, NOTHING);
  await database.batch([
    database.delete(domainRecords).where(eq(domainRecords.domainId, row.id)),
    database.delete(domains).where(eq(domains.id, row.id)),
  ]);
  // An update may have come in between.
  await write(ports, location, row, NOTHING);
}

async function write({ zones }: PublishingPorts, location: ZoneLocation, row: DomainRow, wishes: Wish[]) {
  for (const [type, address] of wishes) {
    const values = address === undefined ? [] : [address];
    await zones.replace(location, { name: row.fqdn, type, values, ttl: row.ttl });
  }
}

/** One batch, so that there is one address of a family at any time. */
async function store({ database, now }: PublishingPorts, domainId: string, wishes: Wish[]): Promise<void> {
  const statements = wishes.flatMap(([type, value = ""]) => [
    database.delete(domainRecords).where(and(eq(domainRecords.domainId, domainId), eq(domainRecords.type, type))),
    database.insert(domainRecords).values({ domainId, type, value, updatedAt: NOT_YET }),
  ]);
  const touch = database.update(domains).set({ updatedAt: now() }).where(eq(domains.id, domainId));
  await database.batch([touch, ...statements]);
}

/**
 * Notes what the zone has. Of two updates at once, the zone may hear the stored one first, and a domain may be gone by
 * now: what it is to be told then comes back.
 */
async function overtaken({ database, now }: PublishingPorts, domainId: string, told: Wish[]): Promise<Wish[]> {
  const ofDomain = eq(domainRecords.domainId, domainId);
  const noted = told.map(([type, value = ""]) =>
    database
      .update(domainRecords)
      .set({ updatedAt: now() })
      .where(and(ofDomain, eq(domainRecords.type, type), eq(domainRecords.value, value))),
  );
  const stored = database.select({ type: domainRecords.type, value: domainRecords.value }).from(domainRecords);
  const [records] = await database.batch([stored.where(ofDomain), ...noted]);
  const wanted = new Map(records.map(({ type, value }) => [type, value]));
  return told
    .map(([type]): Wish => [type, wanted.get(type)])
    .filter(([type, address]) => !told.some((wish) => wish[0] === type && wish[1] === address));
}

/** Where the records of a stored domain are written. */
async function locationOf(database: Database, row: DomainRow): Promise<ZoneLocation> {
  if (row.dnsAccountId === null) return { dnsAccountId: null, provider: "builtin", zone: row.zone };
  const [account] = await database.select().from(dnsAccounts).where(eq(dnsAccounts.id, row.dnsAccountId));
  if (!account) throw new Problem(409, "The DNS account of this domain was deleted.");
  return { dnsAccountId: account.id, provider: account.provider, zone: row.zone };
}
