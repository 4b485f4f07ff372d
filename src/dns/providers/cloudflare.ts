/**
 * Cloudflare DNS. One record for each value, found again by content.
 * API: https://developers.cloudflare.com/api/resources/dns/
 */
import { z } from "zod";
import { DnsProviderError } from "../errors";
import { normaliseName } from "../names";
import { defineProvider, field, type RecordSet, type RecordType, secret } from "../provider";
import { quoteTxt, unquoteTxt } from "../txt";

const failure = z.object({ errors: z.array(z.object({ code: z.number(), message: z.string() })) });
const pages = z.object({ total_pages: z.number().optional() }).nullish();
const zoneList = z.object({
  result: z.array(z.object({ id: z.string(), name: z.string(), status: z.string(), type: z.string().nullish() })),
  result_info: pages,
});
const record = z.object({ id: z.string(), type: z.string(), name: z.string(), content: z.string(), ttl: z.number() });
const recordList = z.object({ result: z.array(record), result_info: pages });

type StoredRecord = z.infer<typeof record>;

/** "An identical record already exists." */
const IDENTICAL = 81058;

const toContent = (type: RecordType, value: string) => (type === "TXT" ? quoteTxt(value) : value);
const isValue = (type: RecordType, value: string) => (stored: StoredRecord) =>
  type === "TXT" ? unquoteTxt(stored.content) === value : normaliseName(stored.content) === normaliseName(value);

const explain = (body: unknown) =>
  failure
    .safeParse(body)
    .data?.errors.map(({ code, message }) => `${message} (${code})`)
    .join("; ");

export const cloudflare = defineProvider({
  id: "cloudflare",
  title: "Cloudflare",
  credentials: z.strictObject({
    api_token: secret("API token", "Zone / DNS / Edit and Zone / Zone / Read, for the zones in question alone"),
    account_id: field("Account id", "only where the same zone is in several accounts").optional(),
    base_url: field("API address", "only for a proxy before the API").default("https://api.cloudflare.com/client/v4/"),
  }),
  minimumTtl: 60,
  writes: "one record per value",

  connect({ api_token, account_id, base_url }, http) {
    const base = base_url.endsWith("/") ? base_url : `${base_url}/`;
    const api = http.withBase(base, { authorization: `Bearer ${api_token}` }, { explain });
    const zoneIds = new Map<string, string>();
    const account = account_id ? `&account.id=${encodeURIComponent(account_id)}` : "";

    async function search(name: string): Promise<string | undefined> {
      const known = zoneIds.get(name);
      if (known) return known;
      const { result } = await api.get(`zones?name=${encodeURIComponent(name)}&per_page=50${account}`, zoneList);
      const writable = result.filter((zone) => normaliseName(zone.name) === name && zone.type !== "secondary");
      const active = writable.filter(({ status }) => status === "active");
      const [zone, second] = active.length > 0 ? active : writable;
      if (zone && second) {
        throw new DnsProviderError(
          "zone_not_found",
          "Cloudflare",
          `${name} is there twice: name the account_id it is in.`,
        );
      }
      if (zone) zoneIds.set(name, zone.id);
      return zone?.id;
    }

    async function pathOf(zone: string): Promise<string> {
      const id = await search(zone);
      if (id) return `zones/${id}/dns_records`;
      throw new DnsProviderError(
        "zone_not_found",
        "Cloudflare",
        `The token does not see the zone ${zone}. It needs Zone:Read and DNS:Edit for it.`,
      );
    }

    /** The records of one name and type, all pages. */
    async function stored(path: string, name: string, type: RecordType): Promise<StoredRecord[]> {
      const found: StoredRecord[] = [];
      for (let page = 1, last = 1; page <= last; page++) {
        const query = `?type=${type}&name.exact=${encodeURIComponent(name)}&per_page=100&page=${page}`;
        const answer = await api.get(path + query, recordList);
        found.push(...answer.result);
        last = answer.result_info?.total_pages ?? 1;
      }
      return found.filter((one) => one.type === type && normaliseName(one.name) === name);
    }

    async function create(path: string, { name, type, ttl }: Omit<RecordSet, "values">, value: string) {
      const explainIdentical = (body: unknown) =>
        failure.safeParse(body).data?.errors.some(({ code }) => code === IDENTICAL) ? "identical" : explain(body);
      await api
        .send("POST", path, { type, name, content: toContent(type, value), ttl }, { explain: explainIdentical })
        .catch((error) => {
          // Two writers at once, or an answer that was lost: what is wanted is there.
          if (!(error instanceof DnsProviderError && error.detail.endsWith("identical"))) throw error;
        });
    }

    return {
      async zones() {
        const names: string[] = [];
        for (let page = 1, last = 1; page <= last; page++) {
          const answer = await api.get(`zones?per_page=50&page=${page}${account}`, zoneList);
          names.push(...answer.result.map(({ name }) => normaliseName(name)));
          last = answer.result_info?.total_pages ?? 1;
        }
        return names;
      },

      hasZone: async (name) => (await search(name)) !== undefined,

      async add(zone, { value, ...set }) {
        const path = await pathOf(zone);
        if ((await stored(path, set.name, set.type)).some(isValue(set.type, value))) return;
        await create(path, set, value);
      },

      async remove(zone, { name, type, value }) {
        const path = await pathOf(zone);
        const matching = (await stored(path, name, type)).filter(isValue(type, value));
        for (const { id } of matching) await api.send("DELETE", `${path}/${id}`, undefined, { gone: "ok" });
      },

      async replace(zone, { values, ...set }) {
        const path = await pathOf(zone);
        const there = await stored(path, set.name, set.type);
        const missing = values.filter((value) => !there.some(isValue(set.type, value)));
        const unwanted = there.filter((one) => !values.some((value) => isValue(set.type, value)(one)));
        // Changed in place where possible: what a person set on the record (proxied, comment, tags) stays.
        for (const { id } of unwanted) {
          const value = missing.shift();
          if (value === undefined) await api.send("DELETE", `${path}/${id}`, undefined, { gone: "ok" });
          else await api.send("PATCH", `${path}/${id}`, { content: toContent(set.type, value), ttl: set.ttl });
        }
        for (const value of missing) await create(path, set, value);
      },
    };
  },
});
