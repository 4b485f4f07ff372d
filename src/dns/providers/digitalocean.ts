/**
 * DigitalOcean DNS. One record for each value, found again by content.
 * API: https://docs.digitalocean.com/reference/api/reference/domains/
 */
import { z } from "zod";
import { ifKnown } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, type RecordType, secret } from "../provider";
import { singleRecords } from "../single-records";

const links = z.object({ pages: z.object({ next: z.string().optional() }).optional() }).optional();
const domains = z.object({ domains: z.array(z.object({ name: z.string() })), links });
const record = z.object({ id: z.number(), type: z.string(), name: z.string(), data: z.string(), ttl: z.number() });
const created = ifKnown(z.object({ domain_record: record }));
const records = z.object({ domain_records: z.array(record), links });

const PAGE_SIZE = 200;

/** Without the dot a target would be taken for one within the zone. */
const toData = (type: RecordType, value: string) => (type === "CNAME" ? `${value}.` : value);

export const digitalocean = defineProvider({
  id: "digitalocean",
  title: "DigitalOcean",
  credentials: z.strictObject({
    api_token: secret("API token", "API / Tokens, with the custom scopes domain:read, create, update and delete alone"),
  }),
  needs: "the scopes domain:read, domain:create, domain:update and domain:delete",
  minimumTtl: 30,
  writes: "one record per value",

  connect({ api_token }, http) {
    const api = http.withBase("https://api.digitalocean.com/v2", { authorization: `Bearer ${api_token}` });
    const recordsOf = (zone: string) => path`domains/${zone}/records`;
    const recordOf = (zone: string, id: number) => path`domains/${zone}/records/${id}`;

    return {
      async zones() {
        const all = await http.pages(async (cursor?: number) => {
          const page = cursor ?? 1;
          const answer = await api.get("domains", domains, { query: { per_page: PAGE_SIZE, page } });
          return { items: answer.domains, next: answer.links?.pages?.next ? page + 1 : undefined };
        });
        return all.map(({ name }) => normaliseName(name));
      },

      ...singleRecords({
        async stored(zone, { name, type }) {
          // Asked for by whole names, told by relative ones.
          const all = await http.pages(async (cursor?: number) => {
            const page = cursor ?? 1;
            const query = { type, name, per_page: PAGE_SIZE, page };
            const answer = await api.get(recordsOf(zone), records, { query });
            return { items: answer.domain_records, next: answer.links?.pages?.next ? page + 1 : undefined };
          });
          const relative = relativeName(name, zone, "@");
          return all
            .filter((one) => one.type === type && normaliseName(one.name) === relative)
            .map(({ id, data, ttl }) => ({ id, content: data, ttl }));
        },

        async create(zone, { name, type, value, ttl }) {
          const given = { type, name: relativeName(name, zone, "@"), data: toData(type, value), ttl };
          const made = await api.ask("POST", recordsOf(zone), given, created);
          return made && { id: made.domain_record.id, content: value, ttl };
        },

        change: (zone, { id }, { type, value, ttl }) =>
          api.send("PATCH", recordOf(zone, id), { type, data: toData(type, value), ttl }),

        drop: (zone, { id }) => api.send("DELETE", recordOf(zone, id), undefined, { gone: "ok" }),
      }),
    };
  },
});
