/** Networks of IPv6 as routers tell them, and addresses that move from one to another and keep their interface part (RFC 4291 §2.5). */
import { parseAddress } from "./addresses";

export interface Ipv6Prefix {
  /** Canonical: "2001:db8:1:2::/64". */
  network: string;
  length: number;
}

const WIDTH = 128;
/** What is wider than a provider's own network, or leaves no room for hosts, is a mistake. */
const SHORTEST = 16;
const LONGEST = 126;

/** "2001:db8:1:2::/64", also with the address of a host in it. Nothing for what is no network of hosts. */
export function parsePrefix(given: string): Ipv6Prefix | undefined {
  const [, text = "", digits = ""] = /^\s*\[?([0-9a-f:.]+)\]?\/(\d{1,3})\s*$/i.exec(given) ?? [];
  const length = Number(digits);
  if (length < SHORTEST || length > LONGEST) return undefined;
  const address = parseAddress(text);
  return address?.family === "AAAA" ? prefixOf(address.address, length) : undefined;
}

/** The network of so many bits that an address is in. */
export function prefixOf(address: string, length: number): Ipv6Prefix | undefined {
  const network = toAddress(networkBits(toBits(address), length));
  return parseAddress(network) ? { network: `${network}/${length}`, length } : undefined;
}

/** Whether the part of the host is there at all. */
export const hasHostPart = (address: string, length: number): boolean =>
  toBits(address) !== networkBits(toBits(address), length);

export const isInPrefix = (address: string, { network, length }: Ipv6Prefix): boolean =>
  networkBits(toBits(address), length) === bitsOf(network);

/** The same interface in another network. */
export function moveTo(address: string, { network, length }: Ipv6Prefix): string {
  const bits = toBits(address);
  return toAddress(bitsOf(network) | (bits ^ networkBits(bits, length)));
}

const bitsOf = (network: string): bigint => toBits(network.slice(0, network.indexOf("/")));

const networkBits = (bits: bigint, length: number): bigint => {
  const host = BigInt(WIDTH - length);
  return (bits >> host) << host;
};

/** Of a canonical address. */
function toBits(address: string): bigint {
  const [head = "", tail] = address.split("::");
  const [front, back] = [head, tail ?? ""].map((part) => part.split(":").filter(Boolean)) as [string[], string[]];
  const groups = [...front, ...Array<string>(8 - front.length - back.length).fill("0"), ...back];
  return groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n);
}

/** RFC 5952, by the URL standard. */
function toAddress(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
