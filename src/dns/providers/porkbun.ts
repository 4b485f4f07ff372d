/**
 * Porkbun DNS. One record for each value; every call is a POST with the keys in its body.
 * API: https://porkbun.com/api/json/v3/documentation
 */
import { z } from "zod";
import { type ApiAnswer, ifKnown, type RequestOptions, type Verdict } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, type RecordValue, secret } from "../provider";
import { singleRecords } from "../single-records";

const number = z.union([z.string(), z.number()]);
/** What was made says its id. */
const success = z.object({ status: z.literal("SUCCESS"), id: ifKnown(number) });
const failure = z.object({ status: z.literal("ERROR"), message: z.string().default("") });
const domainList = z.object({ domains: z.array(z.object({ domain: z.string() })) });
const record = z.object({ id: number, name: z.string(), type: z.string(), content: z.string(), ttl: number });
const recordList = z.object({ records: z.array(record) });

/** Domains come in chunks of this size. */
const CHUNK = 1000;

/** Its failures are all 400, or 200: "Invalid API key. (002)", "Domain is not opted in to API access.", "Invalid domain." */
function judge({ status, body }: ApiAnswer): Verdict | undefined {
  const failed = failure.safeParse(body).data;
  if (!failed || status >= 429) return undefined;
  if (/api (key|access)/i.test(failed.message)) return "credential";
  if (/invalid domain/i.test(failed.message)) return "zone_not_found";
  return status < 300 ? "refused" : undefined;
}

export const porkbun = defineProvider({
  id: "porkbun",
  title: "Porkbun",
  credentials: z.strictObject({
    api_key: secret("API key", "pk1_…, of porkbun.com/account/api; it has power over every domain that is opted in"),
    secret_key: secret("Secret API key", "sk1_…, shown once beside it"),
  }),
  needs: "both keys of porkbun.com/account/api, and API Access switched on in the domain's own settings",
  minimumTtl: 600,
  writes: "one record per value",

  connect({ api_key, secret_key }, http) {
    const api = http.withBase("https://api.porkbun.com/api/json/v3/", {}, { judge });
    const keys = { apikey: api_key, secretapikey: secret_key };
    const read = <Schema extends z.ZodType>(from: string, body: object, schema: Schema) =>
      api.ask("POST", from, { ...keys, ...body }, schema, { repeatable: true });
    const write = (to: string, body: object, options?: RequestOptions) =>
      api.ask("POST", to, { ...keys, ...body }, success, options);

    const toRecord = (zone: string, { name, type, value, ttl }: RecordValue) => ({
      name: relativeName(name, zone, ""),
      type,
      content: value,
      ttl: String(ttl),
    });

    return {
      async zones() {
        const all = await http.pages(async (start: number = 0) => {
          const { domains } = await read("domain/listAll", { start: String(start) }, domainList);
          return { items: domains, next: domains.length < CHUNK ? undefined : start + CHUNK };
        });
        return all.map(({ domain }) => normaliseName(domain));
      },

      ...singleRecords({
        async stored(zone, { name, type }) {
          const whole = path`dns/retrieveByNameType/${zone}/${type}`;
          const at = name === zone ? whole : `${whole}/${encodeURIComponent(relativeName(name, zone, ""))}`;
          const { records } = await read(at, {}, recordList);
          return records
            .filter((one) => one.type === type && normaliseName(one.name) === name)
            .map(({ id, content, ttl }) => ({ id, content, ttl: Number(ttl) }));
        },

        async create(zone, given) {
          const { id } = await write(path`dns/create/${zone}`, toRecord(zone, given));
          return id === undefined ? undefined : { id, content: given.value, ttl: given.ttl };
        },

        async change(zone, { id }, given) {
          await write(path`dns/edit/${zone}/${id}`, toRecord(zone, given));
        },

        async drop(zone, { id }) {
          await write(path`dns/delete/${zone}/${id}`, {});
        },
      }),
    };
  },
});
