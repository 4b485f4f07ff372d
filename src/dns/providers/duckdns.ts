/**
 * Duck DNS: one host with an address of each kind, and one TXT value for it and every name below.
 * API: https://www.duckdns.org/spec.jsp
 */
import { z } from "zod";
import type { ApiAnswer } from "../http";
import { isWithin, normaliseName } from "../names";
import { oneValueEach } from "../one-value";
import { defineProvider, field, type RecordType, secret } from "../provider";

const PARENT = "duckdns.org";
const PARAMETERS: Partial<Record<RecordType, string>> = { TXT: "txt", A: "ip", AAAA: "ipv6" };

/** "OK" or "KO", both with status 200. */
function judge({ status, body }: ApiAnswer) {
  if (status !== 200) return undefined;
  if (body === "KO") return "credential";
  return body === "OK" ? "ok" : "unavailable";
}

const HOST = /^[a-z0-9-]+\.duckdns\.org$/;
const labelOf = (name: string) => name.replace(/\.duckdns\.org$/, "");
const hostOf = (given: string) => `${labelOf(normaliseName(given))}.${PARENT}`;

export const duckdns = defineProvider({
  id: "duckdns",
  title: "Duck DNS",
  credentials: z.strictObject({
    api_token: secret("Token", "as the page of duckdns.org shows it; it is for all of the account's hosts"),
    domain: field("Host", "home.duckdns.org, where the account is to be for one of the token's hosts alone").optional(),
  }),
  needs: "the token of the account that has the host",
  minimumTtl: 60,
  writes: "whole record sets",
  mostTxtValues: 1,

  connect({ api_token, domain }, http) {
    const only = domain && hostOf(domain);
    const isHost = (zone: string) => (only ? zone === only : HOST.test(zone));
    const api = http.withBase(
      `https://www.${PARENT}`,
      {},
      {
        judge,
        parse: (text) => text.trim(),
        explain: (body) => (body === "KO" ? "KO" : undefined),
      },
    );

    /** Everything is a GET, and comes to the same when it is done again. */
    async function set(zone: string, name: string, type: RecordType, value: string, more = {}): Promise<void> {
      const parameter = PARAMETERS[type];
      if (!isHost(zone) || !isWithin(name, zone))
        throw http.error("zone_not_found", `The account is for ${only ?? `hosts of ${PARENT}`} alone.`);
      if (!parameter || (type !== "TXT" && name !== zone)) {
        throw http.error("refused", `It has no ${type} at ${name}: a host has one A, one AAAA and one TXT.`);
      }
      await api.send("GET", "update", undefined, {
        query: { domains: labelOf(zone), token: api_token, [parameter]: value, ...more },
      });
    }

    return {
      ...(only ? { zones: async () => [only] } : {}),
      // Nobody but a write can tell whether the token has it.
      hasZone: async (name) => isHost(name),
      ...oneValueEach(http, {
        put: (zone, { name, type, value }) => set(zone, name, type, value),

        async clear(zone, { name, type }) {
          // "clear" without a TXT takes the addresses of both kinds away.
          if (type !== "TXT")
            throw http.error("refused", "It cannot take one address away without the other: clear it by hand.");
          await set(zone, name, type, "", { clear: true });
        },
      }),
    };
  },
});
