/** Zones held in memory, for tests of what answers from them; slow and plain on purpose. */
import { ancestors, isWithin } from "../../src/dns/names";
import type { RemoteZones } from "../../src/dns/pdns-remote";
import type { ResourceRecord } from "../../src/dns/records";
import { apexRecords, type ServedZone } from "../../src/dns/zone-answers";

type Row = [name: string, type: string, value: string, ttl?: number];

export function memoryZones(rowsOfZones: Record<string, Row[]>): RemoteZones & { looks: string[] } {
  const names = Object.keys(rowsOfZones);
  const looks: string[] = [];
  const zoneNamed = (name: string): ServedZone | undefined =>
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

    zone: async (name) => zoneNamed(name),
    zones: async () => names.flatMap((name) => zoneNamed(name) ?? []),
    allRecords: async (name) => {
      const zone = zoneNamed(name);
      return zone ? [...apexRecords(zone), ...recordsOf(name)] : [];
    },
  };
}
