/**
 * Vercel DNS. One record for each value, found again by content in the whole zone.
 * API: https://vercel.com/docs/rest-api/reference/endpoints/dns
 */
import { z } from "zod";
import { ifKnown } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, field, secret } from "../provider";
import { singleRecords } from "../single-records";

const pagination = z.object({ next: z.number().nullish() }).optional();
const domain = z.object({ name: z.string(), serviceType: z.string().optional() });
const domainPage = z.object({ domains: z.array(domain), pagination });
const record = z.object({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  value: z.string(),
  ttl: z.number().optional(),
  creator: z.string().optional(),
});
const created = ifKnown(z.object({ uid: z.string() }));
const recordPage = z.object({ records: z.array(record), pagination });

const PAGE_SIZE = 100;

export const vercel = defineProvider({
  id: "vercel",
  title: "Vercel",
  credentials: z.strictObject({
    api_token: secret("Token", "vercel.com/account/tokens, for the team in question alone"),
    team_id: field("Team id", "team_…, of the team's settings; for zones that a team owns").optional(),
  }),
  needs: "a token of the team that owns the zone, and that team's id",
  minimumTtl: 60,
  writes: "one record per value",

  connect({ api_token, team_id }, http) {
    const api = http.withBase("https://api.vercel.com", { authorization: `Bearer ${api_token}` });
    const team = { teamId: team_id };
    const page = (until: number | undefined) => ({ query: { ...team, limit: PAGE_SIZE, until } });

    return {
      /** Without those whose name servers are elsewhere: what is written there is never seen. */
      async zones() {
        const all = await http.pages(async (until?: number) => {
          const answer = await api.get("v5/domains", domainPage, page(until));
          return { items: answer.domains, next: answer.pagination?.next };
        });
        return all.filter(({ serviceType }) => serviceType !== "external").map(({ name }) => normaliseName(name));
      },

      ...singleRecords({
        async stored(zone, { name, type }) {
          const all = await http.pages(async (until?: number) => {
            const answer = await api.get(path`v4/domains/${zone}/records`, recordPage, page(until));
            return { items: answer.records, next: answer.pagination?.next };
          });
          const relative = relativeName(name, zone, "");
          return all
            .filter((one) => one.type === type && normaliseName(one.name) === relative && one.creator !== "system")
            .map(({ id, value, ttl }) => ({ id, content: value, ttl }));
        },

        async create(zone, { name, type, value, ttl }) {
          const given = { name: relativeName(name, zone, ""), type, value, ttl };
          const made = await api.ask("POST", path`v2/domains/${zone}/records`, given, created, { query: team });
          return made && { id: made.uid, content: value, ttl };
        },

        change: (_, { id }, { value, ttl }) =>
          api.send("PATCH", path`v1/domains/records/${id}`, { value, ttl }, { query: team }),

        drop: (zone, { id }) =>
          api.send("DELETE", path`v2/domains/${zone}/records/${id}`, undefined, { gone: "ok", query: team }),
      }),
    };
  },
});
