/**
 * Hostinger DNS. Record sets; a value is added by itself, and removed by writing the set without it.
 * API: https://developers.hostinger.com/#tag/dns-zone
 */
import { z } from "zod";
import { bySet } from "../by-set";
import type { ApiAnswer, Verdict } from "../http";
import { path } from "../http-request";
import { isWithin, normaliseName, relativeName } from "../names";
import { defineProvider, type RecordSet, type RecordType, type RecordValue, secret } from "../provider";
import { sameValue } from "../values";

const portfolio = z.array(z.object({ domain: z.string().nullish(), status: z.string().optional() }));
const stored = z.object({ content: z.string(), is_disabled: z.boolean().default(false) });
const sets = z.array(z.object({ name: z.string(), type: z.string(), ttl: z.number(), records: z.array(stored) }));
const failure = z.object({ message: z.string() });

type StoredRecord = z.infer<typeof stored>;
type SetName = Pick<RecordSet, "name" | "type">;

/** Domains that are ordered, but not had. */
const NOT_HAD = new Set(["requested", "failed", "deleted"]);

/** "[DNS:4009] Domain not found", for one that the account does not hold. */
const judge = ({ status, body }: ApiAnswer): Verdict | undefined =>
  status >= 400 && /DNS:4009|domain not found/i.test(failure.safeParse(body).data?.message ?? "")
    ? "zone_not_found"
    : undefined;

const toContent = (type: RecordType, value: string) => (type === "CNAME" ? `${value}.` : value);

export const hostinger = defineProvider({
  id: "hostinger",
  title: "Hostinger",
  credentials: z.strictObject({
    api_token: secret("API token", "hpanel.hostinger.com/profile/api; it has power over the whole account"),
  }),
  needs: "an API token of the account that holds the domain",
  minimumTtl: 60,
  writes: "whole record sets",

  connect({ api_token }, http) {
    const api = http.withBase(
      "https://developers.hostinger.com/api",
      { authorization: `Bearer ${api_token}` },
      { judge },
    );
    const zonePath = (zone: string) => path`dns/v1/zones/${zone}`;
    let registered: string[] | undefined;

    async function list(): Promise<string[]> {
      const all = await api.get("domains/v1/portfolio", portfolio);
      return all.flatMap(({ domain, status = "" }) => (domain && !NOT_HAD.has(status) ? [normaliseName(domain)] : []));
    }

    async function read(zone: string, { name, type }: SetName) {
      const relative = relativeName(name, zone, "@");
      const found = (await api.get(zonePath(zone), sets)).filter(
        (one) => one.type === type && normaliseName(one.name) === relative,
      );
      return { ttl: found[0]?.ttl, records: found.flatMap(({ records }) => records) };
    }

    /** To overwrite is the default, and takes away all other values: it is always said. */
    function write(zone: string, { name, type }: SetName, ttl: number, records: StoredRecord[], overwrite: boolean) {
      const written = records.map(({ content, is_disabled }) => (is_disabled ? { content, is_disabled } : { content }));
      const set = { name: relativeName(name, zone, "@"), type, ttl, records: written };
      // Sent twice, a value may be there twice.
      return api.send("PUT", zonePath(zone), { overwrite, zone: [set] }, { repeatable: overwrite });
    }

    const drop = (zone: string, { name, type }: SetName) =>
      api.send("DELETE", zonePath(zone), { filters: [{ name: relativeName(name, zone, "@"), type }] });

    const toRecord = (type: RecordType, value: string) => ({ content: toContent(type, value), is_disabled: false });

    const holds = (type: RecordType, { content }: StoredRecord, values: string[]) =>
      values.some((value) => sameValue(type, content, value));

    async function addAll(zone: string, all: RecordValue[]): Promise<void> {
      for (const { set, values, ttl } of bySet(all)) {
        const there = await read(zone, set);
        const missing = values.filter((value) => !there.records.some((one) => holds(set.type, one, [value])));
        const added = missing.map((value) => toRecord(set.type, value));
        if (added.length > 0) await write(zone, set, there.ttl ?? ttl, added, false);
      }
    }

    async function removeAll(zone: string, all: RecordValue[]): Promise<void> {
      for (const { set, values, ttl } of bySet(all)) {
        const there = await read(zone, set);
        const left = there.records.filter((one) => !holds(set.type, one, values));
        if (left.length === there.records.length) continue;
        if (left.length === 0) await drop(zone, set);
        else await write(zone, set, there.ttl ?? ttl, left, true);
      }
    }

    return {
      zones: list,

      /** The list has the domains that are registered there; of others, which are only served there, the records tell. */
      async hasZone(name) {
        registered ??= await list();
        if (registered.some((zone) => isWithin(name, zone))) return registered.includes(name);
        const found = await api.find(zonePath(name), sets, {
          judge: (answer) => (answer.status === 422 || judge(answer) === "zone_not_found" ? "ok" : undefined),
          read: ({ status, body }) => (status < 300 ? body : []),
        });
        return found !== undefined && found.length > 0;
      },

      add: (zone, record) => addAll(zone, [record]),
      remove: (zone, record) => removeAll(zone, [record]),
      addAll,
      removeAll,

      async replace(zone, { values, ttl, ...set }) {
        const records = values.map((value) => toRecord(set.type, value));
        if (records.length > 0) await write(zone, set, ttl, records, true);
        else if ((await read(zone, set)).records.length > 0) await drop(zone, set);
      },
    };
  },
});
