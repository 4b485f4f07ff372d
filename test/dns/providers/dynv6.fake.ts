/** dynv6's API: https://dynv6.github.io/api-spec/ */
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { dynv6 } from "../../../src/dns/providers/dynv6";
import { type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const ZONES = "/api/v2/zones";
const TOKEN = "dynv6-token-fN3kq8ZsV1";

const types = z.enum(["A", "AAAA", "CNAME", "TXT"]);
const given = z.strictObject({ type: types, name: z.string(), data: z.string() });
const changed = z.strictObject({ data: z.string() });
const ownAddresses = z.strictObject({ ipv4address: z.string().optional(), ipv6prefix: z.string().optional() });

const contract = writtenContract({
  [`GET ${ZONES}`]: {},
  [`PATCH ${ZONES}/{zone}`]: { body: ownAddresses },
  [`GET ${ZONES}/{zone}/records`]: {},
  [`POST ${ZONES}/{zone}/records`]: { body: given },
  [`PATCH ${ZONES}/{zone}/records/{id}`]: { body: changed },
  [`DELETE ${ZONES}/{zone}/records/{id}`]: {},
});

/** `addresses` are those of the zones themselves. */
export function dynv6Fake(addresses: Record<string, z.infer<typeof ownAddresses>> = {}): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "with dot" });
  const nameOf = (id = "") => zones.names()[Number(id) - 1] ?? "";

  const toZone = (name: string) => ({
    id: zones.names().indexOf(name) + 1,
    name,
    ipv4address: "",
    ipv6prefix: "",
    ...addresses[name],
  });

  const toRecord = (zone: string, { id, type, name, content }: FakeRecord) => ({
    id,
    zoneID: toZone(zone).id,
    type,
    name: relativeName(name, zone, ""),
    data: content,
  });

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `Bearer ${TOKEN}` ? undefined : { status: 401, text: "unauthorized" },
    routes: {
      [`GET ${ZONES}`]: () => ({ body: zones.names().map(toZone) }),

      [`PATCH ${ZONES}/{zone}`]: ({ params, body }) => {
        const zone = nameOf(params.zone);
        if (!zones.has(zone)) return notFound;
        addresses[zone] = { ...addresses[zone], ...ownAddresses.parse(body) };
        return { body: toZone(zone) };
      },

      [`GET ${ZONES}/{zone}/records`]: ({ params }) => {
        const zone = nameOf(params.zone);
        return zones.has(zone) ? { body: zones.records(zone).map((one) => toRecord(zone, one)) } : notFound;
      },

      [`POST ${ZONES}/{zone}/records`]: ({ params, body }) => {
        const zone = nameOf(params.zone);
        if (!zones.has(zone)) return notFound;
        const { type, name, data } = given.parse(body);
        const whole = name === "" ? zone : `${name}.${zone}`;
        return { body: toRecord(zone, zones.create(zone, { type, name: whole, content: data, ttl: 60 })) };
      },

      [`PATCH ${ZONES}/{zone}/records/{id}`]: ({ params: { zone: zoneId, id = "" }, body }) => {
        const zone = nameOf(zoneId);
        const record = zones.change(zone, id, { content: changed.parse(body).data });
        return record ? { body: toRecord(zone, record) } : notFound;
      },

      [`DELETE ${ZONES}/{zone}/records/{id}`]: ({ params: { zone, id = "" } }) =>
        zones.drop(nameOf(zone), id) ? { status: 204 } : notFound,
    },
  });

  return {
    ...fakeProvider({
      provider: dynv6,
      credentials: { api_token: TOKEN },
      badCredentials: { api_token: "dynv6-token-of-another" },
      api,
      zones,
    }),
    // It keeps no TTL.
    look: async (name, type) => ({ ...zones.look(name, type), ttl: undefined }),
    ttlFor: () => undefined,
  };
}

const notFound: FakeAnswer = { status: 404, text: "not found" };
