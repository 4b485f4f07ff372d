/** Netlify's API, as its document has it: https://open-api.netlify.com/#tag/dnsZone */
import { netlify } from "../../../src/dns/providers/netlify";
import { type FakeAnswer, fakeApi } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const ZONES = "/api/v1/dns_zones";
const TOKEN = "nfp_fN3kq8ZsV1";

const contract = openApiContract("netlify.yaml");

interface Given {
  type: string;
  hostname: string;
  value: string;
  ttl: number;
}

/** `teams` are those of zones; `isManaged` is for records that Netlify itself keeps. */
export function netlifyFake({
  teams = {} as Record<string, string>,
  isManaged = (_: FakeRecord): boolean => false,
} = {}): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const idOf = (name: string) => name.replaceAll(".", "_");
  const nameOf = (id: string | undefined) => zones.names().find((name) => idOf(name) === id) ?? "";

  const toRecord = (zone: string, record: FakeRecord) => ({
    id: `record-${record.id}`,
    hostname: record.name,
    type: record.type,
    value: record.content,
    ttl: record.ttl,
    dns_zone_id: idOf(zone),
    managed: isManaged(record),
  });

  const api = fakeApi({
    contract,
    refuse: ({ headers }) => (headers.authorization === `Bearer ${TOKEN}` ? undefined : failure(401, "Access Denied")),
    routes: {
      [`GET ${ZONES}`]: ({ query: { account_slug } }) => ({
        body: zones
          .names()
          .map((name) => ({ id: idOf(name), name, account_slug: teams[name] ?? "ada" }))
          .filter((zone) => zone.account_slug === (account_slug ?? zone.account_slug)),
      }),

      [`GET ${ZONES}/{zone}/dns_records`]: ({ params }) => {
        const zone = nameOf(params.zone);
        return zones.has(zone) ? { body: zones.records(zone).map((one) => toRecord(zone, one)) } : notFound;
      },

      [`POST ${ZONES}/{zone}/dns_records`]: ({ params, body }) => {
        const zone = nameOf(params.zone);
        if (!zones.has(zone)) return notFound;
        const { type, hostname, value, ttl } = body as Given;
        const there = zones.records(zone, hostname, type);
        if (there.some(({ content }) => content === value)) return failure(422, "Record already exists");
        if (type === "CNAME" && there.length > 0) return failure(422, "CNAME already exists");
        const made = zones.create(zone, { type, name: hostname, content: value, ttl });
        return { status: 201, body: toRecord(zone, made) };
      },

      [`DELETE ${ZONES}/{zone}/dns_records/{id}`]: ({ params: { zone, id = "" } }) =>
        zones.drop(nameOf(zone), id.replace("record-", "")) ? { status: 204 } : notFound,
    },
  });

  return fakeProvider({
    provider: netlify,
    credentials: { api_token: TOKEN },
    badCredentials: { api_token: "nfp_of-another" },
    api,
    zones,
  });
}

const failure = (code: number, message: string): FakeAnswer => ({ status: code, body: { code, message } });

const notFound = failure(404, "Not Found");
