/** Values in presentation form, as master files and many APIs have them (RFC 1035 §5.1). */
import { quoteTxt } from "./txt";

/** How many of a value's last parts are names; they have to end in a dot. */
const NAMES: Record<string, (parts: string[]) => string[]> = {
  CNAME: ([target = ""]) => [`${target}.`],
  NS: ([server = ""]) => [`${server}.`],
  MX: ([preference = "", exchange = ""]) => [preference, `${exchange}.`],
  SRV: ([priority = "", weight = "", port = "", target = ""]) => [priority, weight, port, `${target}.`],
  SOA: ([primary = "", mailbox = "", ...numbers]) => [`${primary}.`, `${mailbox}.`, ...numbers],
};

/** Text quoted, names absolute. */
export function toPresentation(type: string, value: string): string {
  if (type === "TXT") return quoteTxt(value);
  const absolute = NAMES[type];
  if (!absolute) return value;
  const parts = value.split(" ").map((part) => part.replace(/(?<=.)\.$/, ""));
  // The root is its own name (RFC 7505).
  return absolute(parts)
    .join(" ")
    .replace(/ \.\.$/, " .");
}
