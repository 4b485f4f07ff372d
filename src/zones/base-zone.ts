/** The zone that the installation offers: it is there from the first question on, whoever asks it. */
import { sql } from "drizzle-orm";
import type { Database } from "../storage/database";
import type { ZoneRecords } from "./records";

export interface BaseZone {
  /** Once this has come, the zone is there. */
  ready(): Promise<void>;
}

/** The operator's setting names the zone; "" is none. */
export function createBaseZone(ports: { database: Database; builtinZone: string; now: () => number }): BaseZone {
  const { database, builtinZone, now } = ports;
  let made: Promise<void> | undefined;

  async function make(): Promise<void> {
    if (!builtinZone) return;
    const serial = Math.floor(now() / 1000);
    await database.run(
      sql`INSERT INTO zones (name, serial, created_at) SELECT ${builtinZone}, ${serial}, ${now()}
          WHERE NOT EXISTS (SELECT 1 FROM zones WHERE name = ${builtinZone})`,
    );
  }

  return {
    ready() {
      made ??= make().catch((error) => {
        made = undefined;
        throw error;
      });
      return made;
    },
  };
}

/** The same records, with the base zone among them. */
export const withBaseZone = (records: ZoneRecords, { ready }: BaseZone): ZoneRecords => ({
  facts: async (name) => ready().then(() => records.facts(name)),
  zone: async (name) => ready().then(() => records.zone(name)),
  zones: async () => ready().then(() => records.zones()),
  allRecords: async (name) => ready().then(() => records.allRecords(name)),
  withoutAlias: async (names) => ready().then(() => records.withoutAlias(names)),
});
