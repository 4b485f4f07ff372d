/**
 * deSEC. Whole record sets, read and written back; an empty set is none.
 * API: https://desec.readthedocs.io/en/latest/dns/rrsets.html
 */
import { z } from "zod";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { toPresentation } from "../presentation";
import { defineProvider, recordTypes, secret } from "../provider";
import { wholeRecordSets } from "../whole-record-sets";

const domain = z.object({ name: z.string(), minimum_ttl: z.number().default(3600) });
const domainPage = z.object({ domains: z.array(domain), link: z.string().nullable() });
const stored = z.object({ ttl: z.number(), records: z.array(z.string()) });

const LONGEST_TTL = 86_400;

/** Failures come by field, and of a list by item: [{ "ttl": ["…"] }]. */
function wordsIn(body: unknown): string[] {
  if (typeof body === "string") return [body];
  if (typeof body !== "object" || body === null) return [];
  return Object.entries(body).flatMap(([name, value]) => {
    const isField = !Array.isArray(body) && name !== "detail" && name !== "non_field_errors";
    return wordsIn(value).map((words) => (isField ? `${name}: ${words}` : words));
  });
}

/** The address of the next page (RFC 8288). */
const nextOf = (link: string | null): string | undefined => /<([^>]+)>;\s*rel="next"/.exec(link ?? "")?.[1];

export const desec = defineProvider({
  id: "desec",
  title: "deSEC",
  credentials: z.strictObject({
    api_token: secret(
      "Token",
      "desec.io / Token management; policies can narrow it to names and types; it must not be bound to subnets, as certedge has no address of its own",
    ),
  }),
  needs: "a token that is not bound to subnets, and that its policies let write to the name",
  minimumTtl: 60,
  writes: "whole record sets",
  recordTypes,

  connect({ api_token }, http) {
    const explain = (body: unknown) => wordsIn(body).join("; ");
    const api = http.withBase("https://desec.io/api/v1", { authorization: `Token ${api_token}` }, { explain });
    /** The lowest TTL of each domain. */
    const minimums = new Map<string, number>();

    async function lowestTtl(zone: string): Promise<number> {
      const known = minimums.get(zone) ?? (await api.get(path`domains/${zone}/`, domain)).minimum_ttl;
      minimums.set(zone, known);
      return known;
    }

    const ttlIn = async (zone: string, ttl: number) => Math.min(Math.max(ttl, await lowestTtl(zone)), LONGEST_TTL);

    /** Creates, changes and deletes, and can be sent again. */
    const patch = (zone: string, name: string, change: object) =>
      api.send("PATCH", path`domains/${zone}/rrsets/`, [{ subname: relativeName(name, zone, ""), ...change }]);

    return {
      async zones() {
        const all = await http.pages(async (next?: string) => {
          const { domains, link } = await api.get(next ?? "domains/?cursor=", domainPage, {
            read: ({ body, headers }) => ({ domains: body, link: headers.get("link") }),
          });
          return { items: domains, next: nextOf(link) };
        });
        for (const { name, minimum_ttl } of all) minimums.set(normaliseName(name), minimum_ttl);
        return all.map(({ name }) => normaliseName(name));
      },

      ...wholeRecordSets({
        toContent: toPresentation,

        async read(zone, { name, type }) {
          const subname = relativeName(name, zone, "@");
          const found = await api.find(path`domains/${zone}/rrsets/${subname}/${type}/`, stored);
          return found && { contents: found.records, ttl: found.ttl };
        },

        async create(zone, { name, type, contents, ttl }) {
          const set = { subname: relativeName(name, zone, ""), type, ttl: await ttlIn(zone, ttl), records: contents };
          await api.send("POST", path`domains/${zone}/rrsets/`, set);
        },

        async write(zone, { name, type, contents, ttl }) {
          await patch(zone, name, { type, ttl: await ttlIn(zone, ttl), records: contents });
        },

        drop: (zone, { name, type }) => patch(zone, name, { type, records: [] }),
      }),
    };
  },
});
