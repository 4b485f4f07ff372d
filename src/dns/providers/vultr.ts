/**
 * Vultr DNS. One record for each value, found again by content in the whole zone.
 * API: https://www.vultr.com/api/#tag/dns
 */
import { z } from "zod";
import { ifKnown } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, type RecordType, secret } from "../provider";
import { singleRecords } from "../single-records";
import { quoteTxt } from "../txt";

const meta = z.object({ links: z.object({ next: z.string().optional() }).optional() }).optional();
const domains = z.object({ domains: z.array(z.object({ domain: z.string() })), meta });
const record = z.object({ id: z.string(), type: z.string(), name: z.string(), data: z.string(), ttl: z.number() });
const created = ifKnown(z.object({ record }));
const records = z.object({ records: z.array(record), meta });

const PAGE_SIZE = 500;

const toData = (type: RecordType, value: string) => (type === "TXT" ? quoteTxt(value) : value);

export const vultr = defineProvider({
  id: "vultr",
  title: "Vultr",
  credentials: z.strictObject({
    api_key: secret(
      "API key",
      "my.vultr.com/settings/#settingsapi; its access control has to let 0.0.0.0/0 and ::/0 in, as certedge has no address of its own",
    ),
  }),
  needs: "an API key whose access control lets every address in (0.0.0.0/0 and ::/0), of a user who may manage DNS",
  minimumTtl: 120,
  writes: "one record per value",

  connect({ api_key }, http) {
    const api = http.withBase("https://api.vultr.com/v2", { authorization: `Bearer ${api_key}` });
    const recordOf = (zone: string, id: string) => path`domains/${zone}/records/${id}`;

    return {
      async zones() {
        const all = await http.pages(async (cursor?: string) => {
          const answer = await api.get("domains", domains, { query: { per_page: PAGE_SIZE, cursor } });
          return { items: answer.domains, next: answer.meta?.links?.next };
        });
        return all.map(({ domain }) => normaliseName(domain));
      },

      ...singleRecords({
        async stored(zone, { name, type }) {
          const all = await http.pages(async (cursor?: string) => {
            const query = { per_page: PAGE_SIZE, cursor };
            const answer = await api.get(path`domains/${zone}/records`, records, { query });
            return { items: answer.records, next: answer.meta?.links?.next };
          });
          const relative = relativeName(name, zone, "");
          return all
            .filter((one) => one.type === type && normaliseName(one.name) === relative)
            .map(({ id, data, ttl }) => ({ id, content: data, ttl }));
        },

        async create(zone, { name, type, value, ttl }) {
          const given = { name: relativeName(name, zone, ""), type, data: toData(type, value), ttl };
          const made = await api.ask("POST", path`domains/${zone}/records`, given, created);
          return made && { id: made.record.id, content: value, ttl };
        },

        change: (zone, { id }, { type, value, ttl }) =>
          api.send("PATCH", recordOf(zone, id), { data: toData(type, value), ttl }),

        drop: (zone, { id }) => api.send("DELETE", recordOf(zone, id), undefined, { gone: "ok" }),
      }),
    };
  },
});
