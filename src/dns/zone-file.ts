/** A zone as a master file (RFC 1035 §5), as any name server reads it. */
import { toPresentation } from "./presentation";
import type { ResourceRecord } from "./records";

/** `records` in their own order, the SOA record first of all. */
export function toZoneFile(zone: string, records: ResourceRecord[]): string {
  const soaFirst = [...records].sort((a, b) => Number(b.type === "SOA") - Number(a.type === "SOA"));
  const lines = soaFirst.map(
    ({ name, ttl, type, value }) => `${name}. ${ttl} IN ${type} ${toPresentation(type, value)}`,
  );
  return `$ORIGIN ${zone}.\n${lines.join("\n")}\n`;
}
