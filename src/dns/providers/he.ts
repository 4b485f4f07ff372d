/**
 * Hurricane Electric: a dynamic record, made by hand at dns.he.net, whose key changes its one value and nothing else.
 * API: https://dns.he.net/docs.html
 */
import { z } from "zod";
import type { ApiAnswer, Verdict } from "../http";
import { normaliseName } from "../names";
import { oneValueEach } from "../one-value";
import { defineProvider, field, type RecordType, secret } from "../provider";

const PARAMETERS: Partial<Record<RecordType, string>> = { TXT: "txt", A: "myip", AAAA: "myip" };
/** What stands for no value: a record is never empty. */
const NOTHING = ".";

/** The words of dyndns2, all with status 200. */
const VERDICTS: Record<string, Verdict> = {
  good: "ok",
  nochg: "ok",
  badauth: "credential",
  nohost: "zone_not_found",
  interval: "rate_limited",
  abuse: "rate_limited",
  dnserr: "unavailable",
  "911": "unavailable",
};

function judge({ status, body }: ApiAnswer): Verdict | undefined {
  if (status !== 200) return undefined;
  return VERDICTS[String(body).split(/\s/)[0] ?? ""] ?? "refused";
}

export const he = defineProvider({
  id: "he",
  title: "Hurricane Electric",
  credentials: z.strictObject({
    hostname: field("Record", "_acme-challenge.example.com: a TXT that is there already, with dynamic DNS switched on"),
    key: secret("Key", "of this record: the arrows beside it in dns.he.net make one"),
  }),
  needs: "the record to be there, dynamic, and its own key",
  minimumTtl: 300,
  writes: "whole record sets",
  mostTxtValues: 1,

  connect({ hostname, key }, http) {
    const host = normaliseName(hostname);
    const api = http.withBase(
      "https://dyn.dns.he.net",
      {},
      {
        judge,
        parse: (text) => text.trim(),
        explain: (body) => String(body),
      },
    );

    async function set(zone: string, name: string, type: RecordType, value: string): Promise<void> {
      const parameter = PARAMETERS[type];
      if (zone !== host || name !== host)
        throw http.error("zone_not_found", `The key is for ${host} alone, not for ${name}.`);
      if (!parameter) throw http.error("refused", `A dynamic record cannot be a ${type}.`);
      const form = new URLSearchParams({ hostname: host, password: key, [parameter]: value });
      await api.send("POST", "nic/update", form, { repeatable: true });
    }

    return {
      zones: async () => [host],
      hasZone: async (name) => name === host,
      ...oneValueEach(http, {
        put: (zone, { name, type, value }) => set(zone, name, type, value),

        async clear(zone, { name, type }) {
          if (type !== "TXT")
            throw http.error("refused", "A dynamic record has always an address: take it away at dns.he.net.");
          await set(zone, name, type, NOTHING);
        },
      }),
    };
  },
});
