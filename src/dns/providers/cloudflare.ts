/**
 * Cloudflare DNS. One record for each value, found again by content.
 * API: https://developers.cloudflare.com/api/resources/dns/
 */
import { z } from "zod";
import type { ApiAnswer, Query, Verdict } from "../http";
import { path } from "../http-request";
import { normaliseName } from "../names";
import { address, defineProvider, field, type RecordSet, type RecordType, secret } from "../provider";
import { quoteTxt } from "../txt";
import { sameValue } from "../values";

const failure = z.object({
  success: z.literal(false),
  errors: z.array(z.object({ code: z.number(), message: z.string() })),
});
const info = z.object({ total_pages: z.number().optional() }).nullish();
const zone = z.object({ id: z.string(), name: z.string(), status: z.string().optional(), type: z.string().nullish() });
const record = z.object({ id: z.string(), type: z.string(), name: z.string(), content: z.string(), ttl: z.number() });

type StoredRecord = z.infer<typeof record>;

/** "An identical record already exists." */
const IDENTICAL = 81058;
/** "Invalid request headers", for a token that does not even look like one. */
const MALFORMED_TOKEN = 6003;

const errorsOf = (body: unknown) => failure.safeParse(body).data?.errors ?? [];
const says = (body: unknown, wanted: number) => errorsOf(body).some(({ code }) => code === wanted);
const explain = (body: unknown) =>
  errorsOf(body)
    .map(({ code, message }) => `${message} (${code})`)
    .join("; ");

function judge({ status, body }: ApiAnswer): Verdict | undefined {
  if (status === 400 && says(body, MALFORMED_TOKEN)) return "credential";
  return status < 300 && failure.safeParse(body).success ? "refused" : undefined;
}

/** Two writers at once: what is wanted is there. */
const judgeCreation = (answer: ApiAnswer) => (says(answer.body, IDENTICAL) ? "ok" : judge(answer));

const toContent = (type: RecordType, value: string) => (type === "TXT" ? quoteTxt(value) : value);

export const cloudflare = defineProvider({
  id: "cloudflare",
  title: "Cloudflare",
  credentials: z.strictObject({
    api_token: secret("API token", "Zone / DNS / Edit and Zone / Zone / Read, for the zones in question alone"),
    account_id: field("Account id", "only where the same zone is in several accounts").optional(),
    base_url: address("API address", "only for a proxy before the API").default(
      "https://api.cloudflare.com/client/v4/",
    ),
  }),
  needs: "Zone / DNS / Edit and Zone / Zone / Read for the zone",
  minimumTtl: 60,
  writes: "one record per value",

  connect({ api_token, account_id, base_url }, http) {
    const api = http.withBase(base_url, { authorization: `Bearer ${api_token}` }, { explain, judge });
    const zoneIds = new Map<string, string>();

    /** All items of a list, whose pages have numbers. */
    async function list<Item extends z.ZodType>(from: string, item: Item, query: Query): Promise<z.output<Item>[]> {
      const schema = z.object({ result: z.array(item), result_info: info });
      return http.pages(async (cursor?: number) => {
        const page = cursor ?? 1;
        const { result, result_info } = await api.get(from, schema, { query: { ...query, page } });
        return { items: result, next: page < (result_info?.total_pages ?? 1) ? page + 1 : undefined };
      });
    }

    /** Zones that Cloudflare only copies from elsewhere cannot be written to. */
    async function listZones(query: Query) {
      const all = await list("zones", zone, { ...query, per_page: 50, "account.id": account_id });
      return all.filter(({ type }) => type !== "secondary");
    }

    async function search(name: string): Promise<string | undefined> {
      const known = zoneIds.get(name);
      if (known) return known;
      const named = (await listZones({ name })).filter((one) => normaliseName(one.name) === name);
      const active = named.filter(({ status }) => status === "active");
      const [found, second] = active.length > 0 ? active : named;
      if (second) throw http.error("zone_not_found", `${name} is there twice: name the account_id it is in.`);
      if (found) zoneIds.set(name, found.id);
      return found?.id;
    }

    async function recordsPath(name: string): Promise<string> {
      const id = await search(name);
      if (id) return path`zones/${id}/dns_records`;
      throw http.error(
        "zone_not_found",
        `The token does not see the zone ${name}. It needs Zone:Read and DNS:Edit for it.`,
      );
    }

    async function stored(records: string, { name, type }: Pick<RecordSet, "name" | "type">): Promise<StoredRecord[]> {
      const found = await list(records, record, { type, "name.exact": name, per_page: 100 });
      return found.filter((one) => one.type === type && normaliseName(one.name) === name);
    }

    async function create(records: string, { name, type, ttl }: Omit<RecordSet, "values">, value: string) {
      const body = { type, name, content: toContent(type, value), ttl };
      await api.send("POST", records, body, { judge: judgeCreation });
    }

    const drop = (records: string, id: string) =>
      api.send("DELETE", `${records}/${encodeURIComponent(id)}`, undefined, { gone: "ok" });

    return {
      zones: async () => (await listZones({})).map(({ name }) => normaliseName(name)),

      hasZone: async (name) => (await search(name)) !== undefined,

      async add(zoneName, { value, ...set }) {
        const records = await recordsPath(zoneName);
        const there = await stored(records, set);
        if (there.some(({ content }) => sameValue(set.type, content, value))) return;
        await create(records, set, value);
      },

      async remove(zoneName, { value, ...set }) {
        const records = await recordsPath(zoneName);
        for (const { id, content } of await stored(records, set)) {
          if (sameValue(set.type, content, value)) await drop(records, id);
        }
      },

      async replace(zoneName, { values, ...set }) {
        const records = await recordsPath(zoneName);
        const there = await stored(records, set);
        const missing = values.filter((value) => !there.some(({ content }) => sameValue(set.type, content, value)));
        const kept = there.filter(({ content }) => values.some((value) => sameValue(set.type, content, value)));
        const unwanted = there.filter((one) => !kept.includes(one));
        // Changed in place where possible: what a person set on the record (proxied, comment, tags) stays.
        const change = (id: string, changes: object) =>
          api.send("PATCH", `${records}/${encodeURIComponent(id)}`, changes);
        for (const { id } of unwanted) {
          const value = missing.shift();
          if (value === undefined) await drop(records, id);
          else await change(id, { content: toContent(set.type, value), ttl: set.ttl });
        }
        for (const { id, ttl } of kept) if (ttl !== set.ttl) await change(id, { ttl: set.ttl });
        for (const value of missing) await create(records, set, value);
      },
    };
  },
});
