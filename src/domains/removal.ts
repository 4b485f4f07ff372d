/** Giving a domain up: nothing is written for it from that moment on, and its name is free once the zone has agreed. */
import { eq, sql } from "drizzle-orm";
import type { RecordType } from "../dns/provider";
import type { Database } from "../storage/database";
import { domains } from "../storage/schema";
import type { Zones } from "../zones/service";
import { NEXT_VERSION } from "./changes";
import { publish, requirePublished } from "./publishing";
import type { Domain } from "./record-sets";

export interface RemovalPorts {
  database: Database;
  zones: Pick<Zones, "publish">;
  /** What else there is of it. */
  forget: (domainId: string) => Promise<void>;
  now: () => number;
}

/** Of every domain, whatever is stored of it. */
const ALWAYS: RecordType[] = ["A", "AAAA"];

/** Until the zone has agreed the domain stays, so that the removal can be asked for again. */
export async function withdraw({ database, zones, forget, now }: RemovalPorts, { row, sets }: Domain): Promise<void> {
  const [removing] = await database
    .update(domains)
    .set({ removingAt: sql`coalesce(removing_at, ${now()})`, version: NEXT_VERSION })
    .where(eq(domains.id, row.id))
    .returning();
  if (!removing) return;
  // At the apex of a provider's zone there may be what others have set.
  const types = new Set([...(row.fqdn === row.zone ? [] : ALWAYS), ...sets.map(({ type }) => type)]);
  const { version, movedFrom } = removing;
  const nothing = [...types].map((type) => ({ type, values: [], version, ttl: null }));
  const places = [removing, ...(movedFrom ? [{ ...removing, ...movedFrom }] : [])];
  for (const place of places) requirePublished(await publish(zones, [{ row: place, sets: nothing }]), row);
  await database.delete(domains).where(eq(domains.id, row.id));
  await forget(row.id);
}
