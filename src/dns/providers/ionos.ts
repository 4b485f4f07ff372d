/**
 * IONOS hosting DNS (IONOS Cloud DNS is another product). One record for each value; texts go in raw and come back quoted.
 * API: https://developer.hosting.ionos.com/docs/dns
 */
import { z } from "zod";
import { ifKnown } from "../http";
import { path } from "../http-request";
import { normaliseName } from "../names";
import { defineProvider, secret } from "../provider";
import { singleRecords } from "../single-records";

const zoneList = z.array(z.object({ id: z.string(), name: z.string(), type: z.string().optional() }));
const record = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  content: z.string(),
  ttl: z.number(),
  prio: z.number().nullish(),
  disabled: z.boolean().default(false),
});
const created = ifKnown(z.array(record));
const zoneWithRecords = z.object({ records: z.array(record).default([]) });

export const ionos = defineProvider({
  id: "ionos",
  title: "IONOS",
  credentials: z.strictObject({
    api_key: secret(
      "API key",
      "public prefix and secret with a dot between them, of developer.hosting.ionos.com/keys; it has power over all zones",
    ),
  }),
  needs: "prefix and secret of developer.hosting.ionos.com/keys, with a dot between them",
  minimumTtl: 60,
  writes: "one record per value",

  connect({ api_key }, http) {
    const api = http.withBase("https://api.hosting.ionos.com/dns/v1/", { "x-api-key": api_key });
    const zoneIds = new Map<string, string>();

    /** Those that are copies of a zone elsewhere cannot be written to. */
    async function listZones(): Promise<string[]> {
      const all = await api.get("zones", zoneList);
      const writable = all.filter(({ type }) => type !== "SLAVE");
      for (const { id, name } of writable) zoneIds.set(normaliseName(name), id);
      return writable.map(({ name }) => normaliseName(name));
    }

    async function idOf(zone: string): Promise<string> {
      if (!zoneIds.has(zone)) await listZones();
      const id = zoneIds.get(zone);
      if (id === undefined) throw http.error("zone_not_found", `The API key does not see the zone ${zone}.`);
      return id;
    }

    return {
      zones: listZones,

      ...singleRecords({
        async stored(zone, { name, type }) {
          const query = { recordName: name, recordType: type };
          const { records } = await api.get(path`zones/${await idOf(zone)}`, zoneWithRecords, { query });
          // A record that is switched off answers nobody: it is as if it were not there, and is left as it is.
          return records.filter((one) => !one.disabled && one.type === type && normaliseName(one.name) === name);
        },

        async create(zone, { name, type, value, ttl }) {
          // PATCH of the zone would replace all values of the name.
          const given = { name, type, content: value, ttl, prio: 0, disabled: false };
          const made = await api.ask("POST", path`zones/${await idOf(zone)}/records`, [given], created);
          return made?.find((one) => normaliseName(one.name) === name && one.type === type);
        },

        async change(zone, { id, prio, disabled }, { value, ttl }) {
          const given = { content: value, ttl, prio: prio ?? 0, disabled };
          await api.send("PUT", path`zones/${await idOf(zone)}/records/${id}`, given);
        },

        async drop(zone, { id }) {
          await api.send("DELETE", path`zones/${await idOf(zone)}/records/${id}`, undefined, { gone: "ok" });
        },
      }),
    };
  },
});
