/**
 * Netlify DNS. One record for each value, found again by content; no record can be changed, only made anew.
 * API: https://open-api.netlify.com/#tag/dnsZone
 */
import { z } from "zod";
import { ifKnown } from "../http";
import { path } from "../http-request";
import { normaliseName } from "../names";
import { defineProvider, field, type RecordValue, secret } from "../provider";
import { singleRecords } from "../single-records";
import { sameValue } from "../values";

const zones = z.array(z.object({ id: z.string(), name: z.string() }));
const record = z.object({
  id: z.string(),
  type: z.string(),
  hostname: z.string(),
  value: z.string(),
  ttl: z.number().nullish(),
  managed: z.boolean().nullish(),
});
const records = z.array(record);

type Stored = { id: string; content: string; ttl: number | undefined };

export const netlify = defineProvider({
  id: "netlify",
  title: "Netlify",
  credentials: z.strictObject({
    api_token: secret(
      "Personal access token",
      "app.netlify.com, User settings / Applications; it has power over all that the user may do",
    ),
    account_slug: field(
      "Team",
      "only where the zones of one team are meant: its slug, as in app.netlify.com/teams/…",
    ).optional(),
  }),
  needs: "a personal access token of somebody who may manage the team's domains",
  minimumTtl: 300,
  writes: "one record per value",

  connect({ api_token, account_slug }, http) {
    const api = http.withBase("https://api.netlify.com/api/v1", { authorization: `Bearer ${api_token}` });
    const zoneIds = new Map<string, string>();

    async function listZones(): Promise<string[]> {
      for (const { id, name } of await api.get("dns_zones", zones, { query: { account_slug } })) {
        zoneIds.set(normaliseName(name), id);
      }
      return [...zoneIds.keys()];
    }

    async function recordsOf(zone: string): Promise<string> {
      if (!zoneIds.has(zone)) await listZones();
      const id = zoneIds.get(zone);
      if (id === undefined) throw http.error("zone_not_found", `The token does not see the zone ${zone}.`);
      return path`dns_zones/${id}/dns_records`;
    }

    async function create(zone: string, { name, type, value, ttl }: RecordValue): Promise<Stored | undefined> {
      const given = { type, hostname: name, value, ttl };
      const made = await api.ask("POST", await recordsOf(zone), given, ifKnown(record));
      return made && { id: made.id, content: made.value, ttl: made.ttl ?? undefined };
    }

    const drop = async (zone: string, { id }: Stored) =>
      api.send("DELETE", `${await recordsOf(zone)}/${encodeURIComponent(id)}`, undefined, { gone: "ok" });

    return {
      zones: listZones,

      ...singleRecords<Stored>({
        async stored(zone, { name, type }) {
          const all = await api.get(await recordsOf(zone), records);
          return all
            .filter((one) => one.type === type && normaliseName(one.hostname) === name && !one.managed)
            .map(({ id, value, ttl }) => ({ id, content: value, ttl: ttl ?? undefined }));
        },

        create,
        drop,

        /** A host is not to be without an address in between; an equal record or a second CNAME, though, is refused. */
        async change(zone, stored, record) {
          const first = record.type === "CNAME" || sameValue(record.type, stored.content, record.value);
          if (first) await drop(zone, stored);
          await create(zone, record);
          if (!first) await drop(zone, stored);
        },
      }),
    };
  },
});
