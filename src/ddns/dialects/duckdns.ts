/** Duck DNS: a token and names in the address, OK or KO in the answer (https://www.duckdns.org/spec.jsp). */
import { headersOf, text, type UpdateOutcome } from "../answers";
import { inHeader, inParameters } from "../credentials";
import { type Dialect, wholeName } from "../dialect";
import { addressesIn } from "../given-addresses";
import { canonicalHost } from "../hosts";
import { listOf, type Parameters, readParameters } from "../parameters";

const METHODS = ["GET", "HEAD", "POST"];

/** The form for routers that can send no parameters. */
const IN_PATH = /^\/update\/([^/]+)\/([^/]+)(?:\/([^/]*))?$/;

export const duckdns: Dialect = {
  id: "duckdns",
  paths: ["/update", "/update/:domains/:token", "/update/:domains/:token/:ip"],
  methods: METHODS,
  speaks: ({ url }) => IN_PATH.test(url.pathname) || url.searchParams.has("domains"),

  read({ url, headers, body }, installation) {
    const parameters = parametersOf(url, body);
    const clears = parameters.get("clear") === "true";
    const txt = parameters.get("txt");
    const { families, passedOver } = addressesIn(parameters, { ip: "A", ipv6: "AAAA" });
    return {
      credentials: inParameters(parameters, ["token"]) ?? inHeader(headers),
      hosts: listOf(parameters.get("domains") ?? "").map((host) => wholeName(canonicalHost(host), installation)),
      // A text comes alone, and clearing goes before all that is given with it.
      families: clears || txt !== undefined ? {} : families,
      without: clears || txt !== undefined ? "keep" : "caller",
      offline: clears && txt === undefined,
      text: txt === undefined ? undefined : clears ? null : txt,
      passedOver,
    };
  },

  answer(outcome, { url }) {
    const isVerbose = url.searchParams.get("verbose") === "true";
    if (!("hosts" in outcome)) return text("KO", outcome.word === "911" ? 503 : 200, answerHeaders(outcome));
    if (outcome.hosts.some(({ word }) => word !== "good" && word !== "nochg")) return text("KO", 200);
    if (!isVerbose) return text("OK", 200);
    const [first] = outcome.hosts;
    const { A = "", AAAA = "" } = first && "now" in first ? first.now : {};
    const isNew = outcome.hosts.some(({ word }) => word === "good");
    return text(["OK", A, AAAA, isNew ? "UPDATED" : "NOCHANGE"].join("\n"), 200);
  },
};

const answerHeaders = (outcome: Exclude<UpdateOutcome, { hosts: unknown }>) =>
  outcome.word === "911" ? headersOf("911", METHODS) : {};

function parametersOf(url: URL, body: string): Parameters {
  const parameters = readParameters(url, body);
  const [, domains, token, ip] = IN_PATH.exec(url.pathname) ?? [];
  if (domains !== undefined && token !== undefined) {
    parameters.set("domains", domains).set("token", decoded(token));
    if (ip) parameters.set("ip", ip);
  }
  return parameters;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
