/** A zone as a master file (RFC 1035 §5), as any name server reads it. */
import type { ResourceRecord } from "./records";
import { quoteTxt } from "./txt";

/** How many of a value's last parts are names; in a file they have to end in a dot. */
const NAMES: Record<string, (parts: string[]) => string[]> = {
  CNAME: ([target = ""]) => [`${target}.`],
  NS: ([server = ""]) => [`${server}.`],
  MX: ([preference = "", exchange = ""]) => [preference, `${exchange}.`],
  SRV: ([priority = "", weight = "", port = "", target = ""]) => [priority, weight, port, `${target}.`],
  SOA: ([primary = "", mailbox = "", ...numbers]) => [`${primary}.`, `${mailbox}.`, ...numbers],
};

/** `records` in their own order, the SOA record first of all. */
export function toZoneFile(zone: string, records: ResourceRecord[]): string {
  const soaFirst = [...records].sort((a, b) => Number(b.type === "SOA") - Number(a.type === "SOA"));
  const lines = soaFirst.map(({ name, ttl, type, value }) => `${name}. ${ttl} IN ${type} ${contentOf(type, value)}`);
  return `$ORIGIN ${zone}.\n${lines.join("\n")}\n`;
}

/** As the file has it: text quoted, names absolute. */
function contentOf(type: string, value: string): string {
  if (type === "TXT") return quoteTxt(value);
  const absolute = NAMES[type];
  if (!absolute) return value;
  const parts = value.split(" ").map((part) => part.replace(/(?<=.)\.$/, ""));
  // The root is its own name (RFC 7505).
  return absolute(parts)
    .join(" ")
    .replace(/ \.\.$/, " .");
}
