/** IONOS's API, as its document has it: https://developer.hosting.ionos.com/docs/dns */
import { z } from "zod";
import { ionos } from "../../../src/dns/providers/ionos";
import { quoteTxt } from "../../../src/dns/txt";
import { type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const BASE = "/dns/v1";
const KEY = "fN3kq8ZsV1.Yw7TzR2mQ9";

const changes = { content: z.string().min(1), ttl: z.int().min(60), prio: z.int(), disabled: z.boolean() };
const created = z.strictObject({ name: z.string(), type: z.enum(["A", "AAAA", "CNAME", "TXT"]), ...changes });
const changed = z.strictObject(changes);

const contract = writtenContract({
  [`GET ${BASE}/zones`]: {},
  [`GET ${BASE}/zones/{id}`]: { query: z.strictObject({ recordName: z.string(), recordType: z.string() }) },
  [`POST ${BASE}/zones/{id}/records`]: { body: z.array(created) },
  [`PUT ${BASE}/zones/{id}/records/{record}`]: { body: changed },
  [`DELETE ${BASE}/zones/{id}/records/{record}`]: {},
});

/** Zones that `slaves` names are copies; values that `disabled` names are switched off. */
export function ionosFake({ slaves = [] as string[], disabled = [] as string[] } = {}): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const idOf = (name: string) => `zone-${zones.names().indexOf(name)}`;
  const nameOf = (id = "") => zones.names().find((name) => idOf(name) === id) ?? "";

  const toRecord = (zone: string, { id, name, type, content, ttl }: FakeRecord) => ({
    id: `record-${id}`,
    name,
    rootName: zone,
    type,
    content: type === "TXT" ? quoteTxt(content) : content,
    ttl,
    changeDate: "2026-01-15T00:00:00.000Z",
    disabled: disabled.includes(content),
  });
  const numberOf = (id = "") => id.replace("record-", "");

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers["x-api-key"] === KEY ? undefined : failure(401, "UNAUTHORIZED", "The customer is not authorized."),
    routes: {
      [`GET ${BASE}/zones`]: () => ({
        body: zones.names().map((name) => ({
          id: idOf(name),
          name,
          type: slaves.includes(name) ? "SLAVE" : "NATIVE",
        })),
      }),

      [`GET ${BASE}/zones/{id}`]: ({ params, query }) => {
        const zone = nameOf(params.id);
        const found = zones.records(zone, query.recordName, query.recordType).map((one) => toRecord(zone, one));
        // As it does: a zone without any has no member of that name.
        const records = found.length > 0 ? { records: found } : {};
        return { body: { id: params.id, name: zone, type: "NATIVE", ...records } };
      },

      [`POST ${BASE}/zones/{id}/records`]: ({ params, body }) => {
        const zone = nameOf(params.id);
        const made = z.array(created).parse(body);
        return { status: 201, body: made.map((one) => toRecord(zone, zones.create(zone, one))) };
      },

      [`PUT ${BASE}/zones/{id}/records/{record}`]: ({ params, body }) => {
        const zone = nameOf(params.id);
        const { content, ttl } = changed.parse(body);
        const made = zones.change(zone, numberOf(params.record), { content, ttl });
        return made ? { body: toRecord(zone, made) } : failure(404, "RECORD_NOT_FOUND", "Record does not exist.");
      },

      [`DELETE ${BASE}/zones/{id}/records/{record}`]: ({ params }) =>
        zones.drop(nameOf(params.id), numberOf(params.record))
          ? {}
          : failure(404, "RECORD_NOT_FOUND", "Record does not exist."),
    },
  });

  return fakeProvider({
    provider: ionos,
    credentials: { api_key: KEY },
    badCredentials: { api_key: "another.key" },
    api,
    zones,
  });
}

const failure = (status: number, code: string, message: string): FakeAnswer => ({ status, body: [{ code, message }] });
