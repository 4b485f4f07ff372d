/**
 * DNSimple. One record for each value, found again by content.
 * API: https://developer.dnsimple.com/v2/zones/records/
 */
import { z } from "zod";
import { ifKnown, type Query } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { address, defineProvider, field, secret } from "../provider";
import { singleRecords } from "../single-records";

const whoami = z.object({ data: z.object({ account: z.object({ id: z.number() }).nullable() }) });
const pagination = z.object({ total_pages: z.number().optional() }).optional();
const zone = z.object({ name: z.string(), secondary: z.boolean().default(false), active: z.boolean().default(true) });
const record = z.object({
  id: z.number(),
  type: z.string(),
  name: z.string(),
  content: z.string(),
  ttl: z.number(),
  system_record: z.boolean().default(false),
});

const PAGE_SIZE = 100;

export const dnsimple = defineProvider({
  id: "dnsimple",
  title: "DNSimple",
  credentials: z.strictObject({
    api_token: secret("API token", "of the account, not of a user: dnsimple.com, the account / Access tokens"),
    account_id: field(
      "Account number",
      "as in dnsimple.com/a/1234; the token's own account where it is left out",
    ).optional(),
    base_url: address("API address", "https://api.sandbox.dnsimple.com/v2 for the sandbox").default(
      "https://api.dnsimple.com/v2",
    ),
  }),
  needs: "an access token of the account itself that may manage the zone",
  minimumTtl: 60,
  writes: "one record per value",

  connect({ api_token, account_id, base_url }, http) {
    const api = http.withBase(base_url, { authorization: `Bearer ${api_token}` });
    let account = account_id;

    async function accountId(): Promise<string> {
      if (account) return account;
      const { data } = await api.get("whoami", whoami);
      if (!data.account) throw http.error("credential", "This is the token of a user. It needs one of the account.");
      account = String(data.account.id);
      return account;
    }

    const zonesPath = async () => path`${await accountId()}/zones`;
    const recordsOf = async (name: string) => `${await zonesPath()}/${path`${name}/records`}`;

    async function list<Item extends z.ZodType>(from: string, item: Item, query: Query): Promise<z.output<Item>[]> {
      const schema = z.object({ data: z.array(item), pagination });
      return http.pages(async (cursor?: number) => {
        const page = cursor ?? 1;
        const answer = await api.get(from, schema, { query: { ...query, page, per_page: PAGE_SIZE } });
        return { items: answer.data, next: page < (answer.pagination?.total_pages ?? 1) ? page + 1 : undefined };
      });
    }

    return {
      async zones() {
        const all = await list(await zonesPath(), zone, {});
        return all.filter(({ secondary, active }) => active && !secondary).map(({ name }) => normaliseName(name));
      },

      ...singleRecords({
        async stored(zoneName, { name, type }) {
          const relative = relativeName(name, zoneName, "");
          const all = await list(await recordsOf(zoneName), record, { name: relative, type });
          return all.filter((one) => one.type === type && normaliseName(one.name) === relative && !one.system_record);
        },

        async create(zoneName, { name, type, value, ttl }) {
          const given = { name: relativeName(name, zoneName, ""), type, content: value, ttl };
          const made = await api.ask("POST", await recordsOf(zoneName), given, ifKnown(z.object({ data: record })));
          return made?.data;
        },

        change: async (zoneName, { id }, { value, ttl }) =>
          api.send("PATCH", `${await recordsOf(zoneName)}/${id}`, { content: value, ttl }),

        drop: async (zoneName, { id }) =>
          api.send("DELETE", `${await recordsOf(zoneName)}/${id}`, undefined, { gone: "ok" }),
      }),
    };
  },
});
