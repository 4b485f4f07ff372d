/** Vultr's API, as its document has it: https://www.vultr.com/api/#tag/dns */
import { relativeName } from "../../../src/dns/names";
import { vultr } from "../../../src/dns/providers/vultr";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const DOMAINS = "/v2/domains";
const KEY = "VULTRfN3kq8ZsV1";

const contract = openApiContract("vultr.yaml");

interface Given {
  type: string;
  name: string;
  data: string;
  ttl: number;
}

export function vultrFake(): FakeProvider {
  const zones = new FakeZones({ txt: "quoted", targets: "without dot" });

  const toRecord = (zone: string, { id, type, name, content, ttl }: FakeRecord) => ({
    id: String(id),
    type,
    name: relativeName(name, zone, ""),
    data: content,
    priority: 0,
    ttl,
  });

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `Bearer ${KEY}` ? undefined : failure(401, "Invalid API token."),
    routes: {
      [`GET ${DOMAINS}`]: ({ query }) =>
        list(
          "domains",
          zones.names().map((domain) => ({ domain, date_created: "2026-01-15T00:00:00+00:00", dns_sec: "disabled" })),
          query,
        ),

      [`GET ${DOMAINS}/{zone}/records`]: ({ params: { zone = "" }, query }) =>
        zones.has(zone)
          ? list(
              "records",
              zones.records(zone).map((one) => toRecord(zone, one)),
              query,
            )
          : notFound,

      [`POST ${DOMAINS}/{zone}/records`]: ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return notFound;
        const { type, name, data, ttl } = body as Given;
        const made = zones.create(zone, { type, name: name === "" ? zone : `${name}.${zone}`, content: data, ttl });
        return { status: 201, body: { record: toRecord(zone, made) } };
      },

      [`PATCH ${DOMAINS}/{zone}/records/{id}`]: ({ params: { zone = "", id = "" }, body }) => {
        const { data, ttl } = body as Given;
        return zones.change(zone, id, { content: data, ttl }) ? { status: 204 } : notFound;
      },

      [`DELETE ${DOMAINS}/{zone}/records/{id}`]: ({ params: { zone = "", id = "" } }) =>
        zones.drop(zone, id) ? { status: 204 } : notFound,
    },
  });

  return fakeProvider({
    provider: vultr,
    credentials: { api_key: KEY },
    badCredentials: { api_key: "VULTR-of-another" },
    api,
    zones,
  });
}

const failure = (status: number, error: string): FakeAnswer => ({ status, body: { error, status } });

const notFound = failure(404, "Invalid domain.");

/** A cursor is any text to the caller; here it is the next page's number, in Base64. */
function list(member: string, all: object[], { cursor, per_page = "100" }: Call["query"]): FakeAnswer {
  const page = cursor === undefined ? 1 : Number(atob(cursor));
  const isLast = page * Number(per_page) >= all.length;
  const links = { next: isLast ? "" : btoa(String(page + 1)), prev: "" };
  return { body: { [member]: pageOf(all, page, Number(per_page)), meta: { total: all.length, links } } };
}
