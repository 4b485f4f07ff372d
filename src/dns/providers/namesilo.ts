/**
 * NameSilo DNS. Everything is a GET with the key in its query, answered in XML; one record for each value.
 * API: https://www.namesilo.com/api-reference
 */
import { z } from "zod";
import type { ApiAnswer, Query, RequestOptions, Verdict } from "../http";
import { normaliseName, relativeName } from "../names";
import { defineProvider, secret } from "../provider";
import { singleRecords } from "../single-records";
import { all, parseXml, textAt, type XmlElement } from "../xml";

const answer = z.custom<XmlElement>((given) => z.object({ name: z.literal("namesilo") }).safeParse(given).success);

/** Reply codes that are about the key: missing, wrong, of a sub-account, used from elsewhere, of the test system. */
const CREDENTIAL = ["109", "110", "111", "112", "113", "116"];
/** The registry does not answer; "try again later". */
const BUSY = "115";
/** "Domain is not active, or does not belong to this user." */
const NOT_YOURS = "200";
const INTERNAL = "201";
const isSuccess = (code: string) => /^30\d$/.test(code);

const codeOf = (root: XmlElement) => textAt(root, "reply", "code") ?? "";
const success = answer.refine((root) => isSuccess(codeOf(root)), "no reply of success");

/** Its failures come as 200. */
function judge({ status, body }: ApiAnswer): Verdict | undefined {
  const root = answer.safeParse(body).data;
  const code = root && codeOf(root);
  if (!code || status >= 300 || isSuccess(code)) return undefined;
  if (CREDENTIAL.includes(code)) return "credential";
  if (code === BUSY) return "busy";
  if (code === NOT_YOURS) return "zone_not_found";
  return code === INTERNAL ? "unavailable" : "refused";
}

function explain(body: unknown): string | undefined {
  const root = answer.safeParse(body).data;
  return root && `${textAt(root, "reply", "detail") ?? ""} (${codeOf(root)})`;
}

const readRecord = (one: XmlElement) => ({
  id: textAt(one, "record_id") ?? "",
  name: normaliseName(textAt(one, "host") ?? ""),
  type: textAt(one, "type"),
  content: textAt(one, "value") ?? "",
  ttl: Number(textAt(one, "ttl")),
});

export const namesilo = defineProvider({
  id: "namesilo",
  title: "NameSilo",
  credentials: z.strictObject({
    api_key: secret("API key", "namesilo.com/account/api-manager, not read-only; it has power over the whole account"),
  }),
  needs: "an API key of the main account that may write, without a restriction to addresses",
  minimumTtl: 3600,
  writes: "one record per value",

  connect({ api_key }, http) {
    const api = http.withBase("https://www.namesilo.com/api/", {}, { judge, explain, parse: parseXml });
    const call = (operation: string, query: Query, own: RequestOptions = {}) =>
      api.get(operation, success, { ...own, query: { version: 1, type: "xml", key: api_key, ...query } });
    /** A GET that writes is not to be repeated without a look. */
    const write = (operation: string, query: Query) => call(operation, query, { repeatable: false });

    return {
      async zones() {
        const root = await call("listDomains", {});
        return all(root, "reply", "domains", "domain").map(({ text }) => normaliseName(text));
      },

      ...singleRecords({
        async stored(domain, { name, type }) {
          const root = await call("dnsListRecords", { domain });
          return all(root, "reply", "resource_record")
            .map(readRecord)
            .filter((one) => one.type === type && one.name === name);
        },

        async create(domain, { name, type, value, ttl }) {
          const rrhost = relativeName(name, domain, "");
          const given = { domain, rrtype: type, rrhost, rrvalue: value, rrttl: ttl };
          const id = textAt(await write("dnsAddRecord", given), "reply", "record_id");
          return id ? { id, name, type, content: value, ttl } : undefined;
        },

        async change(domain, { id }, { name, value, ttl }) {
          const rrhost = relativeName(name, domain, "");
          await write("dnsUpdateRecord", { domain, rrid: id, rrhost, rrvalue: value, rrttl: ttl });
        },

        async drop(domain, { id }) {
          await write("dnsDeleteRecord", { domain, rrid: id });
        },
      }),
    };
  },
});
