/**
 * dynv6. One record for each value, found again by content; the addresses of a zone itself are the zone's own.
 * API: https://dynv6.github.io/api-spec/
 */
import { z } from "zod";
import { ifKnown } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, type RecordSet, type RecordType, secret } from "../provider";
import { singleRecords } from "../single-records";
import { sameValue } from "../values";

const zones = z.array(
  z.object({ id: z.number(), name: z.string(), ipv4address: z.string().nullish(), ipv6prefix: z.string().nullish() }),
);
const record = z.object({
  id: z.number(),
  type: z.string(),
  name: z.string().nullish(),
  data: z.string().nullish(),
});
const records = z.array(record);

type AddressField = "ipv4address" | "ipv6prefix";

/** Where a zone keeps its own address of this type. */
const ADDRESSES = new Map<RecordType, AddressField>([
  ["A", "ipv4address"],
  ["AAAA", "ipv6prefix"],
]);

/** Without the dot a target would be taken for one within the zone. */
const toData = (type: RecordType, value: string) => (type === "CNAME" ? `${value}.` : value);

export const dynv6 = defineProvider({
  id: "dynv6",
  title: "dynv6",
  credentials: z.strictObject({
    api_token: secret("HTTP token", "dynv6.com/keys, for the zone in question alone"),
  }),
  needs: "an HTTP token of dynv6.com/keys that is for the zone",
  minimumTtl: 60,
  writes: "one record per value",

  connect({ api_token }, http) {
    const api = http.withBase("https://dynv6.com/api/v2", { authorization: `Bearer ${api_token}` });
    const zoneIds = new Map<string, number>();

    const unseen = (zone: string) => http.error("zone_not_found", `The token does not see the zone ${zone}.`);

    async function list() {
      const all = await api.get("zones", zones);
      for (const { id, name } of all) zoneIds.set(normaliseName(name), id);
      return all.map((zone) => ({ ...zone, name: normaliseName(zone.name) }));
    }

    async function zonePath(name: string): Promise<string> {
      if (!zoneIds.has(name)) await list();
      const id = zoneIds.get(name);
      if (id === undefined) throw unseen(name);
      return path`zones/${id}`;
    }

    const below = singleRecords({
      async stored(zone, { name, type }) {
        const relative = relativeName(name, zone, "");
        const all = await api.get(`${await zonePath(zone)}/records`, records);
        return all
          .filter((one) => one.type === type && normaliseName(one.name ?? "") === relative)
          .map(({ id, data }) => ({ id, content: data ?? "" }));
      },

      async create(zone, { name, type, value }) {
        const given = { type, name: relativeName(name, zone, ""), data: toData(type, value) };
        const made = await api.ask("POST", `${await zonePath(zone)}/records`, given, ifKnown(record));
        return made && { id: made.id, content: value };
      },

      change: async (zone, { id }, { type, value }) =>
        api.send("PATCH", `${await zonePath(zone)}/records/${id}`, { data: toData(type, value) }),

      drop: async (zone, { id }) =>
        api.send("DELETE", `${await zonePath(zone)}/records/${id}`, undefined, { gone: "ok" }),
    });

    /** The field that is meant, where it is an address of the zone itself. */
    const ownField = (zone: string, { name, type }: Pick<RecordSet, "name" | "type">) =>
      name === zone ? ADDRESSES.get(type) : undefined;

    async function changeOwn(zone: string, field: AddressField, change: (addresses: string[]) => string[]) {
      const found = (await list()).find(({ name }) => name === zone);
      if (!found) throw unseen(zone);
      const there = found[field]?.replace(/\/128$/, "") ?? "";
      const [wanted = "", second] = change(there === "" ? [] : [there]);
      if (second) throw http.error("refused", `It keeps one address of each kind for ${zone} itself.`);
      if (wanted !== there) await api.send("PATCH", path`zones/${found.id}`, { [field]: wanted });
    }

    return {
      zones: async () => (await list()).map(({ name }) => name),

      async add(zone, record) {
        const field = ownField(zone, record);
        if (!field) return below.add(zone, record);
        const isThis = (address: string) => sameValue(record.type, address, record.value);
        await changeOwn(zone, field, (there) => (there.some(isThis) ? there : [...there, record.value]));
      },

      async remove(zone, record) {
        const field = ownField(zone, record);
        if (!field) return below.remove(zone, record);
        await changeOwn(zone, field, (there) => there.filter((one) => !sameValue(record.type, one, record.value)));
      },

      async replace(zone, set) {
        const field = ownField(zone, set);
        if (!field) return below.replace(zone, set);
        await changeOwn(zone, field, () => set.values);
      },
    };
  },
});
