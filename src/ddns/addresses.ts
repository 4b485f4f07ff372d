/** Addresses as clients send them: told apart, put into canonical form, and answered in the client's own spelling. */

export type Family = "A" | "AAAA";

export interface GivenAddress {
  family: Family;
  /** Canonical, for storage and comparison. */
  address: string;
  /** As the client wrote it: some compare the answer with it byte for byte. */
  spelling: string;
}

/** What stands where a client had nothing to fill in. */
const PLACEHOLDERS =
  /^(<.*>|%.*|__\w+__|\[[a-z0-9]+\]|\$\{?\w+\}?|none|null|undefined|auto|self|yes|0\.0\.0\.0|::(\/\d+)?)$/i;

export const isPlaceholder = (text: string): boolean => text === "" || PLACEHOLDERS.test(text);

/** Nothing for what is no address of a host. */
export function parseAddress(given: string): GivenAddress | undefined {
  const bare = given
    .trim()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/%.*$/, "");
  const address = parseIpv4(bare) ?? parseIpv6(bare);
  if (!address || isUnusable(address)) return undefined;
  return { family: address.includes(":") ? "AAAA" : "A", address, spelling: given.trim() };
}

function parseIpv4(text: string): string | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const parts = text.split(".").map(Number);
  return parts.every((part) => part <= 255) ? parts.join(".") : undefined;
}

/** RFC 5952 by the URL standard; IPv4-mapped addresses are the IPv4 ones. */
function parseIpv6(text: string): string | undefined {
  if (!text.includes(":") || !/^[0-9a-f:.]+$/i.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  const canonical = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical) ?? [];
  if (high === undefined || low === undefined) return canonical;
  const [h, l] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [h >> 8, h & 255, l >> 8, l & 255].join(".");
}

/** Unspecified, loopback, link-local, multicast: never the address of a host that others reach. */
function isUnusable(address: string): boolean {
  if (address.includes(":")) return /^(::1?$|fe[89ab].:|ff..:)/.test(address);
  const [first = 0, second = 0] = address.split(".").map(Number);
  return first === 0 || first === 127 || first >= 224 || (first === 169 && second === 254);
}

/** Networks that are not reached from the internet (RFC 1918, RFC 6598, RFC 4193). */
const NOT_PUBLIC = /^(10\.|172\.(1[6-9]|2\d|3[01])\.|192\.168\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd]..:)/;

/** Whether it can be reached from elsewhere than its own network. It is canonical. */
export const isPublic = (address: string): boolean => !NOT_PUBLIC.test(address);
