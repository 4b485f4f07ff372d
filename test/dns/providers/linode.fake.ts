/** Linode's API, as its document has it: https://techdocs.akamai.com/linode-api/reference/domains */
import { relativeName } from "../../../src/dns/names";
import { linode } from "../../../src/dns/providers/linode";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const DOMAINS = "/v4/domains";
const TOKEN = "linode-token-fN3kq8ZsV1";
const FIRST_ID = 1000;

/** Anything between is rounded up to the next of these. */
const TTLS = [300, 3600, 7200, 14400, 28800, 57600, 86400, 172800, 345600, 604800, 1209600, 2419200];
const rounded = (ttl: number) => TTLS.find((known) => known >= ttl) ?? 2419200;

const contract = openApiContract("linode.yaml", {
  amend(document) {
    // The apex has the empty name, as Linode's own clients send it.
    const { name, tag } = document.components.schemas.DomainRecord.properties;
    delete name.minLength;
    // It is null where there is none, as the document says and its list does not.
    tag.enum.push(null);
  },
});

interface Given {
  type: string;
  name: string;
  target: string;
  ttl_sec: number;
}

export interface LinodeDomain {
  type?: string;
  status?: string;
}

/** `wholeNames` is for records that carry them. */
export function linodeFake({ about = {} as Record<string, LinodeDomain>, wholeNames = false } = {}): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const nameOf = (id = "") => zones.names()[Number(id) - FIRST_ID] ?? "";

  const toRecord = (zone: string, { id, type, name, content, ttl }: FakeRecord) => ({
    id,
    type,
    name: wholeNames ? name : relativeName(name, zone, ""),
    target: content,
    priority: 0,
    weight: 0,
    port: 0,
    service: null,
    protocol: null,
    ttl_sec: ttl,
    tag: null,
  });

  const api = fakeApi({
    contract,
    refuse: ({ headers }) => (headers.authorization === `Bearer ${TOKEN}` ? undefined : failure(401, "Invalid Token")),
    routes: {
      [`GET ${DOMAINS}`]: (call) =>
        list(
          zones.names().map((domain, index) => ({
            id: FIRST_ID + index,
            domain,
            type: "master",
            status: "active",
            ...about[domain],
          })),
          call,
        ),

      [`GET ${DOMAINS}/{zone}/records`]: (call) => {
        const zone = nameOf(call.params.zone);
        return zones.has(zone)
          ? list(
              zones.records(zone).map((one) => toRecord(zone, one)),
              call,
            )
          : notFound;
      },

      [`POST ${DOMAINS}/{zone}/records`]: ({ params, body }) => {
        const zone = nameOf(params.zone);
        if (!zones.has(zone)) return notFound;
        const { type, name, target, ttl_sec } = body as Given;
        const whole = name === "" ? zone : `${name}.${zone}`;
        const made = zones.create(zone, { type, name: whole, content: target, ttl: rounded(ttl_sec) });
        return { body: toRecord(zone, made) };
      },

      [`PUT ${DOMAINS}/{zone}/records/{id}`]: ({ params: { zone: zoneId, id = "" }, body }) => {
        const zone = nameOf(zoneId);
        const { target, ttl_sec } = body as Given;
        const changed = zones.change(zone, id, { content: target, ttl: rounded(ttl_sec) });
        return changed ? { body: toRecord(zone, changed) } : notFound;
      },

      [`DELETE ${DOMAINS}/{zone}/records/{id}`]: ({ params: { zone, id = "" } }) =>
        zones.drop(nameOf(zone), id) ? { body: {} } : notFound,
    },
  });

  return {
    ...fakeProvider({
      provider: linode,
      credentials: { api_key: TOKEN },
      badCredentials: { api_key: "linode-token-of-another" },
      api,
      zones,
    }),
    ttlFor: rounded,
  };
}

const failure = (status: number, reason: string): FakeAnswer => ({ status, body: { errors: [{ reason }] } });

const notFound = failure(404, "Not found");

function list(all: object[], { query: { page = "1", page_size = "100" }, headers }: Call): FakeAnswer {
  const filter = Object.entries(JSON.parse(headers["x-filter"] ?? "{}"));
  const found = all.filter((one) => {
    const members = new Map(Object.entries(one));
    return filter.every(([name, value]) => members.get(name) === value);
  });
  const data = pageOf(found, Number(page), Number(page_size));
  const pages = Math.max(1, Math.ceil(found.length / Number(page_size)));
  return { body: { data, page: Number(page), pages, results: found.length } };
}
