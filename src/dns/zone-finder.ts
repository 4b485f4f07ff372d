/** Finding the zone that holds a name: the longest one that the credential sees. */
import { ancestors, isWithin, normaliseName } from "./names";
import type { ZoneConnection } from "./provider";

/** Throws DnsProviderError; nothing when no zone that the credential sees holds the name. */
export async function findZone(connection: ZoneConnection, name: string): Promise<string | undefined> {
  if (connection.hasZone) {
    // No zone of a person's is a top-level domain: the last label is not asked for.
    for (const candidate of ancestors(name).slice(0, -1)) {
      if (await connection.hasZone(candidate)) return candidate;
    }
    return undefined;
  }
  const zones = (await connection.zones()).map(normaliseName).filter((zone) => isWithin(name, zone));
  return zones.sort((a, b) => b.length - a.length)[0];
}
