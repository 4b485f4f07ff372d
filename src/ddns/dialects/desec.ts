/**
 * deSEC's form, spoken at a host of its own: update.example.net (https://desec.readthedocs.io/en/latest/dyndns/update-api.html).
 * One thing is otherwise here: what is left out or empty removes no address.
 */
import { headersOf, text } from "../answers";
import { credentialsIn } from "../credentials";
import type { Dialect } from "../dialect";
import { addressesIn } from "../given-addresses";
import { readParameters } from "../parameters";
import { namedHosts } from "./dyndns2";

const METHODS = ["GET", "HEAD", "POST"];
const HOST = /^update[46]?\./;

export const desec: Dialect = {
  id: "desec",
  paths: ["/", "/nic/update", "/update", "/v3/update"],
  methods: METHODS,
  speaks: ({ url }) => HOST.test(url.hostname),

  read({ url, headers, body }) {
    const parameters = readParameters(url, body);
    const credentials = credentialsIn(headers, parameters);
    return {
      credentials,
      hosts: namedHosts(parameters, credentials?.user ?? ""),
      ...addressesIn(parameters),
      without: "caller",
      offline: false,
    };
  },

  answer(outcome) {
    if (!("hosts" in outcome)) {
      const { word } = outcome;
      return text(word, statuses[word] ?? 400, headersOf(word, METHODS));
    }
    const bad = outcome.hosts.find(({ word }) => word !== "good" && word !== "nochg");
    return bad ? text(bad.word, statuses[bad.word] ?? 400) : text("good", 200);
  },
};

const statuses: Record<string, number> = {
  badauth: 401,
  badagent: 405,
  "911": 503,
  nohost: 404,
  abuse: 403,
  "!donator": 402,
  dnserr: 502,
  conflict: 409,
};
