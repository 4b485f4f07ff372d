/** name.com's API, as its document has it: https://www.name.com/api-docs/dns */
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { namedotcom } from "../../../src/dns/providers/namedotcom";
import { type Call, type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const USER = "ada";
const TOKEN = "nc-token-fN3kq8ZsV1";
/** It may give less than was asked for. */
const MOST = 50;

const page = z.strictObject({ page: z.string().regex(/^\d+$/), perPage: z.string().regex(/^\d+$/) });
const written = z.strictObject({
  host: z.string(),
  type: z.enum(["A", "AAAA", "CNAME", "TXT"]),
  answer: z.string().min(1),
  ttl: z.int().min(300),
});

const contractAt = (base: string) =>
  writtenContract({
    [`GET ${base}/domains`]: { query: page },
    [`GET ${base}/domains/{zone}/records`]: { query: page },
    [`POST ${base}/domains/{zone}/records`]: { body: written },
    [`PUT ${base}/domains/{zone}/records/{id}`]: { body: written },
    [`DELETE ${base}/domains/{zone}/records/{id}`]: {},
  });

export function namedotcomFake({ base = "/v4" } = {}): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });

  function fromRecord(zone: string, body: unknown) {
    const { host, type, answer, ttl } = written.parse(body);
    return { name: host === "@" || host === "" ? zone : `${host}.${zone}`, type, content: answer, ttl };
  }

  const toRecord = (zone: string, { id, name, type, content, ttl }: FakeRecord) => ({
    id,
    domainName: zone,
    host: relativeName(name, zone, ""),
    fqdn: `${name}.`,
    type,
    answer: content,
    ttl,
  });

  const authorization = `Basic ${Buffer.from(`${USER}:${TOKEN}`).toString("base64")}`;
  const api = fakeApi({
    contract: contractAt(base),
    refuse: ({ headers }) => (headers.authorization === authorization ? undefined : failure(401, "Unauthenticated")),
    routes: {
      [`GET ${base}/domains`]: ({ query }) =>
        list(
          "domains",
          zones.names().map((domainName) => ({ domainName })),
          query,
        ),

      [`GET ${base}/domains/{zone}/records`]: ({ params: { zone = "" }, query }) =>
        zones.has(zone)
          ? list(
              "records",
              zones.records(zone).map((one) => toRecord(zone, one)),
              query,
            )
          : notFound(),

      [`POST ${base}/domains/{zone}/records`]: ({ params: { zone = "" }, body }) =>
        zones.has(zone) ? { body: toRecord(zone, zones.create(zone, fromRecord(zone, body))) } : notFound(),

      [`PUT ${base}/domains/{zone}/records/{id}`]: ({ params: { zone = "", id = "" }, body }) => {
        const made = zones.change(zone, id, fromRecord(zone, body));
        return made ? { body: toRecord(zone, made) } : notFound();
      },

      [`DELETE ${base}/domains/{zone}/records/{id}`]: ({ params: { zone = "", id = "" } }) =>
        zones.drop(zone, id) ? { body: {} } : notFound(),
    },
  });

  return fakeProvider({
    provider: namedotcom,
    credentials: { username: USER, api_token: TOKEN, base_url: `https://api.name.com${base}` },
    badCredentials: { username: USER, api_token: "nc-token-of-another", base_url: `https://api.name.com${base}` },
    api,
    zones,
  });
}

/** A page; members without a value are left out: the last one has no nextPage, an empty one is nothing. */
function list(member: string, all: object[], { page: number = "1", perPage = "" }: Call["query"]): FakeAnswer {
  const size = Math.min(Number(perPage), MOST);
  const lastPage = Math.ceil(all.length / size);
  const next = Number(number) < lastPage ? { nextPage: Number(number) + 1, lastPage } : {};
  return { body: all.length > 0 ? { [member]: pageOf(all, Number(number), size), ...next } : {} };
}

const failure = (status: number, message: string): FakeAnswer => ({ status, body: { message } });
const notFound = () => failure(404, "Not Found");
