/** bunny.net's API, as its document has it: https://docs.bunny.net/reference/dnszonepublic_index */
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { bunny } from "../../../src/dns/providers/bunny";
import { type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const KEY = "bunny-key-fN3kq8ZsV1";
const TYPES = ["A", "AAAA", "CNAME", "TXT"];

const written = z.strictObject({
  Type: z.int().min(0).max(3),
  Name: z.string(),
  Value: z.string().min(1),
  Ttl: z.int().min(60),
  Weight: z.int().optional(),
  Comment: z.string().optional(),
});
const digits = z.string().regex(/^\d+$/);

const contract = writtenContract({
  "GET /dnszone": {
    query: z.strictObject({
      page: digits,
      perPage: digits.refine((size) => Number(size) <= 1000),
      search: z.string().optional(),
    }),
  },
  "GET /dnszone/{id}": {},
  "PUT /dnszone/{id}/records": { body: written },
  "POST /dnszone/{id}/records/{record}": { body: written },
  "DELETE /dnszone/{id}/records/{record}": {},
});

/** Values that `disabled` names are switched off; each record has a comment, if so told. */
export function bunnyFake({ disabled = [] as string[], comment = "" } = {}): FakeProvider & { comments: Set<string> } {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const comments = new Set<string>();
  const idOf = (name: string) => zones.names().indexOf(name) + 1;
  const nameOf = (id = "") => zones.names().find((name) => String(idOf(name)) === id) ?? "";
  const exists = (id = "") => zones.has(nameOf(id));

  const toZone = (zone: string) => ({ Id: idOf(zone), Domain: zone, Records: zones.records(zone).map(toRecord(zone)) });
  const toRecord =
    (zone: string) =>
    ({ id, name, type, content, ttl }: FakeRecord) => ({
      Id: id,
      Type: TYPES.indexOf(type),
      Name: relativeName(name, zone, ""),
      Value: content,
      Ttl: ttl,
      Weight: 100,
      Disabled: disabled.includes(content),
      Comment: comment || null,
    });

  function fromRecord(zone: string, body: unknown) {
    const { Type, Name, Value, Ttl, Comment } = written.parse(body);
    if (Comment) comments.add(Comment);
    return { name: Name === "" ? zone : `${Name}.${zone}`, type: TYPES[Type] ?? "", content: Value, ttl: Ttl };
  }

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.accesskey === KEY ? undefined : failure(401, "unauthorized", "The request authorization failed"),
    routes: {
      "GET /dnszone": ({ query }) => {
        const found = zones.names().filter((name) => name.includes(query.search ?? ""));
        const Items = pageOf(found, Number(query.page), Number(query.perPage)).map(toZone);
        const HasMoreItems = Number(query.page) * Number(query.perPage) < found.length;
        return { body: { Items, CurrentPage: Number(query.page), TotalItems: found.length, HasMoreItems } };
      },

      "GET /dnszone/{id}": ({ params }) => (exists(params.id) ? { body: toZone(nameOf(params.id)) } : notFound()),

      "PUT /dnszone/{id}/records": ({ params, body }) => {
        if (!exists(params.id)) return notFound();
        const zone = nameOf(params.id);
        return { status: 201, body: toRecord(zone)(zones.create(zone, fromRecord(zone, body))) };
      },

      "POST /dnszone/{id}/records/{record}": ({ params: { id, record = "" }, body }) =>
        zones.change(nameOf(id), record, fromRecord(nameOf(id), body)) ? { status: 204 } : notFound(),

      "DELETE /dnszone/{id}/records/{record}": ({ params: { id, record = "" } }) =>
        zones.drop(nameOf(id), record) ? { status: 204 } : notFound(),
    },
  });

  const fake = fakeProvider({
    provider: bunny,
    credentials: { api_key: KEY },
    badCredentials: { api_key: "bunny-key-of-another" },
    api,
    zones,
  });
  return { ...fake, comments };
}

const failure = (status: number, ErrorKey: string, Message: string): FakeAnswer => ({
  status,
  body: { ErrorKey, Field: "", Message },
});
const notFound = () => failure(404, "dnszone.not_found", "The requested object was not found");
