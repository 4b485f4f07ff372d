/** For programs: PUT with a JSON object, answered in JSON and by the status. */
import { z } from "zod";
import { type HostOutcome, headersOf, type RequestWord } from "../answers";
import { inHeader } from "../credentials";
import type { Dialect } from "../dialect";
import { addressesIn } from "../given-addresses";
import { canonicalHost } from "../hosts";
import { listOf } from "../parameters";

const METHODS = ["GET", "HEAD", "POST", "PUT"];

const Body = z.object({
  hostname: z.union([z.string(), z.array(z.string())]).default([]),
  ipv4: z.string().nullish(),
  ipv6: z.string().nullish(),
  ipv6_prefix: z.string().nullish(),
  offline: z.boolean().default(false),
  wildcard: z.boolean().optional(),
});

export const json: Dialect = {
  id: "json",
  paths: ["/update"],
  methods: METHODS,
  speaks: ({ method }) => method === "PUT",

  read({ headers, body }) {
    const given = Body.safeParse(parse(body)).data ?? Body.parse({});
    const parameters = new Map<string, string>();
    for (const name of ["ipv4", "ipv6", "ipv6_prefix"] as const) parameters.set(name, given[name] ?? "");
    const { families, prefix, passedOver } = addressesIn(parameters, { ipv4: "A", ipv6: "AAAA" });
    // Null is no address; what is left out stays, and the caller's own is meant where neither is there.
    if (given.ipv4 === null) families.A = { kind: "remove" };
    if (given.ipv6 === null) families.AAAA = { kind: "remove" };
    return {
      credentials: inHeader(headers),
      hosts: [given.hostname].flat().flatMap(listOf).map(canonicalHost),
      families,
      prefix,
      passedOver,
      without: "caller",
      offline: given.offline,
      wildcard: given.wildcard,
    };
  },

  answer(outcome) {
    if (!("hosts" in outcome)) {
      return answer({ result: outcome.word }, statuses[outcome.word] ?? 200, headersOf(outcome.word, METHODS));
    }
    const status = Math.max(...outcome.hosts.map(({ word }) => statuses[word] ?? 200));
    return answer({ hosts: outcome.hosts.map(toHost) }, status);
  },
};

const statuses: Partial<Record<RequestWord | HostOutcome["word"], number>> = {
  badauth: 401,
  badagent: 405,
  "!donator": 402,
  notfqdn: 400,
  numhost: 400,
  nohost: 404,
  abuse: 403,
  conflict: 409,
  dnserr: 502,
  "911": 503,
};

const toHost = (outcome: HostOutcome) => ({
  hostname: outcome.host,
  result: outcome.word,
  ...("now" in outcome ? { ipv4: outcome.now.A ?? null, ipv6: outcome.now.AAAA ?? null } : {}),
});

const answer = (body: object, status: number, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
