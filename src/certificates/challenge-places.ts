/** Where the values of an order's challenges go: the zone and the record of each, and what is written to each zone. */
import { challengeNames } from "../acme/challenges";
import type { ChallengePlace, ChallengeZones } from "../zones/challenges";
import { type ZoneLocation, zoneObjectName } from "../zones/location";
import type { DnsPin } from "../zones/service";
import { type OrderChallenge, type OrderInput, type OrderProgress, typeOf } from "./order-state";

/** Which DNS provider and account a certificate is pinned to; both may be left open. */
export const pinOf = ({
  dnsProvider,
  dnsAccountId,
  instanceId = null,
}: Pick<OrderInput, "dnsProvider" | "dnsAccountId" | "instanceId">): DnsPin => ({
  instanceId,
  ...(dnsProvider ? { provider: dnsProvider } : {}),
  ...(dnsAccountId ? { accountId: dnsAccountId } : {}),
});

/** The places of names, by name. Throws Problem and DnsProviderError. */
export async function placesOf(
  names: string[],
  input: OrderInput,
  { accountUrl = "" }: OrderProgress,
  { challengeZones }: { challengeZones: ChallengeZones },
): Promise<Map<string, ChallengePlace | undefined>> {
  const nameOf = await challengeNames(typeOf(input), accountUrl);
  const alias = input.domainAlias ?? undefined;
  const places = await challengeZones.locate(input.ownerId, names, pinOf(input), alias, nameOf);
  return new Map(names.map((name, index) => [name, places[index]]));
}

/** For a step's detail. */
export const zonesOf = (challenges: OrderChallenge[]) => ({
  zones: [...new Set(challenges.map(({ location }) => `${location?.provider}: ${location?.zone}`))],
});

/** The challenges that have a place, together for each zone. */
export function byZone(challenges: OrderChallenge[]) {
  const zones = new Map<string, { location: ZoneLocation; challenges: OrderChallenge[] }>();
  for (const challenge of challenges) {
    if (!challenge.location) continue;
    const key = zoneObjectName(challenge.location);
    const group = zones.get(key) ?? { location: challenge.location, challenges: [] };
    group.challenges.push(challenge);
    zones.set(key, group);
  }
  return [...zones.values()];
}
