/** dynv6's own form: what is not given stays, and a network moves all hosts in it (https://dynv6.com/docs/apis). */
import type { Family } from "../addresses";
import { headersOf, text } from "../answers";
import { inHeader, inParameters } from "../credentials";
import type { Dialect } from "../dialect";
import { addressesIn } from "../given-addresses";
import { hostsIn } from "../hosts";
import { type Parameters, readParameters } from "../parameters";
import type { UpdateRequest } from "../update-request";

const METHODS = ["GET", "HEAD", "POST"];

export const dynv6: Dialect = {
  id: "dynv6",
  paths: ["/api/update"],
  methods: METHODS,
  speaks: () => true,

  read({ url, headers, body }) {
    const parameters = readParameters(url, body);
    return {
      credentials: inParameters(parameters, ["token"]) ?? inHeader(headers),
      hosts: hostsIn(parameters, ["zone", "hostname"]),
      ...wanted(parameters),
      without: "keep",
      offline: false,
    };
  },

  answer(outcome) {
    if (!("hosts" in outcome)) {
      const { word } = outcome;
      const [status, body] = refusals[word];
      return text(body, status, headersOf(word, METHODS));
    }
    const words = outcome.hosts.map(({ word }) => word);
    if (words.some((word) => word === "nohost" || word === "notfqdn")) return text("zone not found", 404);
    if (words.includes("abuse")) return text("too many changes", 403);
    if (words.some((word) => word === "dnserr" || word === "conflict")) return text("not possible now", 502);
    return text(words.includes("good") ? "addresses updated" : "addresses unchanged", 200);
  },
};

/** Of the real one's "invalid authentication token", inadyn would take the second half of the last word for a success. */
const refusals = {
  badauth: [401, "unauthorized"],
  notfqdn: [400, "hostname missing"],
  numhost: [400, "too many hostnames"],
  badagent: [405, "method not allowed"],
  "!donator": [402, "not in the plan"],
  "911": [503, "try again later"],
} as const;

function wanted(parameters: Parameters): Pick<UpdateRequest, "families" | "prefix" | "passedOver"> {
  const { families, prefix, passedOver } = addressesIn(parameters, { ipv4: "A", ipv6: "AAAA" });
  const auto: [string, Family][] = [
    ["ipv4", "A"],
    ["ipv6", "AAAA"],
  ];
  for (const [name, family] of auto) if (parameters.get(name) === "auto") families[family] = { kind: "caller" };
  return { families, prefix, passedOver };
}
