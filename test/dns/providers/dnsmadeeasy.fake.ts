/** DNS Made Easy's API, as its reference has it: https://api-docs.dnsmadeeasy.com/ */
import { createHmac } from "node:crypto";
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { dnsmadeeasy } from "../../../src/dns/providers/dnsmadeeasy";
import { quoteTxt } from "../../../src/dns/txt";
import { type Call, type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const KEY = "1c1a3c91-fN3kq8ZsV1";
const SECRET = "c9b5625f-fN3kq8ZsV1";
const MANAGED = "/V2.0/dns/managed";
const RECORDS = `${MANAGED}/{zone}/records`;

const page = z.string().regex(/^\d+$/).optional();
const content = {
  type: z.enum(["TXT", "A", "AAAA", "CNAME"]),
  name: z.string(),
  value: z.string().min(1),
  ttl: z.int().min(30),
  gtdLocation: z.literal("DEFAULT"),
};

const contract = writtenContract({
  [`GET ${MANAGED}/`]: { query: z.strictObject({ page }) },
  [`GET ${MANAGED}/name`]: { query: z.strictObject({ domainname: z.string() }) },
  [`GET ${RECORDS}`]: { query: z.strictObject({ recordName: z.string(), type: z.string(), page }) },
  [`POST ${RECORDS}`]: { body: z.strictObject(content) },
  [`PUT ${RECORDS}/{id}`]: { body: z.strictObject({ ...content, id: z.int() }) },
  [`DELETE ${RECORDS}/{id}`]: {},
});

interface Given {
  type: string;
  name: string;
  value: string;
  ttl: number;
}

/** `first` is the number of its first page; it has `size` items. */
export function dnsmadeeasyFake({ first = 0, size = 50 } = {}): FakeProvider & {
  /** Records of other locations than the default one, by their ids. */
  locations: Map<number, string>;
} {
  const zones = new FakeZones({ txt: "raw", targets: "with dot" });
  const locations = new Map<number, string>();
  const nameOf = (id = "") => zones.names()[Number(id) - 1000] ?? "";
  const idOf = (zone: string) => zones.names().indexOf(zone) + 1000;

  function list(all: object[], { page: wanted = String(first) }: Call["query"]): FakeAnswer {
    const number = Number(wanted);
    const start = (number - first) * size;
    const totalPages = Math.ceil(all.length / size);
    return { body: { totalRecords: all.length, totalPages, page: number, data: all.slice(start, start + size) } };
  }

  const toRecord = (zone: string, { id, name, type, content: value, ttl }: FakeRecord) => ({
    id,
    type,
    name: relativeName(name, zone, ""),
    value: type === "TXT" ? quoteTxt(value) : value,
    ttl,
    gtdLocation: locations.get(id) ?? "DEFAULT",
    source: 1,
    sourceId: idOf(zone),
  });
  const fromBody = (zone: string, body: unknown) => {
    const { type, name, value, ttl } = body as Given;
    return { name: name === "" ? zone : `${name}.${zone}`, type, content: value, ttl };
  };

  const api = fakeApi({
    contract,
    refuse: refusal,
    routes: {
      [`GET ${MANAGED}/`]: ({ query }) =>
        list(
          zones.names().map((name) => ({ id: idOf(name), name })),
          query,
        ),

      [`GET ${MANAGED}/name`]: ({ query: { domainname = "" } }) =>
        zones.has(domainname)
          ? { body: { id: idOf(domainname), name: domainname } }
          : failure(404, "Domain not found."),

      [`GET ${RECORDS}`]: ({ params, query }) => {
        const zone = nameOf(params.zone);
        const found = zones.records(zone, undefined, query.type).map((one) => toRecord(zone, one));
        // No name is no filter.
        return list(
          found.filter(({ name }) => query.recordName === "" || name === query.recordName),
          query,
        );
      },

      [`POST ${RECORDS}`]: ({ params, body }) => {
        const zone = nameOf(params.zone);
        const given = fromBody(zone, body);
        const same = zones.records(zone, given.name, given.type).filter((one) => one.content === given.content);
        if (same.length > 0) return failure(400, "Record with this type (TXT), name and value already exists.");
        return { status: 201, body: toRecord(zone, zones.create(zone, given)) };
      },

      [`PUT ${RECORDS}/{id}`]: ({ params: { zone: number, id = "" }, body }) => {
        const zone = nameOf(number);
        const isSame = String((body as { id: number }).id) === id;
        return isSame && zones.change(zone, id, fromBody(zone, body)) ? {} : failure(404, "Record not found.");
      },

      [`DELETE ${RECORDS}/{id}`]: ({ params: { zone, id = "" } }) =>
        zones.drop(nameOf(zone), id) ? {} : failure(404, "Record not found."),
    },
  });

  return {
    ...fakeProvider({
      provider: dnsmadeeasy,
      credentials: { api_key: KEY, secret_key: SECRET },
      badCredentials: { api_key: KEY, secret_key: "c9b5625f-of-another" },
      api,
      zones,
    }),
    locations,
  };
}

const failure = (status: number, words: string): FakeAnswer => ({ status, body: { error: [words] } });

/** "Thu, 15 Jan 2026 00:00:00 GMT" (RFC 9110 §5.6.7) */
const HTTP_DATE = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/;

function refusal({ headers }: Call): FakeAnswer | undefined {
  const date = headers["x-dnsme-requestdate"] ?? "";
  const isRight =
    headers["x-dnsme-apikey"] === KEY &&
    HTTP_DATE.test(date) &&
    headers["x-dnsme-hmac"] === createHmac("sha1", SECRET).update(date).digest("hex");
  return isRight ? undefined : failure(403, "Request contains an invalid hmac.");
}
