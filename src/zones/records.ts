/** The D1 side of the zones that we serve: reading for answers, writing for the builtin provider. */
import { and, eq, sql } from "drizzle-orm";
import type { BuiltinRecords } from "../dns/builtin-records";
import { DnsProviderError } from "../dns/errors";
import { ancestors } from "../dns/names";
import type { RemoteZones } from "../dns/pdns-remote";
import type { RecordSet } from "../dns/provider";
import type { ResourceRecord } from "../dns/records";
import { apexRecords, type ServedZone, type ZoneFacts } from "../dns/zone-answers";
import type { Database } from "../storage/database";
import { records, zones } from "../storage/schema";

/** "home.certedge.test" → "test.certedge.home."; everything below a name begins with the name's path. */
export const pathOf = (name: string): string => `${name.split(".").reverse().join(".")}.`;

/** A list as one parameter: a query takes 100 at most, a name may have 127 labels. */
const among = (names: string[]) => sql`IN (SELECT value FROM json_each(${JSON.stringify(names)}))`;

const zoneColumns = { id: zones.id, name: zones.name, serial: zones.serial };
const recordColumns = { name: records.name, type: records.type, value: records.value, ttl: records.ttl };

export type ZoneRecords = RemoteZones;

export function zoneLookup(database: Database): ZoneRecords {
  const zonesAbove = (lineage: string[]) =>
    database
      .select(zoneColumns)
      .from(zones)
      .where(sql`${zones.name} ${among(lineage)}`)
      .orderBy(sql`length(${zones.name}) DESC`);

  const recordsAt = (paths: string[]) =>
    database
      .select({ ...recordColumns, zoneId: records.zoneId })
      .from(records)
      .where(sql`${records.path} ${among(paths)}`);

  /** Records that a zone above the longest one still holds are hidden by it, and make no name exist. */
  const existingOf = (lineage: string[]) =>
    database
      .select({ name: sql<string>`candidate.value ->> 'name'` })
      .from(sql`json_each(${JSON.stringify(lineage.map((name) => ({ name, path: pathOf(name) })))}) AS candidate`)
      .where(
        sql`EXISTS (SELECT 1 FROM records
              WHERE path >= candidate.value ->> 'path' AND path < (candidate.value ->> 'path') || '~'
              AND zone_id NOT IN (SELECT id FROM zones WHERE name ${among(lineage)}
                ORDER BY length(name) DESC LIMIT -1 OFFSET 1))`,
      );

  const zoneNamed = async (name: string): Promise<ServedZone | undefined> =>
    (await database.select(zoneColumns).from(zones).where(eq(zones.name, name)))[0];

  return {
    /** One round trip: the zone, the records at the name and at wildcards above it, and which names exist. */
    async facts(name): Promise<ZoneFacts> {
      const lineage = ancestors(name);
      const owners = [name, ...lineage.slice(1).map((ancestor) => `*.${ancestor}`)];
      const [found, at, existing] = await database.batch([
        zonesAbove(lineage).limit(1),
        recordsAt(owners.map(pathOf)),
        existingOf(lineage),
      ]);
      const [zone] = found;
      if (!zone) return { records: [], existing: [] };
      return {
        zone,
        records: at.filter(({ zoneId }) => zoneId === zone.id),
        existing: existing.map((row) => row.name),
      };
    },

    zone: zoneNamed,

    zones: () => database.select(zoneColumns).from(zones),

    async allRecords(name): Promise<ResourceRecord[]> {
      const zone = await zoneNamed(name);
      if (!zone) return [];
      const own = await database.select(recordColumns).from(records).where(eq(records.zoneId, zone.id));
      return [...apexRecords(zone), ...own];
    },
  };
}

/** Each write is one batch, which also raises the zone's serial (RFC 1035 §3.3.13). */
export function builtinRecords(database: Database, now: () => number): BuiltinRecords {
  /** No row comes back when we serve no such zone, and then the other statements of the batch find none either. */
  const raiseSerial = (zone: string) =>
    database
      .update(zones)
      .set({ serial: sql`max(serial + 1, ${Math.floor(now() / 1000)})` })
      .where(eq(zones.name, zone))
      .returning({ id: zones.id });

  /** A value that is there already stays as it is. */
  const insertion = (zone: string, { name, type, ttl, values }: RecordSet) =>
    database
      .insert(records)
      .select(
        sql`SELECT NULL, zones.id, ${name}, ${pathOf(name)}, ${type}, given.value, ${ttl}
            FROM zones, json_each(${JSON.stringify(values)}) AS given WHERE zones.name = ${zone}`,
      )
      .onConflictDoNothing();

  const deletion = (zone: string, { name, type, value }: Pick<RecordSet, "name" | "type"> & { value?: string }) =>
    database
      .delete(records)
      .where(
        and(
          eq(records.path, pathOf(name)),
          eq(records.type, type),
          value === undefined ? undefined : eq(records.value, value),
          sql`zone_id = (SELECT id FROM zones WHERE name = ${zone})`,
        ),
      );

  const requireZone = (zone: string, raised: unknown[]) => {
    if (raised.length === 0) throw new DnsProviderError("zone_not_found", "certedge", `It serves no zone ${zone}.`);
  };

  return {
    zones: async () => (await database.select({ name: zones.name }).from(zones)).map(({ name }) => name),

    async add(zone, { value, ...set }) {
      const [raised] = await database.batch([raiseSerial(zone), insertion(zone, { ...set, values: [value] })]);
      requireZone(zone, raised);
    },

    async remove(zone, record) {
      const [raised] = await database.batch([raiseSerial(zone), deletion(zone, record)]);
      requireZone(zone, raised);
    },

    async replace(zone, set) {
      const [raised] = await database.batch([raiseSerial(zone), deletion(zone, set), insertion(zone, set)]);
      requireZone(zone, raised);
    },
  };
}
