/**
 * dyndns2, as DynDNS made it (https://help.dyn.com/remote-access-api/) and No-IP, Google Domains, Dynu and the routers went
 * on: https://www.noip.com/integrate, https://support.google.com/domains/answer/6147083.
 */
import { answerInWords } from "../answers";
import { credentialsIn } from "../credentials";
import type { Dialect } from "../dialect";
import { addressesIn } from "../given-addresses";
import { bareHostsIn, canonicalHost, hostsIn } from "../hosts";
import { type Parameters, readParameters } from "../parameters";

const METHODS = ["GET", "HEAD", "POST"];

export const dyndns2: Dialect = {
  id: "dyndns2",
  paths: [
    "/nic/update",
    "/v2/update",
    "/v3/update",
    "/domains/nic/update",
    "/domains/v2/update",
    "/domains/dyndns/update",
    "/update",
  ],
  methods: METHODS,
  speaks: () => true,

  read({ url, headers, body }) {
    const parameters = readParameters(url, body);
    const credentials = credentialsIn(headers, parameters);
    return {
      credentials,
      hosts: namedHosts(parameters, credentials?.user ?? ""),
      ...addressesIn(parameters),
      without: "caller",
      offline: isYes(parameters.get("offline")),
      wildcard: switchOf(parameters.get("wildcard")),
    };
  },

  // A user agent is asked for by No-IP and Google, and not by us: many a router has none.
  answer: (outcome, { headers }) => answerInWords(outcome, headers.get("user-agent"), METHODS),
};

/** Some name the host in the user part alone, others without the name of the parameter. */
export function namedHosts(parameters: Parameters, user: string): string[] {
  const named = hostsIn(parameters);
  if (named.length > 0) return named;
  const bare = bareHostsIn(parameters);
  const host = canonicalHost(user);
  return bare.length === 0 && host.includes(".") && !host.includes("@") ? [host] : bare;
}

const isYes = (value = ""): boolean => /^(yes|on|true|1)$/i.test(value.trim());

/** ON, OFF, or NOCHG, which is said by saying nothing, too. */
const switchOf = (value = ""): boolean | undefined =>
  isYes(value) ? true : /^(no|off|false|0)$/i.test(value.trim()) ? false : undefined;
