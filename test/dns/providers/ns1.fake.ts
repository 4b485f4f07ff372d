/** NS1's API, as its document has it: https://developer.ibm.com/apis/catalog/ns1--ibm-ns1-connect-api/ */
import { z } from "zod";
import { ns1 } from "../../../src/dns/providers/ns1";
import { type Call, type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const KEY = "ns1-key-fN3kq8ZsV1";
const PAGE = 50;

const answers = z
  .array(
    z.strictObject({ id: z.string().optional(), answer: z.tuple([z.string().min(1)]), region: z.string().optional() }),
  )
  .min(1);
const created = z.strictObject({
  zone: z.string(),
  domain: z.string(),
  type: z.string(),
  ttl: z.int().min(1),
  answers,
});
const changed = z.strictObject({ ttl: z.int().min(1).optional(), answers });

const contract = writtenContract({
  "GET /v1/zones": { query: z.strictObject({ after: z.string().optional() }) },
  "GET /v1/zones/{zone}/{name}/{type}": {},
  "PUT /v1/zones/{zone}/{name}/{type}": { body: created },
  "POST /v1/zones/{zone}/{name}/{type}": { body: changed },
  "DELETE /v1/zones/{zone}/{name}/{type}": {},
});

interface Ns1Options {
  /** What a zone has beside its name. */
  about?: Record<string, object>;
  /** Names whose records follow another one. */
  links?: Record<string, string>;
}

export function ns1Fake({ about = {}, links = {} }: Ns1Options = {}): FakeProvider & { regions: Map<string, string> } {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  /** The region that an answer of some id belongs to, by the answer's value. */
  const regions = new Map<string, string>();

  function read({ params: { zone = "", name = "", type = "" } }: Call): FakeAnswer {
    if (!zones.has(zone)) return failure(404, "zone not found");
    const records = zones.records(zone, name, type);
    const link = links[name];
    if (link) return { body: { zone, domain: name, type, ttl: 60, answers: [], link } };
    if (records.length === 0) return failure(404, "record not found");
    const list = records.map(({ id, content }) => {
      const region = regions.get(content);
      return { id: String(id), answer: [content], ...(region ? { region } : {}) };
    });
    return {
      body: { id: "set", zone, domain: name, type, ttl: records[0]?.ttl, answers: list, filters: [], regions: {} },
    };
  }

  function write({ params: { zone = "", name = "", type = "" } }: Call, given: z.infer<typeof answers>, ttl: number) {
    const contents = given.map(({ answer: [content] }) => content);
    for (const {
      answer: [content],
      region,
    } of given) {
      if (region) regions.set(content, region);
      else regions.delete(content);
    }
    zones.replace(zone, { name, type, ttl, contents });
  }

  const api = fakeApi({
    contract,
    refuse: ({ headers }) => (headers["x-nsone-key"] === KEY ? undefined : failure(401, "Unauthorized")),
    routes: {
      "GET /v1/zones": ({ query }) => {
        const start = zones.names().indexOf(query.after ?? "") + 1;
        const page = zones.names().slice(start, start + PAGE);
        const more = start + PAGE < zones.names().length;
        // It says http, as it sees itself behind its front end.
        const link = `<http://api.nsone.net/v1/zones?after=${page.at(-1)}>; rel="next"`;
        return {
          body: page.map((name) => ({ id: name, zone: name, ttl: 3600, records: [], ...about[name] })),
          headers: more ? { link } : {},
        };
      },

      "GET /v1/zones/{zone}/{name}/{type}": read,

      "PUT /v1/zones/{zone}/{name}/{type}": (call) => {
        const found = read(call);
        if (found.status === undefined) return failure(400, "record already exists");
        if (!zones.has(call.params.zone ?? "")) return found;
        const { answers: given, ttl, zone, domain } = created.parse(call.body);
        if (zone !== call.params.zone || domain !== call.params.name) return failure(400, "the names differ");
        write(call, given, ttl);
        return read(call);
      },

      "POST /v1/zones/{zone}/{name}/{type}": (call) => {
        const found = read(call);
        if (found.status !== undefined) return found;
        const { answers: given, ttl = (found.body as { ttl: number }).ttl } = changed.parse(call.body);
        write(call, given, ttl);
        return read(call);
      },

      "DELETE /v1/zones/{zone}/{name}/{type}": (call) => {
        const found = read(call);
        if (found.status !== undefined) return found;
        const { zone = "", name = "", type = "" } = call.params;
        zones.replace(zone, { name, type, ttl: 0, contents: [] });
        return { body: {} };
      },
    },
  });

  const fake = fakeProvider({
    provider: ns1,
    credentials: { api_key: KEY },
    badCredentials: { api_key: "ns1-key-of-another" },
    api,
    zones,
  });
  return { ...fake, regions };
}

const failure = (status: number, message: string): FakeAnswer => ({ status, body: { message } });
