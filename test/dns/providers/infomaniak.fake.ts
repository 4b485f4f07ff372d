/** Infomaniak's API, as its document has it: https://developer.infomaniak.com/docs/api */
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { infomaniak } from "../../../src/dns/providers/infomaniak";
import { quoteTxt } from "../../../src/dns/txt";
import { type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const TOKEN = "ik-token-fN3kq8ZsV1";

const changes = { target: z.string().min(1), ttl: z.int().min(300) };
const created = z.strictObject({ source: z.string(), type: z.enum(["A", "AAAA", "CNAME", "TXT"]), ...changes });
const changed = z.strictObject(changes);

const contract = writtenContract({
  "GET /2/zones/{zone}/exists": {},
  "GET /2/zones/{zone}/records": {},
  "POST /2/zones/{zone}/records": { body: created },
  "PUT /2/zones/{zone}/records/{id}": { body: changed },
  "DELETE /2/zones/{zone}/records/{id}": {},
});

/** `apex` is how a list writes the name of the zone itself. */
export function infomaniakFake({ apex = "" } = {}): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });

  const toRecord = (zone: string, { id, name, type, content, ttl }: FakeRecord) => ({
    id,
    source: relativeName(name, zone, apex),
    source_idn: name,
    type,
    ttl,
    target: type === "TXT" ? quoteTxt(content) : content,
    updated_at: 1768435200,
  });

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `Bearer ${TOKEN}`
        ? undefined
        : failure(401, "not_authorized", "Authorization required"),
    routes: {
      "GET /2/zones/{zone}/exists": ({ params: { zone = "" } }) => (zones.has(zone) ? success(true) : notFound()),

      "GET /2/zones/{zone}/records": ({ params: { zone = "" } }) =>
        zones.has(zone) ? success(zones.records(zone).map((one) => toRecord(zone, one))) : notFound(),

      "POST /2/zones/{zone}/records": ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return notFound();
        const { source, target, ...given } = created.parse(body);
        const name = source === "" ? zone : `${source}.${zone}`;
        return success(toRecord(zone, zones.create(zone, { ...given, name, content: target })));
      },

      "PUT /2/zones/{zone}/records/{id}": ({ params: { zone = "", id = "" }, body }) => {
        const { target, ttl } = changed.parse(body);
        const made = zones.change(zone, id, { content: target, ttl });
        return made ? success(toRecord(zone, made)) : notFound();
      },

      "DELETE /2/zones/{zone}/records/{id}": ({ params: { zone = "", id = "" } }) =>
        zones.drop(zone, id) ? success(true) : notFound(),
    },
  });

  return fakeProvider({
    provider: infomaniak,
    credentials: { api_token: TOKEN },
    badCredentials: { api_token: "ik-token-of-another" },
    api,
    zones,
  });
}

const success = (data: unknown): FakeAnswer => ({ body: { result: "success", data } });
const failure = (status: number, code: string, description: string): FakeAnswer => ({
  status,
  body: { result: "error", error: { code, description } },
});
const notFound = () => failure(404, "object_not_found", "Object not found");
