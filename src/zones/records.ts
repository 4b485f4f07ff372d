/** The D1 side of the zones that we serve: reading for answers, writing for the builtin provider. */
import { and, eq, sql } from "drizzle-orm";
import type { BuiltinRecords } from "../dns/builtin-records";
import { DnsProviderError } from "../dns/errors";
import { ancestors } from "../dns/names";
import type { RemoteZone, RemoteZones } from "../dns/pdns-remote";
import type { RecordSet, RecordValue } from "../dns/provider";
import type { ResourceRecord } from "../dns/records";
import { apexRecords, type ZoneFacts, type ZoneLookup } from "../dns/zone-answers";
import type { Database } from "../storage/database";
import { records, zones } from "../storage/schema";

/** "home.certedge.test" → "test.certedge.home."; everything below a name begins with the name's path. */
export const pathOf = (name: string): string => `${name.split(".").reverse().join(".")}.`;

const among = (names: string[]) => sql`IN (SELECT value FROM json_each(${JSON.stringify(names)}))`;

export type ZoneRecords = ZoneLookup & RemoteZones;

export function zoneLookup(database: Database): ZoneRecords {
  const zoneColumns = { id: zones.id, name: zones.name, serial: zones.serial };
  const recordColumns = { name: records.name, type: records.type, value: records.value, ttl: records.ttl };

  const longestZone = (lineage: string[]) =>
    database
      .select(zoneColumns)
      .from(zones)
      .where(sql`${zones.name} ${among(lineage)}`)
      .orderBy(sql`length(${zones.name}) DESC`)
      .limit(1);

  return {
    /** One round trip: the zone, the records at the name and at wildcards above it, and which names exist. */
    async facts(name): Promise<ZoneFacts> {
      const lineage = ancestors(name);
      const paths = [name, ...lineage.slice(1).map((ancestor) => `*.${ancestor}`)].map(pathOf);
      const below = JSON.stringify(lineage.map((ancestor) => ({ name: ancestor, path: pathOf(ancestor) })));
      const [found, at, existing] = await database.batch([
        longestZone(lineage),
        database
          .select({ ...recordColumns, zoneId: records.zoneId })
          .from(records)
          .where(sql`${records.path} ${among(paths)}`),
        database
          .select({ name: sql<string>`candidate.value ->> 'name'` })
          .from(sql`json_each(${below}) AS candidate`)
          .where(
            sql`EXISTS (SELECT 1 FROM records WHERE path >= candidate.value ->> 'path'
                AND path < (candidate.value ->> 'path') || '~')`,
          ),
      ]);
      const [zone] = found;
      if (!zone) return { records: [], existing: [] };
      return {
        zone: { name: zone.name, serial: zone.serial },
        records: at.filter(({ zoneId }) => zoneId === zone.id),
        existing: existing.map((row) => row.name),
      };
    },

    async recordsAt(name) {
      const [found, at] = await database.batch([
        longestZone(ancestors(name)),
        database
          .select({ ...recordColumns, zoneId: records.zoneId })
          .from(records)
          .where(eq(records.path, pathOf(name))),
      ]);
      const [zone] = found;
      if (!zone) return undefined;
      const own = at.filter(({ zoneId }) => zoneId === zone.id);
      return { zone, records: zone.name === name ? [...apexRecords(zone), ...own] : own };
    },

    async zone(name): Promise<RemoteZone | undefined> {
      const [zone] = await database.select(zoneColumns).from(zones).where(eq(zones.name, name));
      return zone;
    },

    zones: () => database.select(zoneColumns).from(zones),

    async allRecords(name): Promise<ResourceRecord[]> {
      const [zone] = await database.select(zoneColumns).from(zones).where(eq(zones.name, name));
      if (!zone) return [];
      const own = await database.select(recordColumns).from(records).where(eq(records.zoneId, zone.id));
      return [...apexRecords(zone), ...own];
    },
  };
}

/** Each write is one batch that also raises the zone's serial (RFC 1035 §3.3.13). */
export function builtinRecords(database: Database, now: () => number): BuiltinRecords {
  async function idOf(zone: string): Promise<number> {
    const [row] = await database.select({ id: zones.id }).from(zones).where(eq(zones.name, zone));
    if (!row) throw new DnsProviderError("zone_not_found", "certedge", `It serves no zone ${zone}.`);
    return row.id;
  }

  const raiseSerial = (zoneId: number) =>
    database
      .update(zones)
      .set({ serial: sql`max(serial + 1, ${Math.floor(now() / 1000)})` })
      .where(eq(zones.id, zoneId));

  const insert = (zoneId: number, { name, type, value, ttl }: RecordValue) =>
    database
      .insert(records)
      .values({ zoneId, name, path: pathOf(name), type, value, ttl })
      .onConflictDoNothing();

  const ofSet = (zoneId: number, name: string, type: string) =>
    and(eq(records.path, pathOf(name)), eq(records.type, type), eq(records.zoneId, zoneId));

  return {
    zones: async () => (await database.select({ name: zones.name }).from(zones)).map(({ name }) => name),

    async add(zone, record) {
      const id = await idOf(zone);
      await database.batch([insert(id, record), raiseSerial(id)]);
    },

    async remove(zone, record) {
      const id = await idOf(zone);
      const value = and(ofSet(id, record.name, record.type), eq(records.value, record.value));
      await database.batch([database.delete(records).where(value), raiseSerial(id)]);
    },

    async replace(zone, { values, ...set }: RecordSet) {
      const id = await idOf(zone);
      await database.batch([
        database.delete(records).where(ofSet(id, set.name, set.type)),
        ...values.map((value) => insert(id, { ...set, value })),
        raiseSerial(id),
      ]);
    },
  };
}
