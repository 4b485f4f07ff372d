/** What PowerDNS keeps for signing, in memory. */
import type { ZoneKey, ZoneSigning } from "../../src/dns/pdns-remote";

export function memorySigning(zones: string[]): ZoneSigning {
  const keys = new Map<string, ZoneKey[]>(zones.map((zone) => [zone, []]));
  const metadata = new Map<string, Record<string, string[]>>(zones.map((zone) => [zone, {}]));
  let made = 0;
  const find = (zone: string, id: number) => keys.get(zone)?.find((key) => key.id === id);
  return {
    keys: async (zone) => keys.get(zone) ?? [],
    async addKey(zone, key) {
      const id = ++made;
      return keys.get(zone)?.push({ ...key, id }) === undefined ? undefined : id;
    },
    async changeKey(zone, id, change) {
      const key = find(zone, id);
      return key !== undefined && Object.assign(key, change) !== undefined;
    },
    async removeKey(zone, id) {
      const left = keys.get(zone)?.filter((key) => key.id !== id);
      const removed = find(zone, id) !== undefined;
      if (left) keys.set(zone, left);
      return removed;
    },
    metadata: async (zone) => metadata.get(zone) ?? {},
    async setMetadata(zone, kind, values) {
      const all = metadata.get(zone);
      if (!all) return false;
      if (values.length > 0) all[kind] = values;
      else delete all[kind];
      return true;
    },
  };
}
