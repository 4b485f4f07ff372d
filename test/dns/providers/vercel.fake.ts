/** Vercel's API, as its document has it: https://vercel.com/docs/rest-api/reference/endpoints/dns */
import { relativeName } from "../../../src/dns/names";
import { vercel } from "../../../src/dns/providers/vercel";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const TOKEN = "vercel-token-fN3kq8ZsV1";
const NOW = Date.UTC(2026, 0, 15);

const contract = openApiContract("vercel.yaml", {
  amend(document) {
    // A page of records fits the form without pages as well: "one of" is more than is meant.
    const { schema } = document.paths["/v4/domains/{domain}/records"].get.responses["200"].content["application/json"];
    schema.anyOf = schema.oneOf;
    delete schema.oneOf;
  },
});

interface Given {
  type: string;
  name: string;
  value: string;
  ttl: number;
}

export interface VercelOptions {
  /** Zones whose name servers are elsewhere. */
  external?: string[];
  /** The team that owns all zones. */
  team?: string;
  isSystem?: (record: FakeRecord) => boolean;
}

export function vercelFake({ external = [], team, isSystem }: VercelOptions = {}): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const zoneOf = (id: string) => zones.names().find((name) => zones.find(name, id)) ?? "";

  const toDomain = (name: string) => ({
    id: `domain-${name}`,
    name,
    serviceType: external.includes(name) ? "external" : "zeit.world",
    verified: true,
    nameservers: [],
    intendedNameservers: [],
    creator: { username: "ada", email: "ada@example.com", id: "ada" },
    teamId: team ?? null,
    createdAt: NOW,
    boughtAt: null,
    expiresAt: null,
    userId: "ada",
  });

  const toRecord = (zone: string, record: FakeRecord) => ({
    id: `rec_${record.id}`,
    slug: "",
    name: relativeName(record.name, zone, ""),
    type: record.type,
    value: record.content,
    ttl: record.ttl,
    creator: isSystem?.(record) ? "system" : "ada",
    created: NOW,
    updated: NOW,
    createdAt: NOW,
    updatedAt: NOW,
  });

  const api = fakeApi({
    contract,
    refuse({ headers, query }) {
      const isKnown = headers.authorization === `Bearer ${TOKEN}`;
      if (isKnown && query.teamId === team) return undefined;
      return failure(403, "forbidden", isKnown ? "You don't have permission." : "Not authorized");
    },
    routes: {
      "GET /v5/domains": ({ query }) => list("domains", zones.names().map(toDomain), query),

      "GET /v4/domains/{zone}/records": ({ params: { zone = "" }, query }) =>
        zones.has(zone)
          ? list(
              "records",
              zones.records(zone).map((one) => toRecord(zone, one)),
              query,
            )
          : notFound,

      "POST /v2/domains/{zone}/records": ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return notFound;
        const { type, name, value, ttl } = body as Given;
        const made = zones.create(zone, { type, name: name === "" ? zone : `${name}.${zone}`, content: value, ttl });
        return { body: { uid: `rec_${made.id}`, updated: NOW } };
      },

      "PATCH /v1/domains/records/{id}": ({ params, body }) => {
        const id = params.id?.replace("rec_", "") ?? "";
        const { value, ttl } = body as Given;
        const changed = zones.change(zoneOf(id), id, { content: value, ttl });
        if (!changed) return notFound;
        const { id: uid, creator, name, type } = toRecord(zoneOf(id), changed);
        return { body: { id: uid, creator, domain: zoneOf(id), name, recordType: type, type: "record", value, ttl } };
      },

      "DELETE /v2/domains/{zone}/records/{id}": ({ params: { zone = "", id = "" } }) =>
        zones.drop(zone, id.replace("rec_", "")) ? { body: {} } : notFound,
    },
  });

  return fakeProvider({
    provider: vercel,
    credentials: { api_token: TOKEN, ...(team ? { team_id: team } : {}) },
    badCredentials: { api_token: "vercel-token-of-another" },
    api,
    zones,
  });
}

const failure = (status: number, code: string, message: string): FakeAnswer => ({
  status,
  body: { error: { code, message } },
});

const notFound = failure(404, "not_found", "The domain was not found.");

/** The newest first, told apart by when they were made: here one every second. */
function list(member: string, all: object[], { until, limit = "20" }: Call["query"]): FakeAnswer {
  const start = until === undefined ? 0 : (NOW - Number(until)) / 1000;
  const items = all.slice(start, start + Number(limit));
  const end = start + items.length;
  const next = end < all.length ? NOW - end * 1000 : null;
  return { body: { [member]: items, pagination: { count: items.length, next, prev: null } } };
}
