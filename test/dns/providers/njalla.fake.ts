/** Njalla's API, as its document has it: https://njal.la/api/ */
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { njalla } from "../../../src/dns/providers/njalla";
import { type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const TOKEN = "nj-token-fN3kq8ZsV1";
const TTLS = [60, 300, 900, 3600, 10800, 21600, 86400];

const ttl = z.int().refine((given) => TTLS.includes(given));
const content = z.string().min(1);
const call = <Method extends string, Params extends z.ZodType>(method: Method, params: Params) =>
  z.strictObject({ jsonrpc: z.literal("2.0"), id: z.string(), method: z.literal(method), params });

const body = z.discriminatedUnion("method", [
  call("list-domains", z.strictObject({})),
  call("list-records", z.strictObject({ domain: z.string() })),
  call("add-record", z.strictObject({ domain: z.string(), name: z.string().min(1), type: z.string(), content, ttl })),
  call("edit-record", z.strictObject({ domain: z.string(), id: z.string(), content, ttl })),
  call("remove-record", z.strictObject({ domain: z.string(), id: z.string() })),
]);
type Call = z.infer<typeof body>;

const contract = writtenContract({ "POST /api/1/": { body } });

export function njallaFake(): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });

  function answer({ method, params }: Call): FakeAnswer {
    if (method === "list-domains") {
      return result({ domains: zones.names().map((name) => ({ name, status: "active", expiry: "2027-01-15" })) });
    }
    const zone = params.domain;
    if (!zones.has(zone)) return failure(404, "Domain not found");
    switch (method) {
      case "list-records":
        return result({
          records: zones
            .records(zone)
            .map(({ id, name, ...one }) => ({ ...one, id: String(id), name: relativeName(name, zone, "@") })),
        });
      case "add-record": {
        const { domain, name, ...given } = params;
        const made = zones.create(zone, { ...given, name: name === "@" ? zone : `${name}.${zone}` });
        return result({ ...params, id: String(made.id) });
      }
      case "edit-record": {
        const { domain, id, ...changes } = params;
        return zones.change(zone, id, changes) ? result({ ...params }) : failure(404, "Record not found");
      }
      case "remove-record":
        return zones.drop(zone, params.id) ? result({}) : failure(404, "Record not found");
    }
  }

  const api = fakeApi({
    contract,
    isWrite: ({ body: given }) => /^(add|edit|remove)-/.test((given as Call).method),
    refuse: ({ headers }) => (headers.authorization === `Njalla ${TOKEN}` ? undefined : failure(403, "Invalid token.")),
    routes: { "POST /api/1/": ({ body: given }) => answer(given as Call) },
  });

  const fake = fakeProvider({
    provider: njalla,
    credentials: { token: TOKEN },
    badCredentials: { token: "nj-token-of-another" },
    api,
    zones,
  });
  return { ...fake, ttlFor: (wanted) => TTLS.find((one) => one >= wanted) ?? 86400 };
}

const result = (members: object): FakeAnswer => ({ body: { jsonrpc: "2.0", id: "1", result: members } });
const failure = (code: number, message: string): FakeAnswer => ({ body: { jsonrpc: "2.0", error: { code, message } } });
