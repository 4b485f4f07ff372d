/** What a DNS account may be used for, however wide the provider's own token is. */
import { DnsProviderError } from "../dns/errors";
import { isWithin } from "../dns/names";
import type { RecordValue, ZoneConnection } from "../dns/provider";
import type { AllowedRecords } from "../storage/schema";

export interface DnsAccountScope {
  /** Zones, with all below them; null is every zone. */
  allowedZones: string[] | null;
  allowedRecords: AllowedRecords[] | null;
}

type Written = Pick<RecordValue, "name" | "type" | "challenge">;

/** The names of dns-01, dns-account-01 (a label of the account's own before it) and dns-persist-01. */
const CHALLENGE = /^((_[a-z2-7]{16}\.)?_acme-challenge|_validation-persist)\./;

/** A connection that sees and writes what the scope allows, and refuses the rest before the provider is asked. */
export function withinScope(connection: ZoneConnection, scope: DnsAccountScope, title: string): ZoneConnection {
  const { zones, hasZone, addAll, removeAll, replaceAll, mostTxtValues } = connection;
  const isAllowedZone = (zone: string) => scope.allowedZones?.some((allowed) => isWithin(zone, allowed)) ?? true;

  function requireAllowed(zone: string, record: Written): void {
    if (!isAllowedZone(zone)) {
      throw new DnsProviderError("refused", title, `The DNS account may not be used for the zone ${zone}.`);
    }
    const kind = kindOf(record);
    if (scope.allowedRecords?.includes(kind) ?? true) return;
    const allowed = scope.allowedRecords?.join(", ") || "nothing";
    throw new DnsProviderError(
      "refused",
      title,
      `The DNS account is for ${allowed}; ${record.type} at ${record.name} is ${kind}.`,
    );
  }

  return {
    ...(mostTxtValues === undefined ? {} : { mostTxtValues }),
    ...(zones ? { zones: async () => (await zones()).filter(isAllowedZone) } : {}),
    ...(hasZone ? { hasZone: async (name) => isAllowedZone(name) && hasZone(name) } : {}),
    async add(zone, record) {
      requireAllowed(zone, record);
      await connection.add(zone, record);
    },
    ...(addAll
      ? {
          async addAll(zone, records) {
            for (const record of records) requireAllowed(zone, record);
            await addAll(zone, records);
          },
        }
      : {}),
    // What was placed before the scope was narrowed may go.
    remove: connection.remove,
    ...(removeAll ? { removeAll } : {}),
    async replace(zone, set) {
      if (set.values.length > 0) requireAllowed(zone, set);
      await connection.replace(zone, set);
    },
    ...(replaceAll
      ? {
          async replaceAll(zone, sets) {
            for (const set of sets) if (set.values.length > 0) requireAllowed(zone, set);
            await replaceAll(zone, sets);
          },
        }
      : {}),
  };
}

/** A challenge is one also where an alias leads to. */
function kindOf({ name, type, challenge }: Written): AllowedRecords {
  if (type !== "TXT") return "hosts";
  return challenge || CHALLENGE.test(name) ? "acme_challenges" : "txt";
}
