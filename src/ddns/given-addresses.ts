/** The addresses that an update gives, read as leniently as real clients need. */
import { type Family, isPlaceholder, parseAddress } from "./addresses";
import { listOf, type Parameters } from "./parameters";
import { hasHostPart, parsePrefix } from "./prefixes";
import type { UpdateRequest, Wanted } from "./update-request";

/** Names of the parameters, and the family that a word instead of an address is about. */
export const ADDRESS_NAMES: Record<string, Family> = {
  myip: "A",
  ip: "A",
  ipv4: "A",
  ip4: "A",
  myipv4: "A",
  address: "A",
  ipaddr: "A",
  ipaddress: "A",
  a: "A",
  myipv6: "AAAA",
  ipv6: "AAAA",
  ip6: "AAAA",
  ip6addr: "AAAA",
  myip6: "AAAA",
  ipv6address: "AAAA",
};

export const PREFIX_NAMES = [
  "ip6lanprefix",
  "ipv6prefix",
  "ip6prefix",
  "ipv6_prefix",
  "lanprefix",
  "prefix",
  "praefix",
];

/** Words that stand for an address. */
const WORDS: Record<string, Wanted["kind"] & ("keep" | "remove")> = {
  no: "keep",
  nochg: "keep",
  preserve: "keep",
  "<preserve>": "keep",
  "-": "remove",
  delete: "remove",
};

type Addresses = Pick<UpdateRequest, "families" | "prefix" | "passedOver">;

/**
 * The last usable address of each family; what is no address is passed over, as the protocol's servers do. An address
 * with a length tells the network, too; without a part of its own, it asks the host to move there.
 */
export function addressesIn(parameters: Parameters, names: Record<string, Family> = ADDRESS_NAMES): Addresses {
  const read: Addresses = { families: {}, passedOver: [] };
  for (const [name, family] of Object.entries(names)) {
    for (const text of listOf(parameters.get(name) ?? "")) readAddress(text, name, family, read);
  }
  for (const name of PREFIX_NAMES) {
    const text = (parameters.get(name) ?? "").trim();
    if (isPlaceholder(text)) continue;
    const prefix = parsePrefix(text);
    if (prefix) read.prefix = prefix;
    else read.passedOver.push(`${name} is no network of hosts.`);
  }
  return read;
}

function readAddress(text: string, name: string, family: Family, read: Addresses): void {
  const word = WORDS[text.toLowerCase()];
  if (word !== undefined) {
    if (read.families[family]?.kind !== "set") read.families[family] = { kind: word };
    return;
  }
  if (isPlaceholder(text)) return;
  const prefix = parsePrefix(text);
  const address = parseAddress(text.replace(/\/\d{1,3}$/, ""));
  if (!address) {
    read.passedOver.push(`${name} has what is no address that a host can have.`);
    return;
  }
  if (prefix) read.prefix = prefix;
  const isNetwork = prefix !== undefined && !hasHostPart(address.address, prefix.length);
  read.families[address.family] = isNetwork ? { kind: "move", prefix } : { kind: "set", address };
}

/** What an update says of no address at all stands for: nothing but its network may be meant. */
export const isSilent = ({ families, prefix }: Pick<Addresses, "families" | "prefix">): boolean =>
  Object.keys(families).length === 0 && prefix === undefined;
