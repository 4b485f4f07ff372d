/**
 * bunny.net DNS. One record for each value; a zone comes with all of its records.
 * API: https://docs.bunny.net/reference/dnszonepublic_index
 */
import { z } from "zod";
import { ifKnown } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, type RecordType, secret } from "../provider";
import { singleRecords } from "../single-records";

const zoneList = z.object({
  Items: z.array(z.object({ Id: z.number(), Domain: z.string() })),
  HasMoreItems: z.boolean().default(false),
});
const record = z.object({
  Id: z.number(),
  Type: z.number(),
  Name: z.string().nullish(),
  Value: z.string().nullish(),
  Ttl: z.number(),
  Weight: z.number().nullish(),
  Disabled: z.boolean().nullish(),
  Comment: z.string().nullish(),
});
const zoneWithRecords = z.object({ Records: z.array(record).nullish() });
const failure = z.object({ Message: z.string() });

const TYPES: Partial<Record<RecordType, number>> = { A: 0, AAAA: 1, CNAME: 2, TXT: 3 };

/** A list has the records of its zones, too: of a thousand zones that were very much. */
const PAGE = 100;

export const bunny = defineProvider({
  id: "bunny",
  title: "bunny.net",
  credentials: z.strictObject({
    api_key: secret("API key", "dash.bunny.net, Account settings, API key; it has power over the whole account"),
  }),
  needs: "the API key of the account, not that of a storage or pull zone",
  minimumTtl: 60,
  writes: "one record per value",

  connect({ api_key }, http) {
    const explain = (body: unknown) => failure.safeParse(body).data?.Message;
    const api = http.withBase("https://api.bunny.net/", { accesskey: api_key }, { explain });
    const zoneIds = new Map<string, number>();

    /** All zones, or those with the words in their name. */
    async function listZones(search?: string): Promise<string[]> {
      const all = await http.pages(async (cursor?: number) => {
        const page = cursor ?? 1;
        const found = await api.get("dnszone", zoneList, { query: { page, perPage: PAGE, search } });
        return { items: found.Items, next: found.HasMoreItems ? page + 1 : undefined };
      });
      for (const { Id, Domain } of all) zoneIds.set(normaliseName(Domain), Id);
      return all.map(({ Domain }) => normaliseName(Domain));
    }

    async function find(zone: string): Promise<number | undefined> {
      if (!zoneIds.has(zone)) await listZones(zone);
      return zoneIds.get(zone);
    }

    async function idOf(zone: string): Promise<number> {
      const id = await find(zone);
      if (id === undefined) throw http.error("zone_not_found", `The API key does not see the zone ${zone}.`);
      return id;
    }

    return {
      zones: () => listZones(),

      hasZone: async (name) => (await find(name)) !== undefined,

      ...singleRecords({
        async stored(zone, { name, type }) {
          const { Records } = await api.get(path`dnszone/${await idOf(zone)}`, zoneWithRecords);
          const wanted = relativeName(name, zone, "");
          // A record that is switched off answers nobody: it is as if it were not there, and is left as it is.
          return (Records ?? [])
            .filter((one) => !one.Disabled && one.Type === TYPES[type] && normaliseName(one.Name ?? "") === wanted)
            .map((one) => ({ ...one, content: one.Value ?? "", ttl: one.Ttl }));
        },

        async create(zone, { name, type, value, ttl }) {
          const given = { Type: TYPES[type], Name: relativeName(name, zone, ""), Value: value, Ttl: ttl };
          // PUT makes one more each time.
          const at = path`dnszone/${await idOf(zone)}/records`;
          const made = await api.ask("PUT", at, given, ifKnown(record), { repeatable: false });
          return made && { ...made, content: value, ttl };
        },

        async change(zone, { Id, Type, Name, Weight, Comment }, { value, ttl }) {
          const kept = { ...(Weight == null ? {} : { Weight }), ...(Comment == null ? {} : { Comment }) };
          const given = { ...kept, Type, Name: Name ?? "", Value: value, Ttl: ttl };
          await api.send("POST", path`dnszone/${await idOf(zone)}/records/${Id}`, given, { repeatable: true });
        },

        async drop(zone, { Id }) {
          await api.send("DELETE", path`dnszone/${await idOf(zone)}/records/${Id}`, undefined, { gone: "ok" });
        },
      }),
    };
  },
});
