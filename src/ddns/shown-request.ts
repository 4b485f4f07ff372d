/** An update as its owner may see it: what came in, and never a password. */
import type { Dialect, DialectRequest } from "./dialect";
import { ADDRESS_NAMES, PREFIX_NAMES } from "./given-addresses";
import { HOST_NAMES, isHostName } from "./hosts";
import { readParameters } from "./parameters";

/** In place of what is not shown. */
const HIDDEN = "…";

/** Parameters that hold no secret; of all others the name alone is shown. */
const SHOWN = new Set<string>([
  ...HOST_NAMES,
  ...Object.keys(ADDRESS_NAMES),
  ...PREFIX_NAMES,
  "ipv6_prefix",
  "offline",
  "wildcard",
  "mx",
  "backmx",
  "system",
  "verbose",
  "clear",
]);

const NAME = /^[a-z_][\w-]{0,19}$/;
const MOST_OF_VALUE = 120;
const MOST_PARAMETERS = 20;

export function showRequest(
  { method, url, body }: Pick<DialectRequest, "method" | "url" | "body">,
  { paths }: Pick<Dialect, "paths">,
  secret: string | undefined,
): string {
  const pairs = [...readParameters(url, isJson(body) ? "" : body), ...jsonMembers(body)]
    .slice(0, MOST_PARAMETERS)
    .map(([name, value]) => showPair(name, value));
  const shown = `${method} ${showPath(url.pathname, paths)}${pairs.length > 0 ? `?${pairs.join("&")}` : ""}`;
  // It may have been typed into another field.
  return secret ? shown.replaceAll(secret, HIDDEN) : shown;
}

function showPair(name: string, value: string): string {
  // A host that stands alone, or a token that does.
  if (value === "" && !SHOWN.has(name)) return isHostName(name) ? name : HIDDEN;
  if (!NAME.test(name)) return `${HIDDEN}=${HIDDEN}`;
  return `${name}=${SHOWN.has(name) ? value.slice(0, MOST_OF_VALUE) : HIDDEN}`;
}

/** Of a path that has a token in it, the pattern says where. */
function showPath(pathname: string, paths: string[]): string {
  const given = pathname.split("/");
  const pattern = paths
    .map((path) => path.split("/"))
    .find(
      (parts) => parts.length === given.length && parts.every((part, i) => part.startsWith(":") || part === given[i]),
    );
  return given.map((part, index) => (pattern?.[index] === ":token" ? HIDDEN : part)).join("/");
}

const isJson = (body: string): boolean => body.trimStart().startsWith("{");

function jsonMembers(body: string): [string, string][] {
  if (!isJson(body)) return [];
  try {
    return Object.entries(JSON.parse(body)).map(([name, value]) => [name.toLowerCase(), String(value)]);
  } catch {
    return [];
  }
}
