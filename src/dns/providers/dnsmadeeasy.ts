/**
 * DNS Made Easy. One record for each value.
 * API: https://api-docs.dnsmadeeasy.com/
 */
import { z } from "zod";
import { hex, hmac } from "../digests";
import { type ApiAnswer, ifKnown, type Query, type Verdict } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { defineProvider, type RecordType, type RecordValue, secret } from "../provider";
import { remembered } from "../remembered";
import { singleRecords } from "../single-records";

/** Records of other locations are for some of the world alone, and set by a person. */
const LOCATION = "DEFAULT";

const domain = z.object({ id: z.number(), name: z.string() });
const record = z.object({
  id: z.number(),
  type: z.string(),
  name: z.string(),
  value: z.string(),
  ttl: z.number(),
  gtdLocation: z.string().default(LOCATION),
});
const failure = z.object({ error: z.array(z.string()) });

const says = (body: unknown, words: RegExp) => failure.safeParse(body).data?.error.some((one) => words.test(one));

/** 150 requests in five minutes; one more is a 400. */
const judge = ({ status, body }: ApiAnswer): Verdict | undefined =>
  status === 400 && says(body, /rate limit/i) ? "rate_limited" : undefined;

const judgeCreation = (answer: ApiAnswer) => (says(answer.body, /already exists/i) ? "ok" : judge(answer));

/** Without the dot a target would be taken for one within the zone. */
const toValue = (type: RecordType, value: string) => (type === "CNAME" ? `${value}.` : value);

export const dnsmadeeasy = defineProvider({
  id: "dnsmadeeasy",
  title: "DNS Made Easy",
  credentials: z.strictObject({
    api_key: secret("API key", "of Config / Account Information; it has power over every domain of the account"),
    secret_key: secret("Secret key", "beside it"),
  }),
  needs: "both keys of Config / Account Information, and a clock that is right",
  minimumTtl: 30,
  writes: "one record per value",

  connect({ api_key, secret_key }, http) {
    const api = http.withBase(
      "https://api.dnsmadeeasy.com/V2.0",
      { "x-dnsme-apikey": api_key },
      {
        judge,
        async sign() {
          const date = new Date(http.now()).toUTCString();
          return { "x-dnsme-requestdate": date, "x-dnsme-hmac": hex(await hmac("SHA-1", secret_key, date)) };
        },
      },
    );

    /** Usually all is on one page. Whether the first is 0 or 1, it says itself. */
    async function list<Item extends z.ZodType>(from: string, item: Item, query: Query): Promise<z.output<Item>[]> {
      const schema = z.object({
        data: z.array(item),
        page: z.number().default(0),
        totalPages: z.number().default(1),
      });
      let first: number | undefined;
      return http.pages(async (page?: number) => {
        const answer = await api.get(from, schema, { query: { ...query, page } });
        first ??= answer.page;
        return { items: answer.data, next: answer.page < first + answer.totalPages - 1 ? answer.page + 1 : undefined };
      });
    }

    const recordsOf = remembered(async (zone) => {
      const { id } = await api.get("dns/managed/name", domain, { query: { domainname: zone } });
      return path`dns/managed/${id}/records`;
    });
    const recordOf = async (zone: string, id: number) => `${await recordsOf(zone)}/${id}`;

    const toRecord = (zone: string, { name, type, value, ttl }: RecordValue) => ({
      type,
      name: relativeName(name, zone, ""),
      value: toValue(type, value),
      ttl,
      gtdLocation: LOCATION,
    });

    return {
      zones: async () => (await list("dns/managed/", domain, {})).map(({ name }) => normaliseName(name)),

      ...singleRecords({
        async stored(zone, { name, type }) {
          const recordName = relativeName(name, zone, "");
          const all = await list(await recordsOf(zone), record, { recordName, type });
          return all
            .filter((one) => one.type === type && one.gtdLocation === LOCATION && one.name.toLowerCase() === recordName)
            .map(({ id, value, ttl }) => ({ id, content: value, ttl }));
        },

        async create(zone, given) {
          const body = toRecord(zone, given);
          const made = await api.ask("POST", await recordsOf(zone), body, ifKnown(record), { judge: judgeCreation });
          return made && { id: made.id, content: given.value, ttl: given.ttl };
        },

        change: async (zone, { id }, given) =>
          api.send("PUT", await recordOf(zone, id), { ...toRecord(zone, given), id }),

        drop: async (zone, { id }) => api.send("DELETE", await recordOf(zone, id), undefined, { gone: "ok" }),
      }),
    };
  },
});
