/** What narrows an API key: until when, from where, for what and for which names it is good. Null is no narrowing. */
import { NameError, parseIdentifier } from "../pki/identifiers";
import { type FieldProblem, Problem } from "../problems";
import { isWithin, parseNetwork } from "./networks";
import { isWithinDomains, type Scope } from "./scopes";

export interface Narrowing {
  expiresAt: number | null;
  scopes: string[] | null;
  allowedDomains: string[] | null;
  allowedNetworks: string[] | null;
}

export interface GivenNarrowing {
  expiresAt?: string | null | undefined;
  scopes?: Scope[] | null | undefined;
  allowedDomains?: string[] | null | undefined;
  allowedNetworks?: string[] | null | undefined;
}

/** In canonical form. Throws 422 that points at each value that cannot be. */
export function readNarrowing(given: GivenNarrowing, now: number): Narrowing {
  const errors: FieldProblem[] = [];
  const each = (values: string[] | null | undefined, pointer: string, read: (value: string) => string) =>
    values?.map((value, index) => {
      try {
        return read(value);
      } catch (error) {
        if (!(error instanceof NameError)) throw error;
        errors.push({ pointer: `${pointer}/${index}`, detail: error.message });
        return value;
      }
    }) ?? null;
  const expiresAt = given.expiresAt ? Date.parse(given.expiresAt) : null;
  if (expiresAt !== null && expiresAt <= now) {
    errors.push({ pointer: "/expires_at", detail: "It has passed already: the key would never work." });
  }
  const allowedDomains = each(given.allowedDomains, "/allowed_domains", readPattern);
  const allowedNetworks = each(given.allowedNetworks, "/allowed_networks", readNetwork);
  const [first] = errors;
  if (first) {
    const detail = errors.length === 1 ? first.detail : "The key cannot be narrowed like this.";
    throw new Problem(422, detail, { errors });
  }
  const distinct = (values: string[] | null) => values && [...new Set(values)];
  return {
    expiresAt,
    scopes: distinct(given.scopes ?? null),
    allowedDomains: distinct(allowedDomains),
    allowedNetworks: distinct(allowedNetworks),
  };
}

function readPattern(given: string): string {
  const { type, value } = parseIdentifier(given);
  if (type === "ip") throw new NameError(given, "is an address; domains are names: home.example.com, *.example.com.");
  return value;
}

function readNetwork(given: string): string {
  const network = parseNetwork(given);
  if (network) return network;
  throw new NameError(given, "is neither an address nor a network: 203.0.113.7, 203.0.113.0/24, 2001:db8::/48.");
}

/** The narrowings that `key` lacks to be no stronger than `holder`, as the API names them. */
export function strongerIn(key: Narrowing, holder: Narrowing): string[] {
  const { expiresAt, scopes, allowedDomains, allowedNetworks } = holder;
  const rules: [string, unknown, boolean | null | undefined][] = [
    ["expires_at", expiresAt, key.expiresAt !== null && expiresAt !== null && key.expiresAt <= expiresAt],
    ["scopes", scopes, key.scopes?.every((scope) => scopes?.includes(scope))],
    [
      "allowed_domains",
      allowedDomains,
      key.allowedDomains && isWithinDomains(key.allowedDomains, allowedDomains ?? []),
    ],
    [
      "allowed_networks",
      allowedNetworks,
      key.allowedNetworks?.every((one) => allowedNetworks?.some((other) => isWithin(one, other))),
    ],
  ];
  return rules.flatMap(([name, limit, holds]) => (limit === null || holds ? [] : [name]));
}

/** Throws 401 once a key has expired, 403 where it is used from another network than its own. */
export function requireUsable(key: Narrowing, address: string | null, now: number): void {
  if (key.expiresAt !== null && key.expiresAt <= now) {
    const when = new Date(key.expiresAt).toISOString().slice(0, 19);
    throw new Problem(401, `The API key expired at ${when}Z. Make another one with POST /api-keys/.`);
  }
  // 403, not 401: the key is right, and no other credential is asked for (RFC 9110 §15.5.4). Where it may be used is
  // not said: who has stolen it need not know.
  if (key.allowedNetworks && !key.allowedNetworks.some((network) => isWithin(address ?? "", network))) {
    const from = address ?? "an unknown address";
    throw new Problem(403, `This API key may not be used from ${from}: its allowed_networks are others.`);
  }
}
