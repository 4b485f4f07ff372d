/** Where a name's records are written: which DNS account, and which zone of it. */

/** `dnsAccountId` is null for a zone that certedge serves itself. */
export interface ZoneLocation {
  dnsAccountId: string | null;
  provider: string;
  zone: string;
}

/** What tells one zone from every other. */
export type ZonePlace = Pick<ZoneLocation, "dnsAccountId" | "zone">;

/** The name of the DnsZone object that serialises every write to this zone. */
export const zoneObjectName = ({ dnsAccountId, zone }: ZonePlace): string => `${dnsAccountId ?? "builtin"}/${zone}`;

/** The inverse of `zoneObjectName`; an object learns from its name what it is for. */
export function parseZoneObjectName(name: string): { dnsAccountId: string | null; zone: string } {
  const slash = name.indexOf("/");
  const account = name.slice(0, slash);
  return { dnsAccountId: account === "builtin" ? null : account, zone: name.slice(slash + 1) };
}
