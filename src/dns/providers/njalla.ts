/**
 * Njalla DNS. JSON-RPC; one record for each value, TTLs from a fixed list.
 * API: https://njal.la/api/
 */
import { z } from "zod";
import type { ApiAnswer, RequestOptions, Verdict } from "../http";
import { normaliseName, relativeName } from "../names";
import { defineProvider, type RecordSet, secret } from "../provider";
import { singleRecords } from "../single-records";

const id = z.union([z.string(), z.number()]);
const record = z.object({ id, name: z.string(), type: z.string(), content: z.string(), ttl: z.number() });
const recordList = z.object({ result: z.object({ records: z.array(record) }) });
const domainList = z.object({ result: z.object({ domains: z.array(z.object({ name: z.string() })) }) });
const done = z.object({ result: z.unknown() }).refine(({ result }) => result !== undefined);
const fault = z.object({ code: z.coerce.number().catch(0), message: z.string().default("") });
/** It has been seen with a capital, too. */
const failure = z.union([
  z.object({ error: fault }),
  z.object({ Error: fault }).transform(({ Error: error }) => ({ error })),
]);

const failureIn = (body: unknown) => failure.safeParse(body).data?.error;
const isMissing = (body: unknown) => {
  const failed = failureIn(body);
  return failed !== undefined && (failed.code === 404 || /not found/i.test(failed.message));
};

/** Its failures come as 200. */
function judge({ status, body }: ApiAnswer): Verdict | undefined {
  const failed = failureIn(body);
  if (!failed || status >= 300) return undefined;
  if (failed.code === 401 || failed.code === 403) return "credential";
  if (isMissing(body)) return "zone_not_found";
  return failed.code === 429 ? "rate_limited" : "refused";
}

function explain(body: unknown): string | undefined {
  const failed = failureIn(body);
  return failed && `${failed.message} (${failed.code})`;
}

const TTLS = [60, 300, 900, 3600, 10800, 21600, 86400];
const LONGEST = 86400;

/** The next TTL that it has. */
const listed = (ttl: number) => TTLS.find((one) => one >= ttl) ?? LONGEST;

export const njalla = defineProvider({
  id: "njalla",
  title: "Njalla",
  credentials: z.strictObject({
    token: secret(
      "API token",
      "njal.la/settings/api; narrow it to the domains, and to list-domains and the methods of records",
    ),
  }),
  needs:
    "the methods list-domains, list-records, add-record, edit-record and remove-record, for the domain, from anywhere",
  minimumTtl: 60,
  writes: "one record per value",

  connect({ token }, http) {
    const api = http.withBase("https://njal.la/api/1/", { authorization: `Njalla ${token}` }, { judge, explain });

    const ask = <Schema extends z.ZodType>(method: string, params: object, schema: Schema, own?: RequestOptions) =>
      api.ask("POST", "", { jsonrpc: "2.0", id: "1", method, params }, schema, own);

    const writes = singleRecords({
      async stored(domain, { name, type }) {
        const { result } = await ask("list-records", { domain }, recordList, { repeatable: true });
        const wanted = relativeName(name, domain, "@");
        return result.records.filter((one) => one.type === type && (normaliseName(one.name) || "@") === wanted);
      },

      async create(domain, { name, type, value, ttl }) {
        const given = { domain, name: relativeName(name, domain, "@"), type, content: value, ttl: listed(ttl) };
        const { result } = await ask("add-record", given, done);
        const made = z.object({ id }).safeParse(result).data;
        return made && { ...given, id: made.id };
      },

      async change(domain, there, { value, ttl }) {
        await ask("edit-record", { domain, id: there.id, content: value, ttl: listed(ttl) }, done);
      },

      async drop(domain, there) {
        const own = { judge: (answer: ApiAnswer) => (isMissing(answer.body) ? "ok" : judge(answer)) } as const;
        await ask("remove-record", { domain, id: there.id }, z.unknown(), own);
      },
    });

    return {
      async zones() {
        const { result } = await ask("list-domains", {}, domainList, { repeatable: true });
        return result.domains.map(({ name }) => normaliseName(name));
      },

      ...writes,

      replace: (domain: string, set: RecordSet) => writes.replace(domain, { ...set, ttl: listed(set.ttl) }),
    };
  },
});
