/** Finds the DNS account whose zones hold a name. Each account is opened once, and asked each question once, for all names. */
import { DnsProviderError } from "../dns/errors";
import type { ProviderPorts, ZoneConnection } from "../dns/provider";
import { explainMissingZone, findZone } from "../dns/zone-finder";
import { withinScope } from "../dns-accounts/scope";
import type { DnsAccountRow, DnsAccounts, OpenDnsAccount } from "../dns-accounts/service";
import { Problem } from "../problems";
import { isFor } from "../stored-credentials/binding";
import type { ZoneLocation } from "./location";
import { once } from "./once";

/** Accounts are asked in their order; one that fails, or is for another instance, does not hide another that holds the name. */
export function accountSearch(
  rows: DnsAccountRow[],
  instanceId: string | null,
  dnsAccounts: Pick<DnsAccounts, "open">,
  ports: ProviderPorts,
) {
  const accounts = rows.map((row) => ({
    row,
    connection: once(async () => {
      return askingOnce(connectionOf(await dnsAccounts.open(row), ports));
    }),
  }));

  /** Throws Problem 422 that says what each account answered. */
  return async (name: string): Promise<ZoneLocation> => {
    const reasons: string[] = [];
    for (const { row, connection } of accounts) {
      if (!isFor(row.instanceId, instanceId)) {
        reasons.push(`${row.provider}/${row.accountId}: It is for one instance alone, which this is not for.`);
        continue;
      }
      try {
        const zone = await findZone(await connection(), name);
        if (zone !== undefined) return { dnsAccountId: row.id, provider: row.provider, zone };
        reasons.push(`${row.provider}/${row.accountId}: ${await explainMissingZone(await connection(), name)}`);
      } catch (error) {
        if (!(error instanceof DnsProviderError)) throw error;
        reasons.push(`${row.provider}/${row.accountId}: ${error.detail}`);
      }
    }
    throw new NoZone(name, reasons);
  };
}

/** Within the account's own scope. Throws DnsProviderError for a disabled one. */
export function connectionOf({ row, provider, credentials }: OpenDnsAccount, ports: ProviderPorts): ZoneConnection {
  if (row.disabledAt !== null) {
    throw new DnsProviderError("credential", provider.title, `The DNS account "${row.accountId}" is disabled.`);
  }
  return withinScope(provider.connect(credentials, ports), row, provider.title);
}

/** No zone holds the name; what each account said. */
export class NoZone extends Problem {
  constructor(name: string, reasons: string[]) {
    const tried = reasons.length > 0 ? `Tried: ${reasons.join(" ")}` : "There is no DNS account yet.";
    super(
      422,
      `No zone for ${name} was found. ${tried} Add a DNS account whose credential sees the zone, or name one with dns_provider and dns_account_id.`,
    );
  }
}

/** Many names have the same names above them. */
function askingOnce(connection: ZoneConnection): ZoneConnection {
  const { zones, hasZone } = connection;
  const asked = new Map<string, Promise<boolean>>();
  return {
    ...connection,
    ...(zones ? { zones: once(zones) } : {}),
    ...(hasZone
      ? {
          hasZone(name) {
            const answer = asked.get(name) ?? hasZone(name);
            asked.set(name, answer);
            return answer;
          },
        }
      : {}),
  };
}
