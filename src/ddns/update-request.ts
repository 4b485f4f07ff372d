/** A dyndns2 update as it comes in (https://help.dyn.com/remote-access-api/), read as leniently as real clients need. */
import { normaliseName } from "../dns/names";
import { type Family, type GivenAddress, isPlaceholder, parseAddress } from "./addresses";
import { readCredentials, type UpdateCredentials } from "./credentials";

export interface UpdateRequest {
  method: string;
  credentials: UpdateCredentials | undefined;
  /** In the order of the request, doubles too: each is answered by a line. */
  hosts: string[];
  /** One of each family at most; without any, the caller's own address is meant. */
  addresses: Partial<Record<Family, GivenAddress>>;
  /** Whether the host is to have no address for now. */
  offline: boolean;
}

const HOST_NAMES = ["hostname", "host", "domain", "domains", "host_id"];
const ADDRESS_NAMES = [
  "myip",
  "ip",
  "ipv4",
  "ip4",
  "myipv4",
  "myipv6",
  "ipv6",
  "ip6",
  "ip6addr",
  "myip6",
  "address",
  "ipaddr",
];

/** `form` is the body of a POST, where the query wins. */
export function readUpdate(request: { method: string; url: string; headers: Headers }, form = ""): UpdateRequest {
  const parameters = readParameters(request.url, form);
  const credentials = readCredentials(request.headers.get("authorization"));
  const hosts = HOST_NAMES.flatMap((name) => parameters.get(name) ?? [])
    .flatMap((value) => value.split(","))
    .map((host) => normaliseName(host.trim()))
    .filter((host) => host !== "" && host !== "yes" && !isPlaceholder(host));
  // Some name the host in the user part alone.
  const user = normaliseName(credentials?.user ?? "");
  if (hosts.length === 0 && user.includes(".") && !user.includes("@")) hosts.push(user);
  const offline = parameters.get("offline")?.some((value) => value.toUpperCase() === "YES") ?? false;
  return { method: request.method, credentials, hosts, addresses: readAddresses(parameters), offline };
}

/** The last usable address of each family wins; what is no address is passed over, as the protocol's servers do. */
function readAddresses(parameters: Map<string, string[]>): UpdateRequest["addresses"] {
  const addresses: UpdateRequest["addresses"] = {};
  const given = ADDRESS_NAMES.flatMap((name) => parameters.get(name) ?? []).flatMap((value) => value.split(","));
  for (const text of given.map((part) => part.trim())) {
    const address = isPlaceholder(text) ? undefined : parseAddress(text);
    if (address) addresses[address.family] = address;
  }
  return addresses;
}

/** Names in lower case. A second "?" stands for "&": some clients glue two queries together. */
function readParameters(url: string, form: string): Map<string, string[]> {
  const query = new URL(url).search.slice(1).replaceAll("?", "&");
  const parameters = new Map<string, string[]>();
  for (const text of [query, form]) {
    const own = new Map<string, string[]>();
    for (const [name, value] of new URLSearchParams(text)) {
      const key = name.toLowerCase();
      own.set(key, [...(own.get(key) ?? []), value]);
    }
    for (const [name, values] of own) if (!parameters.has(name)) parameters.set(name, values.slice(-1));
  }
  return parameters;
}
