/** Networks that requests come from, in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3). */

interface Network {
  /** 32 or 128. */
  width: number;
  /** How many of the leading bits are the network's. */
  prefix: number;
  value: bigint;
}

/** The canonical form of a network, or of a single address: "203.0.113.7/24" is 203.0.113.0/24. Nothing for what is none. */
export function parseNetwork(given: string): string | undefined {
  const network = read(given);
  return network && write(network);
}

/** Whether a network, or an address, lies wholly in another network. */
export function isWithin(inner: string, outer: string): boolean {
  const [small, large] = [read(inner), read(outer)];
  if (!small || !large || small.width !== large.width || small.prefix < large.prefix) return false;
  return cut(small.value, small.width, large.prefix) === large.value;
}

/** The network by which an address is known: what a provider gives one customer, or one place, is about this wide. */
export function networkOf(address: string | null): string {
  const network = address === null ? undefined : read(address);
  if (!network) return "unknown";
  const prefix = network.width === 32 ? 24 : 48;
  return write({ ...network, prefix, value: cut(network.value, network.width, prefix) });
}

/** Whose an address is, as far as requests are counted: of IPv6, everybody has 2^64 to choose from. */
export function holderOf(address: string): string {
  const network = read(address);
  if (!network || network.width === 32) return address;
  return write({ ...network, prefix: 64, value: cut(network.value, 128, 64) });
}

function read(given: string): Network | undefined {
  const [address = "", length, ...rest] = given.trim().split("/");
  const found = readIpv4(address) ?? readIpv6(address);
  if (!found || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined;
  const prefix = length === undefined ? found.width : Number(length);
  if (prefix > found.width) return undefined;
  return { width: found.width, prefix, value: cut(found.value, found.width, prefix) };
}

const cut = (value: bigint, width: number, prefix: number): bigint => {
  const host = BigInt(width - prefix);
  return (value >> host) << host;
};

function readIpv4(text: string): Omit<Network, "prefix"> | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const parts = text.split(".").map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return { width: 32, value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
}

/** The URL standard brings it into the form of RFC 5952; IPv4-mapped addresses are the IPv4 ones. */
function readIpv6(text: string): Omit<Network, "prefix"> | undefined {
  if (!text.includes(":") || !/^[0-9a-f:.]+$/i.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  const [head = "", tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split("::");
  const [front, back] = [head, tail ?? ""].map((part) => part.split(":").filter(Boolean)) as [string[], string[]];
  const groups = [...front, ...Array<string>(8 - front.length - back.length).fill("0"), ...back];
  const value = groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return value >> 32n === 0xffffn ? { width: 32, value: value & 0xffffffffn } : { width: 128, value };
}

function write({ width, prefix, value }: Network): string {
  if (width === 32) return `${[24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".")}/${prefix}`;
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return `${new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1)}/${prefix}`;
}
