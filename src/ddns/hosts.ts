/** The hosts that an update names. */
import { normaliseName } from "../dns/names";
import { isPlaceholder } from "./addresses";
import { listOf, type Parameters, valuesOf } from "./parameters";

/** Names of the parameter, in the clients that there are. */
export const HOST_NAMES = ["hostname", "host", "domain", "domains", "host_id", "zone", "h", "fqdn"] as const;

/** In the order of the request, doubles too: each is answered by a line. */
export const hostsIn = (parameters: Parameters, names: readonly string[] = HOST_NAMES): string[] =>
  valuesOf(parameters, names)
    .flatMap(listOf)
    .map(canonicalHost)
    .filter((host) => host !== "" && !isPlaceholder(host));

/** A host that stands alone, without "=", where a client appends it to an address that ends in "?". */
export const bareHostsIn = (parameters: Parameters): string[] =>
  [...parameters].flatMap(([name, value]) =>
    value === "" && /^[a-z0-9*_-]+(\.[a-z0-9_-]+)+$/.test(name) ? canonicalHost(name) : [],
  );

/** Lower case, without the final dot, A-labels; what is no name stays as it is, and is found nowhere. */
export function canonicalHost(given: string): string {
  const host = normaliseName(given.trim());
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  if (/^[\x00-\x7f]*$/.test(host) || !URL.canParse(`http://${host}`)) return host;
  return new URL(`http://${host}`).hostname;
}

const HOST = /^(?=.{1,253}$)(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)+$/;

/** Whether it is a name with a dot in it: what is none is answered so. */
export const isHostName = (host: string): boolean => HOST.test(host);
