/** Scaleway's API: https://www.scaleway.com/en/developers/api/domains-and-dns/ */
import { domainToASCII, domainToUnicode } from "node:url";
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { scaleway } from "../../../src/dns/providers/scaleway";
import { type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const ZONES = "/domain/v2beta1/dns-zones";
const KEY = "5f0c1c9a-fN3kq8ZsV1";

const number = z.string().regex(/^\d+$/);
const pages = { page: number, page_size: z.string().regex(/^([1-9]\d?|100)$/) };
const types = z.enum(["A", "AAAA", "CNAME", "TXT"]);
const record = z.strictObject({ name: z.string(), type: types, data: z.string(), ttl: z.int().min(60) });
const fields = z.strictObject({ name: z.string(), type: types });
const oneValue = fields.extend({ data: z.string() });
const change = z.union([
  z.strictObject({ add: z.strictObject({ records: z.array(record).min(1) }) }),
  z.strictObject({ set: z.strictObject({ id_fields: fields, records: z.array(record).min(1) }) }),
  z.strictObject({
    delete: z.union([
      z.strictObject({ id: z.string() }),
      z.strictObject({ id_fields: oneValue }),
      z.strictObject({ id_fields: fields }),
    ]),
  }),
]);
const changes = z.strictObject({
  return_all_records: z.literal(false),
  // Without it an unknown zone is made.
  disallow_new_zone_creation: z.literal(true),
  changes: z.array(change).min(1),
});

const contract = writtenContract({
  [`GET ${ZONES}`]: { query: z.strictObject({ ...pages, project_id: z.string().optional() }) },
  [`GET ${ZONES}/{zone}/records`]: { query: z.strictObject({ ...pages, name: z.string(), type: types }) },
  [`PATCH ${ZONES}/{zone}/records`]: { body: changes },
});

export interface ScalewayZone {
  status?: string;
  ns_master?: string[];
  project_id?: string;
}

/** Zones with more than two labels are told as the subdomain of one, international ones in Unicode. */
export function scalewayFake(about: Record<string, ScalewayZone> = {}): FakeProvider {
  const zones = new FakeZones({ txt: "quoted", targets: "with dot" });
  const zoneOf = (told = "") => domainToASCII(told);
  const whole = (name: string, zone: string) => (name === "" ? zone : `${name}.${zone}`);

  function toZone(name: string) {
    const labels = domainToUnicode(name).split(".");
    const parts = { domain: labels.slice(-2).join("."), subdomain: labels.slice(0, -2).join(".") };
    return { ...parts, status: "active", ns_master: [], project_id: "engines", ...about[name] };
  }

  const toRecord = (zone: string, { id, name, content, ...one }: FakeRecord) => ({
    ...one,
    id: `record-${id}`,
    name: relativeName(name, zone, ""),
    data: content,
  });

  function apply(zone: string, wanted: z.infer<typeof change>): FakeAnswer | undefined {
    const create = ({ name, type, data, ttl }: z.infer<typeof record>) =>
      zones.create(zone, { name: whole(name, zone), type, content: data, ttl });
    const drop = ({ name, type, data }: z.infer<typeof fields> & { data?: string }) => {
      const there = zones.records(zone, whole(name, zone), type).filter(({ content }) => (data ?? content) === content);
      for (const { id } of there) zones.drop(zone, id);
      return there.length > 0;
    };
    if ("add" in wanted) wanted.add.records.forEach(create);
    else if ("set" in wanted) {
      drop(wanted.set.id_fields);
      wanted.set.records.forEach(create);
    } else {
      const { delete: unwanted } = wanted;
      const isGone = "id" in unwanted ? zones.drop(zone, unwanted.id.replace("record-", "")) : drop(unwanted.id_fields);
      if (!isGone) return failure(404, "not_found", "resource is not found");
    }
    return undefined;
  }

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers["x-auth-token"] === KEY ? undefined : failure(401, "denied_authentication", "authentication is denied"),
    routes: {
      [`GET ${ZONES}`]: ({ query: { page, page_size, project_id } }) => {
        const all = zones.names().map(toZone);
        const found = all.filter((one) => one.project_id === (project_id ?? one.project_id));
        return { body: { dns_zones: pageOf(found, Number(page), Number(page_size)), total_count: found.length } };
      },

      [`GET ${ZONES}/{zone}/records`]: ({ params, query: { name = "", type, page, page_size } }) => {
        const zone = zoneOf(params.zone);
        if (!zones.has(zone)) return failure(404, "not_found", "resource is not found");
        // The empty name, which is the apex, filters nothing.
        const found = zones.records(zone, name === "" ? undefined : whole(name, zone), type);
        const records = pageOf(found, Number(page), Number(page_size)).map((one) => toRecord(zone, one));
        return { body: { records, total_count: found.length } };
      },

      [`PATCH ${ZONES}/{zone}/records`]: ({ params, body }) => {
        const zone = zoneOf(params.zone);
        if (!zones.has(zone)) return failure(404, "not_found", "resource is not found");
        for (const wanted of changes.parse(body).changes) {
          const failed = apply(zone, wanted);
          if (failed) return failed;
        }
        return { body: { records: [] } };
      },
    },
  });

  return fakeProvider({
    provider: scaleway,
    credentials: { application_token: KEY },
    badCredentials: { application_token: "5f0c1c9a-of-another" },
    api,
    zones,
  });
}

const failure = (status: number, type: string, message: string): FakeAnswer => ({ status, body: { message, type } });
