/** What a DNS account may be used for, however wide the provider's own token is. */
import { DnsProviderError } from "../dns/errors";
import { isWithin } from "../dns/names";
import type { RecordType, ZoneConnection } from "../dns/provider";
import type { AllowedRecords } from "../storage/schema";

export interface DnsAccountScope {
  /** Zones, with all below them; null is every zone. */
  allowedZones: string[] | null;
  allowedRecords: AllowedRecords[] | null;
}

/** The names of dns-01, dns-account-01 (a label of the account's own before it) and dns-persist-01. */
const CHALLENGE = /^((_[a-z2-7]{16}\.)?_acme-challenge|_validation-persist)\./;

/** A connection that sees and writes what the scope allows, and refuses the rest before the provider is asked. */
export function withinScope(connection: ZoneConnection, scope: DnsAccountScope, title: string): ZoneConnection {
  const { zones, hasZone, addAll, removeAll, replaceAll, mostTxtValues } = connection;
  const isAllowedZone = (zone: string) => scope.allowedZones?.some((allowed) => isWithin(zone, allowed)) ?? true;

  function requireAllowed(zone: string, name: string, type: RecordType): void {
    if (!isAllowedZone(zone)) {
      throw new DnsProviderError("refused", title, `The DNS account may not be used for the zone ${zone}.`);
    }
    const kind = kindOf(name, type);
    if (scope.allowedRecords?.includes(kind) ?? true) return;
    const allowed = scope.allowedRecords?.join(", ") || "nothing";
    throw new DnsProviderError("refused", title, `The DNS account is for ${allowed}; ${type} at ${name} is ${kind}.`);
  }

  return {
    ...(mostTxtValues === undefined ? {} : { mostTxtValues }),
    ...(zones ? { zones: async () => (await zones()).filter(isAllowedZone) } : {}),
    ...(hasZone ? { hasZone: async (name) => isAllowedZone(name) && hasZone(name) } : {}),
    async add(zone, record) {
      requireAllowed(zone, record.name, record.type);
      await connection.add(zone, record);
    },
    ...(addAll
      ? {
          async addAll(zone, records) {
            for (const { name, type } of records) requireAllowed(zone, name, type);
            await addAll(zone, records);
          },
        }
      : {}),
    // What was placed before the scope was narrowed may go.
    remove: connection.remove,
    ...(removeAll ? { removeAll } : {}),
    async replace(zone, set) {
      if (set.values.length > 0) requireAllowed(zone, set.name, set.type);
      await connection.replace(zone, set);
    },
    ...(replaceAll
      ? {
          async replaceAll(zone, sets) {
            for (const { name, type, values } of sets) if (values.length > 0) requireAllowed(zone, name, type);
            await replaceAll(zone, sets);
          },
        }
      : {}),
  };
}

function kindOf(name: string, type: RecordType): AllowedRecords {
  if (type !== "TXT") return "hosts";
  return CHALLENGE.test(name) ? "acme_challenges" : "txt";
}
