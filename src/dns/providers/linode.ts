/**
 * Linode (Akamai Cloud) DNS Manager. One record for each value, found again by content.
 * API: https://techdocs.akamai.com/linode-api/reference/domains
 */
import { z } from "zod";
import { ifKnown } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, secret } from "../provider";
import { singleRecords } from "../single-records";

const domain = z.object({ id: z.number(), domain: z.string(), type: z.string(), status: z.string().optional() });
const record = z.object({
  id: z.number(),
  type: z.string(),
  name: z.string().nullish(),
  target: z.string().nullish(),
  ttl_sec: z.number().default(0),
});

const PAGE_SIZE = 500;

/** Seconds; anything between is rounded up. */
const TTLS = [300, 3600, 7200, 14400, 28800, 57600, 86400, 172800, 345600, 604800, 1209600, 2419200];

const roundUp = (ttl: number): number => TTLS.find((known) => known >= ttl) ?? 2419200;

export const linode = defineProvider({
  id: "linode",
  title: "Linode",
  credentials: z.strictObject({
    api_key: secret("Personal access token", "cloud.linode.com/profile/tokens, with Domains: Read/Write alone"),
  }),
  needs: "the scope Domains: Read/Write",
  minimumTtl: 300,
  writes: "one record per value",

  connect({ api_key }, http) {
    const api = http.withBase("https://api.linode.com/v4", { authorization: `Bearer ${api_key}` });
    const zoneIds = new Map<string, number>();

    async function list<Item extends z.ZodType>(from: string, item: Item, filter?: object): Promise<z.output<Item>[]> {
      const schema = z.object({ data: z.array(item), pages: z.number().default(1) });
      const headers: Record<string, string> = filter ? { "x-filter": JSON.stringify(filter) } : {};
      return http.pages(async (cursor?: number) => {
        const page = cursor ?? 1;
        const { data, pages } = await api.get(from, schema, { headers, query: { page, page_size: PAGE_SIZE } });
        return { items: data, next: page < pages ? page + 1 : undefined };
      });
    }

    /** Neither copies of zones elsewhere nor those that are not served. */
    async function listZones(filter?: object) {
      const all = await list("domains", domain, filter);
      return all.filter(({ type, status }) => type !== "slave" && status !== "disabled");
    }

    async function search(name: string): Promise<number | undefined> {
      const known = zoneIds.get(name);
      if (known !== undefined) return known;
      const found = (await listZones({ domain: name })).find((one) => normaliseName(one.domain) === name);
      if (found) zoneIds.set(name, found.id);
      return found?.id;
    }

    async function recordsOf(zone: string): Promise<string> {
      const id = await search(zone);
      if (id === undefined) throw http.error("zone_not_found", `The token does not see the zone ${zone}.`);
      return path`domains/${id}/records`;
    }

    const { add, remove, replace } = singleRecords({
      async stored(zone, { name, type }) {
        const all = await list(await recordsOf(zone), record, { type });
        // Some records carry the whole name.
        const isAt = (given: string) => given === relativeName(name, zone, "") || given === name;
        return all
          .filter((one) => one.type === type && isAt(normaliseName(one.name ?? "")))
          .map(({ id, target, ttl_sec }) => ({ id, content: target ?? "", ttl: ttl_sec }));
      },

      async create(zone, { name, type, value, ttl }) {
        const given = { type, name: relativeName(name, zone, ""), target: value, ttl_sec: roundUp(ttl) };
        const made = await api.ask("POST", await recordsOf(zone), given, ifKnown(record));
        return made && { id: made.id, content: value, ttl: made.ttl_sec };
      },

      change: async (zone, { id }, { value, ttl }) =>
        api.send("PUT", `${await recordsOf(zone)}/${id}`, { target: value, ttl_sec: roundUp(ttl) }),

      drop: async (zone, { id }) => api.send("DELETE", `${await recordsOf(zone)}/${id}`, undefined, { gone: "ok" }),
    });

    return {
      zones: async () => (await listZones()).map((one) => normaliseName(one.domain)),
      hasZone: async (name) => (await search(name)) !== undefined,
      add,
      remove,
      replace: (zone, set) => replace(zone, { ...set, ttl: roundUp(set.ttl) }),
    };
  },
});
