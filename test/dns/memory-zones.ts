/** Zones held in memory, for tests of what answers from them; slow and plain on purpose. */
import { ancestors, isWithin } from "../../src/dns/names";
import type { RemoteZone, RemoteZones } from "../../src/dns/pdns-remote";
import type { ResourceRecord } from "../../src/dns/records";
import { apexRecords, type ZoneLookup } from "../../src/dns/zone-answers";

type Row = [name: string, type: string, value: string, ttl?: number];

export function memoryZones(rowsOfZones: Record<string, Row[]>): ZoneLookup & RemoteZones & { looks: string[] } {
  const names = Object.keys(rowsOfZones);
  const looks: string[] = [];
  const zoneNamed = (name: string): RemoteZone | undefined =>
    names.includes(name) ? { id: names.indexOf(name) + 1, name, serial: 7 } : undefined;
  const recordsOf = (zone: string): ResourceRecord[] =>
    (rowsOfZones[zone] ?? []).map(([name, type, value, ttl = 60]) => ({ name, type, value, ttl }));
  const zoneHolding = (name: string) =>
    ancestors(name)
      .map(zoneNamed)
      .find((zone) => zone !== undefined);

  return {
    looks,

    async facts(name) {
      looks.push(name);
      const zone = zoneHolding(name);
      if (!zone) return { records: [], existing: [] };
      const all = recordsOf(zone.name);
      const candidates = [name, ...ancestors(name).map((ancestor) => `*.${ancestor}`)];
      return {
        zone,
        records: all.filter((record) => candidates.includes(record.name)),
        existing: ancestors(name).filter((ancestor) => all.some((record) => isWithin(record.name, ancestor))),
      };
    },

    async recordsAt(name) {
      const zone = zoneHolding(name);
      if (!zone) return undefined;
      const all = recordsOf(zone.name);
      const own = all.filter((record) => record.name === name);
      const records = name === zone.name ? [...apexRecords(zone), ...own] : own;
      return { zone, records, exists: all.some((record) => isWithin(record.name, name)) };
    },

    zone: async (name) => zoneNamed(name),
    zones: async () => names.flatMap((name) => zoneNamed(name) ?? []),
    allRecords: async (name) => {
      const zone = zoneNamed(name);
      return zone ? [...apexRecords(zone), ...recordsOf(name)] : [];
    },
  };
}
