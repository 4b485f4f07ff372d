/**
 * Cloudflare DNS. One record for each value, found again by content.
 * API: https://developers.cloudflare.com/api/resources/dns/
 */
import { z } from "zod";
import { type ApiAnswer, ifKnown, type Query, type Verdict } from "../http";
import { path } from "../http-request";
import { normaliseName } from "../names";
import { address, defineProvider, field, type RecordType, secret } from "../provider";
import { singleRecords } from "../single-records";
import { quoteTxt } from "../txt";

const failure = z.object({
  success: z.literal(false),
  errors: z.array(z.object({ code: z.number(), message: z.string() })),
});
const info = z.object({ total_pages: z.number().optional() }).nullish();
const zone = z.object({ id: z.string(), name: z.string(), status: z.string().optional(), type: z.string().nullish() });
const record = z.object({ id: z.string(), type: z.string(), name: z.string(), content: z.string(), ttl: z.number() });
const created = ifKnown(z.object({ result: record }));
const createdAll = ifKnown(z.object({ result: z.object({ posts: z.array(record) }) }));

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

    const recordPath = async (name: string, id: string) => `${await recordsPath(name)}/${encodeURIComponent(id)}`;

    return {
      zones: async () => (await listZones({})).map(({ name }) => normaliseName(name)),

      hasZone: async (name) => (await search(name)) !== undefined,

      ...singleRecords({
        async stored(zoneName, { name, type }) {
          const query = { type, "name.exact": name, per_page: 100 };
          const found = await list(await recordsPath(zoneName), record, query);
          return found.filter((one) => one.type === type && normaliseName(one.name) === name);
        },

        async create(zoneName, { name, type, value, ttl }) {
          const body = { type, name, content: toContent(type, value), ttl };
          const made = await api.ask("POST", await recordsPath(zoneName), body, created, { judge: judgeCreation });
          return made?.result;
        },

        async createAll(zoneName, records) {
          const posts = records.map(({ name, type, value, ttl }) => ({
            type,
            name,
            content: toContent(type, value),
            ttl,
          }));
          const at = `${await recordsPath(zoneName)}/batch`;
          return (await api.ask("POST", at, { posts }, createdAll))?.result.posts ?? [];
        },

        async dropAll(zoneName, records) {
          const deletes = records.map(({ id }) => ({ id }));
          await api.send("POST", `${await recordsPath(zoneName)}/batch`, { deletes });
        },

        /** In place: what a person set on the record (proxied, comment, tags) stays. */
        change: async (zoneName, { id }, { type, value, ttl }) =>
          api.send("PATCH", await recordPath(zoneName, id), { content: toContent(type, value), ttl }),

        drop: async (zoneName, { id }) => api.send("DELETE", await recordPath(zoneName, id), undefined, { gone: "ok" }),
      }),
    };
  },
});
