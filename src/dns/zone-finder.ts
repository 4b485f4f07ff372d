/** Finding the zone that holds a name: the longest one that the credential sees. */
import { ancestors, isWithin, normaliseName } from "./names";
import type { ZoneConnection } from "./provider";

const MOST_NAMED = 10;

/** Throws DnsProviderError; nothing when no zone that the credential sees holds the name. */
export async function findZone(connection: ZoneConnection, name: string): Promise<string | undefined> {
  if (connection.hasZone) {
    // No zone of a person's is a top-level domain: the last label is not asked for. Nor is a wildcard a zone.
    for (const candidate of ancestors(name.replace(/^\*\./, "")).slice(0, -1)) {
      if (await connection.hasZone(candidate)) return candidate;
    }
    return undefined;
  }
  const zones = (await listZones(connection)).filter((zone) => isWithin(name, zone));
  return zones.sort((a, b) => b.length - a.length)[0];
}

/** Why there is no zone for the name, for a person: the zones that the credential does see. Throws DnsProviderError. */
export async function explainMissingZone(connection: ZoneConnection, name: string): Promise<string> {
  const missing = `The credential sees no zone for ${name}`;
  if (!connection.zones) return `${missing}.`;
  const zones = (await listZones(connection)).sort();
  if (zones.length === 0) return `${missing}; it sees no zone at all.`;
  const named = zones.slice(0, MOST_NAMED).join(", ");
  const more = zones.length > MOST_NAMED ? ` and ${zones.length - MOST_NAMED} more` : "";
  return `${missing}; zones it sees: ${named}${more}.`;
}

const listZones = async (connection: ZoneConnection): Promise<string[]> =>
  ((await connection.zones?.()) ?? []).map(normaliseName);
