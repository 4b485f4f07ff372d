/**
 * Scaleway Domains and DNS. One record for each value; changes come as a list that is carried out as one.
 * API: https://www.scaleway.com/en/developers/api/domains-and-dns/
 */
import { z } from "zod";
import { bySet } from "../by-set";
import { wasTaken } from "../errors";
import type { Query } from "../http";
import { path } from "../http-request";
import { madeRecords } from "../made-records";
import { normaliseName, relativeName } from "../names";
import {
  type AddedValue,
  defineProvider,
  field,
  type RecordSet,
  type RecordType,
  type RecordValue,
  secret,
} from "../provider";
import { quoteTxt } from "../txt";
import { sameValue } from "../values";

const zone = z.object({
  domain: z.string(),
  subdomain: z.string(),
  status: z.string().optional(),
  ns_master: z.array(z.string()).nullish(),
});
const zoneList = z.object({ dns_zones: z.array(zone), total_count: z.number().optional() });
const record = z.object({ id: z.string(), name: z.string(), type: z.string(), data: z.string() });
const recordList = z.object({ records: z.array(record), total_count: z.number().optional() });

const PAGE_SIZE = 100;

function toData(type: RecordType, value: string): string {
  return type === "TXT" ? quoteTxt(value) : type === "CNAME" ? `${value}.` : value;
}

/** International names are told in Unicode there (IDNA: A-labels are what the DNS has). */
function toALabels(name: string): string {
  const url = `http://${name}/`;
  return normaliseName(URL.canParse(url) ? new URL(url).hostname : name);
}

export const scaleway = defineProvider({
  id: "scaleway",
  title: "Scaleway",
  credentials: z.strictObject({
    application_token: secret(
      "Secret key",
      "console.scaleway.com, IAM / API keys, of an application whose policy allows DomainsDNSFullAccess in the project alone",
    ),
    project_id: field("Project id", "only where the zones of one project are meant").optional(),
  }),
  needs: "an API key whose policy allows DomainsDNSFullAccess in the zone's project",
  minimumTtl: 60,
  writes: "one record per value",

  connect({ application_token, project_id }, http) {
    const api = http.withBase("https://api.scaleway.com/domain/v2beta1", { "x-auth-token": application_token });
    const made = madeRecords<{ name: string; type: RecordType; data: string }>();
    /** Names of international zones as they are told. */
    const told = new Map<string, string>();

    async function recordsOf(zoneName: string): Promise<string> {
      if (zoneName.includes("xn--") && !told.has(zoneName)) await listZones();
      return path`dns-zones/${told.get(zoneName) ?? zoneName}/records`;
    }

    const page = (cursor: number | undefined, query: Query) => ({
      query: { ...query, page: cursor ?? 1, page_size: PAGE_SIZE },
    });
    const next = (cursor: number | undefined, found: unknown[]) =>
      found.length < PAGE_SIZE ? undefined : (cursor ?? 1) + 1;

    /** Neither copies of zones elsewhere nor those that are locked. */
    async function listZones(): Promise<string[]> {
      const all = await http.pages(async (cursor?: number) => {
        const { dns_zones } = await api.get("dns-zones", zoneList, page(cursor, { project_id }));
        return { items: dns_zones, next: next(cursor, dns_zones) };
      });
      const writable = all.filter(({ status, ns_master }) => status !== "locked" && !ns_master?.length);
      return writable.map(({ domain, subdomain }) => {
        const name = subdomain ? `${subdomain}.${domain}` : domain;
        told.set(toALabels(name), name);
        return toALabels(name);
      });
    }

    async function stored(zoneName: string, { name, type }: Pick<RecordSet, "name" | "type">) {
      const relative = relativeName(name, zoneName, "");
      const from = await recordsOf(zoneName);
      const all = await http.pages(async (cursor?: number) => {
        const { records } = await api.get(from, recordList, page(cursor, { name: relative, type }));
        return { items: records, next: next(cursor, records) };
      });
      return all.filter((one) => one.type === type && [relative, name].includes(normaliseName(one.name)));
    }

    /** An unknown zone would otherwise be made. Adding twice makes two records, so that is not sent again unseen. */
    const change = async (zoneName: string, changes: object[], repeatable: boolean) =>
      api.send(
        "PATCH",
        await recordsOf(zoneName),
        { return_all_records: false, disallow_new_zone_creation: true, changes },
        { repeatable },
      );

    const toRecord = (zoneName: string, { name, type, value, ttl }: RecordValue) => ({
      name: relativeName(name, zoneName, ""),
      type,
      data: toData(type, value),
      ttl,
    });

    async function find(zoneName: string, { type, name, value }: RecordValue) {
      return (await stored(zoneName, { type, name })).filter(({ data }) => sameValue(type, data, value));
    }

    async function addAll(zoneName: string, records: AddedValue[]): Promise<void> {
      const missing: RecordValue[] = [];
      for (const { set, values, ttl, areNew } of bySet(records)) {
        const there = areNew ? [] : await stored(zoneName, set);
        const isMissing = (value: string) => !there.some(({ data }) => sameValue(set.type, data, value));
        missing.push(...values.filter(isMissing).map((value) => ({ ...set, value, ttl })));
      }
      if (missing.length === 0) return;
      const added = missing.map((record) => toRecord(zoneName, record));
      await change(zoneName, [{ add: { records: added } }], false);
      for (const [index, record] of missing.entries()) {
        const { name = "", data = "" } = added[index] ?? {};
        made.note(zoneName, record, { name, type: record.type, data });
      }
    }

    async function removeAll(zoneName: string, records: RecordValue[]): Promise<void> {
      const mine = records.map((record) => made.take(zoneName, record));
      const known = mine.flatMap((id_fields) => (id_fields ? [{ delete: { id_fields } }] : []));
      const areGone = known.length > 0 && (await wasTaken(() => change(zoneName, known, false)));
      const others = records.filter((_, index) => !areGone || !mine[index]);
      const unwanted = (await Promise.all(others.map((record) => find(zoneName, record)))).flat();
      const changes = unwanted.map(({ id }) => ({ delete: { id } }));
      if (changes.length > 0) await change(zoneName, changes, false);
    }

    return {
      zones: listZones,

      add: (zoneName, record) => addAll(zoneName, [record]),
      remove: (zoneName, record) => removeAll(zoneName, [record]),
      addAll,
      removeAll,

      async replace(zoneName, { values, ...set }) {
        const id_fields = { name: relativeName(set.name, zoneName, ""), type: set.type };
        const records = values.map((value) => toRecord(zoneName, { ...set, value }));
        if (records.length > 0) await change(zoneName, [{ set: { id_fields, records } }], true);
        else if ((await stored(zoneName, set)).length > 0) await change(zoneName, [{ delete: { id_fields } }], false);
      },
    };
  },
});
