/** What PowerDNS keeps with us for signing our zones: keys, sealed, and metadata. */
import { and, asc, eq, sql } from "drizzle-orm";
import type { ZoneSigning } from "../dns/pdns-remote";
import type { Database } from "../storage/database";
import { zoneKeys, zoneMetadata, zones } from "../storage/schema";
import type { Sealer } from "../storage/sealing";

const placeOf = (zoneId: number) => `zone_keys/content/${zoneId}`;

export function createZoneSigning({ database, sealer }: { database: Database; sealer: Sealer }): ZoneSigning {
  const idOf = (zone: string) => database.select({ id: zones.id }).from(zones).where(eq(zones.name, zone));
  const ofZone = (zone: string) => sql`zone_id = (SELECT id FROM zones WHERE name = ${zone})`;

  return {
    async keys(zone) {
      const rows = await database.select().from(zoneKeys).where(ofZone(zone)).orderBy(asc(zoneKeys.id));
      return Promise.all(
        rows.map(async ({ zoneId, sealedContent, ...key }) => ({
          ...key,
          content: await sealer.open(sealedContent, placeOf(zoneId)),
        })),
      );
    },

    async addKey(zone, { content, ...key }) {
      const [owner] = await idOf(zone);
      if (!owner) return undefined;
      const sealedContent = await sealer.seal(content, placeOf(owner.id));
      const [made] = await database
        .insert(zoneKeys)
        .values({ ...key, zoneId: owner.id, sealedContent })
        .returning({ id: zoneKeys.id });
      return made?.id;
    },

    async changeKey(zone, id, change) {
      const changed = await database
        .update(zoneKeys)
        .set(change)
        .where(and(eq(zoneKeys.id, id), ofZone(zone)))
        .returning({ id: zoneKeys.id });
      return changed.length === 1;
    },

    async removeKey(zone, id) {
      const removed = await database
        .delete(zoneKeys)
        .where(and(eq(zoneKeys.id, id), ofZone(zone)))
        .returning({ id: zoneKeys.id });
      return removed.length === 1;
    },

    async metadata(zone) {
      const rows = await database.select().from(zoneMetadata).where(ofZone(zone));
      return Object.fromEntries(rows.map(({ kind, values }) => [kind, values]));
    },

    async setMetadata(zone, kind, values) {
      const [owner] = await idOf(zone);
      if (!owner || kind === "") return false;
      if (values.length === 0) {
        await database.delete(zoneMetadata).where(and(eq(zoneMetadata.zoneId, owner.id), eq(zoneMetadata.kind, kind)));
        return true;
      }
      await database
        .insert(zoneMetadata)
        .values({ zoneId: owner.id, kind, values })
        .onConflictDoUpdate({ target: [zoneMetadata.zoneId, zoneMetadata.kind], set: { values } });
      return true;
    },
  };
}
