/** Stored changes on their way to the zones: each zone's object is told once, and answers for every host. */
import type { DnsAccountRow } from "../dns-accounts/service";
import type { HostSet } from "../zones/host-sets";
import { zoneObjectName } from "../zones/location";
import type { Zones } from "../zones/service";
import { throwFailure, type ZoneFailure } from "../zones/zone-failure";
import type { DomainRow, VersionedSets } from "./changes";

/** `written`: whether the provider was told now; else it was known to have them. */
export type Published = { ok: true; written: boolean } | { ok: false; failure: ZoneFailure };

/** The types whose sets the names below a host have, too, where the host has a wildcard. */
const BELOW = new Set<string>(["A", "AAAA", "CNAME"]);

/** As the zone is to have them: of a host that is offline, and below one whose wildcard was taken away, nothing. */
function zoneSetsOf({ row, sets, wildcardBefore = row.wildcard }: VersionedSets): HostSet[] {
  const { id: domainId, fqdn, wildcard, offlineAt } = row;
  return sets.flatMap(({ type, values, version, ttl }) => {
    const shown = offlineAt === null ? values : [];
    const own = { domainId, name: fqdn, type, values: shown, ttl: ttl ?? row.ttl, version };
    if (!BELOW.has(type) || !(wildcard || wildcardBefore)) return [own];
    return [own, { ...own, name: `*.${fqdn}`, values: wildcard ? shown : [] }];
  });
}

/**
 * Tells the zones. What became of each domain is given by its id; whatever it is, the zones' objects go on until the
 * providers agree. `accounts` are those that were just read.
 */
export async function publish(
  zones: Pick<Zones, "publish">,
  domains: VersionedSets[],
  accounts = new Map<string, DnsAccountRow>(),
): Promise<Map<string, Published>> {
  const byZone = Map.groupBy(domains, ({ row }) => zoneObjectName(row));
  const told = await Promise.all(
    [...byZone.values()].map(async (inZone) => {
      const sets = inZone.flatMap(zoneSetsOf);
      const [first] = inZone;
      const outcomes = first ? await zones.publish(first.row, sets, accounts.get(first.row.dnsAccountId ?? "")) : [];
      return sets.map((set, index) => ({ domainId: set.domainId, outcome: outcomes[index] }));
    }),
  );
  const published = new Map<string, Published>();
  for (const { domainId, outcome } of told.flat()) {
    const before = published.get(domainId);
    if (!outcome || before?.ok === false) continue;
    const written = outcome.ok && (outcome.written || before?.written === true);
    published.set(domainId, outcome.ok ? { ok: true, written } : outcome);
  }
  return published;
}

/** Throws DnsProviderError for what the zone does not have yet. */
export function requirePublished(published: Map<string, Published>, { id }: DomainRow): void {
  const outcome = published.get(id);
  if (outcome) throwFailure(outcome);
}
