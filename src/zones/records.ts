/** The D1 side of the zones that we serve: reading for answers, writing for the builtin provider. */
import { and, eq, sql } from "drizzle-orm";
import type { BuiltinRecords } from "../dns/builtin-records";
import { DnsProviderError } from "../dns/errors";
import { ancestors } from "../dns/names";
import type { RemoteZones } from "../dns/pdns-remote";
import type { RecordSet, RecordValue } from "../dns/provider";
import type { ResourceRecord } from "../dns/records";
import { apexRecords, type ServedZone, type ZoneFacts } from "../dns/zone-answers";
import type { Database } from "../storage/database";
import { records, zones } from "../storage/schema";

/** "home.certedge.test" → "test.certedge.home."; everything below a name begins with the name's path. */
export const pathOf = (name: string): string => `${name.split(".").reverse().join(".")}.`;

/** A list as one parameter: a query takes 100 at most, a name may have 127 labels. */
export const among = (names: string[]) => sql`IN (SELECT value FROM json_each(${JSON.stringify(names)}))`;

const zoneColumns = { id: zones.id, name: zones.name, serial: zones.serial, nameservers: zones.nameservers };
const recordColumns = { name: records.name, type: records.type, value: records.value, ttl: records.ttl };

export interface ZoneRecords extends RemoteZones {
  /** Those of the names that we answer for and that are no aliases: nobody has to be asked where they lead. */
  withoutAlias(names: string[]): Promise<Set<string>>;
}

/** The names at which records for `name` may be: itself, and the wildcards above it. */
const ownersOf = (name: string) => [
  name,
  ...ancestors(name)
    .slice(1)
    .map((ancestor) => `*.${ancestor}`),
];

/** `nameservers` are those of the installation, for zones that name none of their own. */
export function zoneLookup(database: Database, nameservers: string[] = []): ZoneRecords {
  const served = (zone: ServedZone): ServedZone => ({ ...zone, nameservers: zone.nameservers ?? nameservers });

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

  async function zoneNamed(name: string): Promise<ServedZone | undefined> {
    const [zone] = await database.select(zoneColumns).from(zones).where(eq(zones.name, name));
    return zone && served(zone);
  }

  return {
    /** One round trip: the zone, the records at the name and at wildcards above it, and which names exist. */
    async facts(name): Promise<ZoneFacts> {
      const lineage = ancestors(name);
      const [found, at, existing] = await database.batch([
        zonesAbove(lineage).limit(1),
        recordsAt(ownersOf(name).map(pathOf)),
        existingOf(lineage),
      ]);
      const [zone] = found;
      if (!zone) return { records: [], existing: [] };
      return {
        zone: served(zone),
        records: at.filter(({ zoneId }) => zoneId === zone.id),
        existing: existing.map((row) => row.name),
      };
    },

    /** One round trip, for any number of names. */
    async withoutAlias(names) {
      const [ours, aliases] = await database.batch([
        database
          .select({ name: zones.name })
          .from(zones)
          .where(sql`${zones.name} ${among([...new Set(names.flatMap(ancestors))])}`),
        database
          .select({ name: records.name })
          .from(records)
          .where(and(sql`${records.path} ${among(names.flatMap(ownersOf).map(pathOf))}`, eq(records.type, "CNAME"))),
      ]);
      const isServed = new Set(ours.map(({ name }) => name));
      const isAlias = new Set(aliases.map(({ name }) => name));
      return new Set(
        names.filter(
          (name) =>
            ancestors(name).some((ancestor) => isServed.has(ancestor)) &&
            !ownersOf(name).some((owner) => isAlias.has(owner)),
        ),
      );
    },

    zone: zoneNamed,

    zones: async () => (await database.select(zoneColumns).from(zones)).map(served),

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

  const given = (values: RecordValue[]) =>
    sql`json_each(${JSON.stringify(values.map((value) => ({ ...value, path: pathOf(value.name) })))}) AS given`;

  /** A value that is there already stays as it is. */
  const insertion = (zone: string, values: RecordValue[]) =>
    database
      .insert(records)
      .select(
        sql`SELECT NULL, zones.id, given.value ->> 'name', given.value ->> 'path', given.value ->> 'type',
              given.value ->> 'value', given.value ->> 'ttl'
            FROM zones, ${given(values)} WHERE zones.name = ${zone}`,
      )
      .onConflictDoNothing();

  const ofZone = (zone: string) => sql`zone_id = (SELECT id FROM zones WHERE name = ${zone})`;

  const deletion = (zone: string, values: RecordValue[]) =>
    database.delete(records).where(
      sql`(path, type, value) IN
            (SELECT given.value ->> 'path', given.value ->> 'type', given.value ->> 'value' FROM ${given(values)})
          AND ${ofZone(zone)}`,
    );

  const deletionOfSets = (zone: string, sets: RecordSet[]) =>
    database.delete(records).where(
      sql`(path, type) IN (SELECT given.value ->> 'path', given.value ->> 'type'
            FROM json_each(${JSON.stringify(sets.map(({ name, type }) => ({ path: pathOf(name), type })))}) AS given)
          AND ${ofZone(zone)}`,
    );

  const requireZone = (zone: string, raised: unknown[]) => {
    if (raised.length === 0) throw new DnsProviderError("zone_not_found", "certedge", `It serves no zone ${zone}.`);
  };

  async function addAll(zone: string, values: RecordValue[]): Promise<void> {
    const [raised] = await database.batch([raiseSerial(zone), insertion(zone, values)]);
    requireZone(zone, raised);
  }

  async function replaceAll(zone: string, sets: RecordSet[]): Promise<void> {
    const wanted = sets.flatMap(({ values, ...set }) => values.map((value) => ({ ...set, value })));
    const [raised] = await database.batch([raiseSerial(zone), deletionOfSets(zone, sets), insertion(zone, wanted)]);
    requireZone(zone, raised);
  }

  async function removeAll(zone: string, values: RecordValue[]): Promise<void> {
    const [raised] = await database.batch([raiseSerial(zone), deletion(zone, values)]);
    requireZone(zone, raised);
  }

  return {
    zones: async () => (await database.select({ name: zones.name }).from(zones)).map(({ name }) => name),

    add: (zone, value) => addAll(zone, [value]),
    remove: (zone, value) => removeAll(zone, [value]),
    addAll,
    removeAll,

    replace: (zone, set) => replaceAll(zone, [set]),
    replaceAll,
  };
}
