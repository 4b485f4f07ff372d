/** Cloudflare's API, as its document has it: https://developers.cloudflare.com/api/resources/dns/ */
import { cloudflare } from "../../../src/dns/providers/cloudflare";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const BASE = "/client/v4";
const TOKEN = "cf-token-fN3kq8ZsV1";
const INSTANT = "2026-01-15T00:00:00Z";

const contract = openApiContract("cloudflare.yaml");

/** The id of the zone at some place of the list. */
const idOf = (index: number) => String(index).padStart(32, "0");

export interface CloudflareZone {
  status?: string;
  type?: string;
}

export function cloudflareFake(about: Record<string, CloudflareZone> = {}): FakeProvider {
  const zones = new FakeZones({ txt: "quoted", targets: "without dot" });
  const nameOf = (id: string | undefined) => zones.names().find((_, index) => idOf(index) === id) ?? "";

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `Bearer ${TOKEN}` ? undefined : failure(403, 9109, `Invalid access token`),
    routes: {
      [`GET ${BASE}/zones`]: ({ query }) => {
        const named = zones.names().map((name, index) => toZone(name, idOf(index), about[name]));
        return list(
          named.filter(({ name }) => (query.name ?? name) === name),
          query,
          20,
        );
      },

      [`GET ${BASE}/zones/{zone}/dns_records`]: ({ params, query }) => {
        const found = zones.records(nameOf(params.zone), query["name.exact"], query.type);
        return list(found.map(toRecord), query, 100);
      },

      [`POST ${BASE}/zones/{zone}/dns_records`]: ({ params, body }) => {
        const zone = nameOf(params.zone);
        const given = body as Omit<FakeRecord, "id">;
        const identical = zones.records(zone, given.name, given.type).some(({ content }) => content === given.content);
        if (identical) return failure(400, 81058, "An identical record already exists.");
        return single(toRecord(zones.create(zone, given)));
      },

      // One transaction: all of it or nothing.
      [`POST ${BASE}/zones/{zone}/dns_records/batch`]: ({ params, body }) => {
        const zone = nameOf(params.zone);
        const { deletes = [], posts = [] } = body as { deletes?: { id: string }[]; posts?: Omit<FakeRecord, "id">[] };
        if (deletes.some(({ id }) => !zones.find(zone, Number(id))))
          return failure(404, 81044, "Record does not exist.");
        const isThere = posts.some(({ name, type, content }) =>
          zones.records(zone, name, type).some((one) => one.content === content),
        );
        const isTwice = new Set(posts.map(({ name, content }) => `${name} ${content}`)).size < posts.length;
        if (isThere || isTwice) return failure(400, 81058, "An identical record already exists.");
        for (const { id } of deletes) zones.drop(zone, Number(id));
        return single({ posts: posts.map((given) => toRecord(zones.create(zone, given))) });
      },

      [`PATCH ${BASE}/zones/{zone}/dns_records/{id}`]: ({ params, body }) => {
        const changed = zones.change(nameOf(params.zone), Number(params.id), body as Partial<FakeRecord>);
        return changed ? single(toRecord(changed)) : failure(404, 81044, "Record does not exist.");
      },

      [`DELETE ${BASE}/zones/{zone}/dns_records/{id}`]: ({ params }) =>
        zones.drop(nameOf(params.zone), Number(params.id))
          ? { body: { result: { id: params.id } } }
          : failure(404, 81044, "Record does not exist."),
    },
  });

  return fakeProvider({
    provider: cloudflare,
    credentials: { api_token: TOKEN },
    badCredentials: { api_token: "cf-token-of-another" },
    api,
    zones,
  });
}

const failure = (status: number, code: number, message: string): FakeAnswer => ({
  status,
  body: { success: false, errors: [{ code, message }], messages: [], result: null },
});

const single = (result: object): FakeAnswer => ({ body: { success: true, errors: [], messages: [], result } });

function list(all: object[], { page = "1", per_page }: Call["query"], usual: number): FakeAnswer {
  const size = Number(per_page ?? usual);
  const result = pageOf(all, Number(page), size);
  const counts = { page: Number(page), per_page: size, count: result.length, total_count: all.length };
  const result_info = { ...counts, total_pages: Math.ceil(all.length / size) };
  return { body: { success: true, errors: [], messages: [], result, result_info } };
}

const toZone = (name: string, id: string, { status = "active", type = "full" }: CloudflareZone = {}) => ({
  id,
  name,
  status,
  type,
  development_mode: 0,
  owner: {},
  account: { id: "a".repeat(32), name: "Ada's account" },
  meta: {},
  original_name_servers: null,
  original_registrar: null,
  original_dnshost: null,
  created_on: INSTANT,
  modified_on: INSTANT,
  activated_on: INSTANT,
});

const toRecord = ({ id, ...given }: FakeRecord) => ({
  ...given,
  id: String(id).padStart(32, "0"),
  proxiable: false,
  proxied: false,
  meta: {},
  created_on: INSTANT,
  modified_on: INSTANT,
});
