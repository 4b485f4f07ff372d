/** FreeDNS: an address with a token in it, which says the host, too (https://freedns.afraid.org/dynamic/v2/). */
import { headersOf, text } from "../answers";
import { inHeader } from "../credentials";
import type { Dialect } from "../dialect";
import { addressesIn } from "../given-addresses";
import { hostsIn } from "../hosts";
import { readParameters } from "../parameters";

const METHODS = ["GET", "HEAD", "POST"];

/** Version 2 has its token in the path, version 1 as the name of the first parameter. */
const IN_PATH = /^\/u\/([^/]+)$/;
const IN_QUERY = /^\?([^&=]+)/;

export const freedns: Dialect = {
  id: "freedns",
  paths: ["/u/:token", "/u", "/dynamic/update.php"],
  methods: METHODS,
  speaks: () => true,

  read({ url, headers, body }) {
    const parameters = readParameters(url, body);
    const isVersion2 = url.pathname.startsWith("/u");
    const token = isVersion2 ? IN_PATH.exec(url.pathname)?.[1] : IN_QUERY.exec(url.search)?.[1];
    return {
      credentials: token === undefined ? inHeader(headers) : { user: "", secret: token, place: "url" },
      hosts: hostsIn(parameters, ["h", "hostname"]),
      ...addressesIn(parameters, { address: "A", ip: "A" }),
      without: "caller",
      offline: false,
    };
  },

  answer(outcome) {
    if (!("hosts" in outcome)) {
      const { word } = outcome;
      const status = word === "badauth" ? 401 : word === "911" ? 503 : word === "badagent" ? 405 : 200;
      return text(
        word === "911" ? "ERROR: Try again later" : "ERROR: Invalid address",
        status,
        headersOf(word, METHODS),
      );
    }
    const lines = outcome.hosts.map((one) => {
      if (!("now" in one)) return one.word === "nohost" ? "ERROR: No such record" : `ERROR: ${one.word}`;
      const addresses = Object.values(one.now).join(",");
      return one.word === "good"
        ? `Updated ${one.host} to ${addresses}`
        : `No IP change detected for ${one.host} with IP ${addresses}, skipping update`;
    });
    return text(lines.join("\n"), 200);
  },
};
