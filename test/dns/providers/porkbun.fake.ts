/** Porkbun's API, as its document has it: https://porkbun.com/api/json/v3/documentation */
import { z } from "zod";
import { porkbun } from "../../../src/dns/providers/porkbun";
import { type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const BASE = "/api/json/v3";
const KEY = "pk1_fN3kq8ZsV1";
const SECRET = "sk1_Yw7TzR2mQ9";

const keys = { apikey: z.string().startsWith("pk1_"), secretapikey: z.string().startsWith("sk1_") };
const written = z.strictObject({
  ...keys,
  name: z.string(),
  type: z.enum(["A", "AAAA", "CNAME", "TXT"]),
  content: z.string(),
  ttl: z.string().regex(/^\d+$/),
});

const contract = writtenContract({
  [`POST ${BASE}/domain/listAll`]: { body: z.strictObject({ ...keys, start: z.string().regex(/^\d+$/) }) },
  [`POST ${BASE}/dns/retrieveByNameType/{zone}/{type}`]: { body: z.strictObject(keys) },
  [`POST ${BASE}/dns/retrieveByNameType/{zone}/{type}/{sub}`]: { body: z.strictObject(keys) },
  [`POST ${BASE}/dns/create/{zone}`]: { body: written },
  [`POST ${BASE}/dns/edit/{zone}/{id}`]: { body: written },
  [`POST ${BASE}/dns/delete/{zone}/{id}`]: { body: z.strictObject(keys) },
});

/** The domains that `closed` names are not opted in to API access. */
export function porkbunFake(closed: string[] = []): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const wholeName = (sub: string, zone: string) => (sub === "" ? zone : `${sub}.${zone}`);

  function refuseZone(zone = ""): FakeAnswer | undefined {
    if (!zones.has(zone)) return failure("Invalid domain.");
    return closed.includes(zone) ? failure("Domain is not opted in to API access.") : undefined;
  }

  function retrieve(zone = "", type = "", sub = ""): FakeAnswer {
    const refused = refuseZone(zone);
    if (refused) return refused;
    return success({ records: zones.records(zone, wholeName(sub, zone), type).map(toRecord) });
  }

  function fromRecord(zone: string, body: unknown) {
    const { name, type, content, ttl } = written.parse(body);
    if (Number(ttl) < 600) throw new Error("a TTL is at least 600");
    return { name: wholeName(name, zone), type, content, ttl: Number(ttl) };
  }

  const api = fakeApi({
    contract,
    isWrite: ({ path }) => /\/dns\/(create|edit|delete)\//.test(path),
    refuse: ({ body }) => {
      const { apikey, secretapikey } = body as Record<string, string>;
      return apikey === KEY && secretapikey === SECRET ? undefined : failure("Invalid API key. (002)");
    },
    routes: {
      [`POST ${BASE}/domain/listAll`]: ({ body }) => {
        const start = Number((body as { start: string }).start);
        const domains = zones.names().slice(start, start + 1000);
        return success({ domains: domains.map((domain) => ({ domain, status: "ACTIVE", notLocal: 0 })) });
      },

      [`POST ${BASE}/dns/retrieveByNameType/{zone}/{type}`]: ({ params }) => retrieve(params.zone, params.type),

      [`POST ${BASE}/dns/retrieveByNameType/{zone}/{type}/{sub}`]: ({ params }) =>
        retrieve(params.zone, params.type, params.sub),

      [`POST ${BASE}/dns/create/{zone}`]: ({ params: { zone = "" }, body }) =>
        refuseZone(zone) ?? success({ id: zones.create(zone, fromRecord(zone, body)).id }),

      [`POST ${BASE}/dns/edit/{zone}/{id}`]: ({ params: { zone = "", id = "" }, body }) => {
        const given = fromRecord(zone, body);
        const there = zones.find(zone, id);
        if (!there) return failure("Invalid record ID.");
        const same = there.name === given.name && there.content === given.content && there.ttl === given.ttl;
        if (same) return failure("Edit error: We were unable to edit the DNS record.");
        zones.change(zone, id, given);
        return success({});
      },

      [`POST ${BASE}/dns/delete/{zone}/{id}`]: ({ params: { zone = "", id = "" } }) =>
        zones.drop(zone, id) ? success({}) : failure("Invalid record ID."),
    },
  });

  return fakeProvider({
    provider: porkbun,
    credentials: { api_key: KEY, secret_key: SECRET },
    badCredentials: { api_key: "pk1_of_another", secret_key: "sk1_of_another" },
    api,
    zones,
  });
}

const success = (members: object): FakeAnswer => ({ body: { status: "SUCCESS", ...members } });
const failure = (message: string): FakeAnswer => ({ status: 400, body: { status: "ERROR", message } });

const toRecord = ({ id, ttl, ...given }: FakeRecord) => ({ ...given, id: String(id), ttl: String(ttl), prio: "0" });
