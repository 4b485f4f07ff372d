/** DigitalOcean's API, as its document has it: https://docs.digitalocean.com/reference/api/reference/domains/ */

import { relativeName } from "../../../src/dns/names";
import { digitalocean } from "../../../src/dns/providers/digitalocean";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const TOKEN = "dop_v1_fN3kq8ZsV1";
const DOMAINS = "/v2/domains";

const contract = openApiContract("digitalocean.yaml");

interface Given {
  type: string;
  name: string;
  data: string;
  ttl: number;
}

export function digitaloceanFake(): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "with dot" });

  const toRecord = (zone: string, { id, type, name, content, ttl }: FakeRecord) => ({
    id,
    type,
    name: relativeName(name, zone, "@"),
    // Targets are told without the dot that they are given with.
    data: type === "CNAME" ? content.replace(/\.$/, "") : content,
    priority: null,
    port: null,
    ttl,
    weight: null,
    flags: null,
    tag: null,
  });

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `Bearer ${TOKEN}`
        ? undefined
        : failure(401, "unauthorized", "Unable to authenticate you"),
    routes: {
      [`GET ${DOMAINS}`]: ({ query }) =>
        list(
          "domains",
          zones.names().map((name) => ({ name, ttl: 1800, zone_file: "" })),
          query,
        ),

      [`GET ${DOMAINS}/{zone}/records`]: ({ params: { zone = "" }, query }) => {
        if (!zones.has(zone)) return notFound;
        const found = zones.records(zone, query.name, query.type);
        return list(
          "domain_records",
          found.map((one) => toRecord(zone, one)),
          query,
        );
      },

      [`POST ${DOMAINS}/{zone}/records`]: ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return notFound;
        const { type, name, data, ttl } = body as Given;
        const made = zones.create(zone, { type, name: name === "@" ? zone : `${name}.${zone}`, content: data, ttl });
        return { status: 201, body: { domain_record: toRecord(zone, made) } };
      },

      [`PATCH ${DOMAINS}/{zone}/records/{id}`]: ({ params: { zone = "", id = "" }, body }) => {
        const { data, ttl } = body as Partial<Given>;
        const changes = { ...(data === undefined ? {} : { content: data }), ...(ttl === undefined ? {} : { ttl }) };
        const changed = zones.change(zone, id, changes);
        return changed ? { body: { domain_record: toRecord(zone, changed) } } : notFound;
      },

      [`DELETE ${DOMAINS}/{zone}/records/{id}`]: ({ params: { zone = "", id = "" } }) =>
        zones.drop(zone, id) ? { status: 204 } : notFound,
    },
  });

  return fakeProvider({
    provider: digitalocean,
    credentials: { api_token: TOKEN },
    badCredentials: { api_token: "dop_v1_of-another" },
    api,
    zones,
  });
}

const failure = (status: number, id: string, message: string): FakeAnswer => ({ status, body: { id, message } });

const notFound = failure(404, "not_found", "The resource you requested could not be found.");

function list(member: string, all: object[], { page = "1", per_page = "20" }: Call["query"]): FakeAnswer {
  const isLast = Number(page) * Number(per_page) >= all.length;
  const pages = isLast ? {} : { next: `https://api.digitalocean.com/v2/…?page=${Number(page) + 1}` };
  const items = pageOf(all, Number(page), Number(per_page));
  return { body: { [member]: items, links: { pages }, meta: { total: all.length } } };
}
