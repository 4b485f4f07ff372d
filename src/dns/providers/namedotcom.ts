/**
 * name.com DNS. One record for each value; lists come in pages.
 * API: https://www.name.com/api-docs/dns
 */
import { z } from "zod";
import { basicAuth } from "../digests";
import { ifKnown } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { address, defineProvider, field, type RecordValue, secret } from "../provider";
import { singleRecords } from "../single-records";

const nextPage = z.number().nullish();
const record = z.object({ id: z.number(), fqdn: z.string(), type: z.string(), answer: z.string(), ttl: z.number() });
/** Members without a value are left out, so that an empty list is none at all. */
const nothing = z.union([z.strictObject({}), z.object({ totalCount: z.literal(0) })]).transform(() => undefined);
const domainList = z.object({ domains: z.array(z.object({ domainName: z.string() })), nextPage }).or(nothing);
const recordList = z.object({ records: z.array(record), nextPage }).or(nothing);
const failure = z.object({ message: z.string(), details: z.string().optional() });

function explain(body: unknown): string | undefined {
  const said = failure.safeParse(body).data;
  return said && [said.message, said.details].filter(Boolean).join(": ");
}

const PAGE = 1000;

export const namedotcom = defineProvider({
  id: "namedotcom",
  title: "name.com",
  credentials: z.strictObject({
    username: field("User name", "of the account; with two-step verification, API access has to be allowed there"),
    api_token: secret("API token", "name.com/account/settings/api; it has power over all domains of the account"),
    base_url: address(
      "API address",
      "https://api.name.com/core/v1 for the newer API; api.dev.name.com is its test system",
    ).default("https://api.name.com/v4"),
  }),
  needs: "user name and production token of name.com/account/settings/api, without a restriction to addresses",
  minimumTtl: 300,
  writes: "one record per value",

  connect({ username, api_token, base_url }, http) {
    const api = http.withBase(base_url, { authorization: basicAuth(username, api_token) }, { explain });

    const toRecord = (zone: string, { name, type, value, ttl }: RecordValue) => ({
      host: relativeName(name, zone, "@"),
      type,
      answer: value,
      ttl,
    });

    return {
      async zones() {
        const all = await http.pages(async (page: number = 1) => {
          const found = await api.get("domains", domainList, { query: { page, perPage: PAGE } });
          return { items: found?.domains ?? [], next: found?.nextPage || undefined };
        });
        return all.map(({ domainName }) => normaliseName(domainName));
      },

      ...singleRecords({
        async stored(zone, { name, type }) {
          const all = await http.pages(async (page: number = 1) => {
            const query = { page, perPage: PAGE };
            const found = await api.get(path`domains/${zone}/records`, recordList, { query });
            return { items: found?.records ?? [], next: found?.nextPage || undefined };
          });
          return all
            .filter((one) => one.type === type && normaliseName(one.fqdn) === name)
            .map(({ id, answer, ttl }) => ({ id, content: answer, ttl }));
        },

        async create(zone, given) {
          const made = await api.ask("POST", path`domains/${zone}/records`, toRecord(zone, given), ifKnown(record));
          return made && { id: made.id, content: made.answer, ttl: made.ttl };
        },

        change: (zone, { id }, given) => api.send("PUT", path`domains/${zone}/records/${id}`, toRecord(zone, given)),

        drop: (zone, { id }) => api.send("DELETE", path`domains/${zone}/records/${id}`, undefined, { gone: "ok" }),
      }),
    };
  },
});
