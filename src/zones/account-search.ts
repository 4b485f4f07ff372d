/** Finds the DNS account whose zones hold a name. Each account is opened once, and asked each question once, for all names. */
import { DnsProviderError } from "../dns/errors";
import type { ProviderPorts, ZoneConnection } from "../dns/provider";
import { explainMissingZone, findZone } from "../dns/zone-finder";
import type { DnsAccountRow, DnsAccounts } from "../dns-accounts/service";
import { Problem } from "../problems";
import type { ZoneLocation } from "./location";
import { once } from "./once";

/** Accounts are asked in their order; one that fails does not hide another that holds the name. */
export function accountSearch(rows: DnsAccountRow[], dnsAccounts: Pick<DnsAccounts, "open">, ports: ProviderPorts) {
  const accounts = rows.map((row) => ({
    row,
    connection: once(async () => {
      const { provider, credentials } = await dnsAccounts.open(row);
      return askingOnce(provider.connect(credentials, ports));
    }),
  }));

  /** Throws Problem 422 that says what each account answered. */
  return async (name: string): Promise<ZoneLocation> => {
    const reasons: string[] = [];
    for (const { row, connection } of accounts) {
      try {
        const zone = await findZone(await connection(), name);
        if (zone !== undefined) return { dnsAccountId: row.id, provider: row.provider, zone };
        reasons.push(`${row.provider}/${row.accountId}: ${await explainMissingZone(await connection(), name)}`);
      } catch (error) {
        if (!(error instanceof DnsProviderError)) throw error;
        reasons.push(`${row.provider}/${row.accountId}: ${error.detail}`);
      }
    }
    throw noZone(name, reasons);
  };
}

export function noZone(name: string, reasons: string[]): Problem {
  const tried = reasons.length > 0 ? ` Tried: ${reasons.join(" ")}` : " There is no DNS account yet.";
  return new Problem(
    422,
    `No zone for ${name} was found.${tried} Add a DNS account whose credential sees the zone, or name one with dns_provider and dns_account_id.`,
  );
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
