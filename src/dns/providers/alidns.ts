/**
 * Alibaba Cloud DNS. One record for each value; every call is a POST without a body.
 * API: https://www.alibabacloud.com/help/en/dns/api-alidns-2015-01-09-overview
 */
import { z } from "zod";
import { strictQuery } from "../canonical-request";
import { type ApiAnswer, ifKnown, type RequestOptions, type Verdict } from "../http";
import { normaliseName, relativeName } from "../names";
import { defineProvider, type RecordValue, secret } from "../provider";
import { singleRecords } from "../single-records";
import { signAlibaba } from "./alidns-signature";

const DOMAINS_PAGE = 100;
const RECORDS_PAGE = 500;
/** Records of other lines are for some of the world alone, and set by a person. */
const LINE = "default";

const failure = z.object({ Code: z.string(), Message: z.string().default("") });
const success = z.object({ RequestId: z.string() });
const domainList = z.object({
  TotalCount: z.number(),
  Domains: z.object({ Domain: z.array(z.object({ DomainName: z.string(), PunyCode: z.string().optional() })) }),
});
const record = z.object({
  RecordId: z.string(),
  RR: z.string(),
  Type: z.string(),
  Value: z.string(),
  TTL: z.number(),
  Line: z.string(),
});
const created = ifKnown(z.object({ RecordId: z.string() }));
const recordList = z.object({ TotalCount: z.number(), DomainRecords: z.object({ Record: z.array(record) }) });

const codeOf = (body: unknown) => failure.safeParse(body).data?.Code ?? "";

/** Its statuses say little: an unknown access key is a 404, a wrong signature a 400. */
function judge({ status, body }: ApiAnswer): Verdict | undefined {
  if (status < 400) return undefined;
  const code = codeOf(body);
  if (/^(InvalidAccessKeyId|SignatureDoesNotMatch|IncompleteSignature|InvalidSecurityToken|Forbidden)/.test(code)) {
    return "credential";
  }
  if (code.startsWith("Throttling")) return "rate_limited";
  if (/^InvalidDomainName|^DomainNotBelongToUser/.test(code)) return "zone_not_found";
  return status === 404 ? "refused" : undefined;
}

/** Takes this failure of a write for its success: what is wanted is so already. */
const unless = (wanted: RegExp): RequestOptions => ({
  judge: (answer) => (wanted.test(codeOf(answer.body)) ? "ok" : judge(answer)),
});

const explain = (body: unknown) => {
  const { Code, Message } = failure.safeParse(body).data ?? {};
  return Code && `${Message} (${Code})`;
};

export const alidns = defineProvider({
  id: "alidns",
  title: "Alibaba Cloud DNS",
  credentials: z.strictObject({
    access_key_id: secret("AccessKey id", "of a RAM user that may do nothing but this"),
    access_key_secret: secret("AccessKey secret", "shown once, when the AccessKey is made"),
    security_token: secret("Security token", "of temporary credentials").optional(),
  }),
  needs:
    "the RAM policy AliyunDNSFullAccess, or alidns:DescribeDomains, DescribeDomainRecords, AddDomainRecord, UpdateDomainRecord and DeleteDomainRecord",
  minimumTtl: 600,
  writes: "one record per value",

  connect({ access_key_id, access_key_secret, security_token }, http) {
    const keys = { accessKeyId: access_key_id, accessKeySecret: access_key_secret, securityToken: security_token };
    const api = http.withBase(
      "https://alidns.aliyuncs.com/",
      { "x-acs-version": "2015-01-09" },
      {
        judge,
        explain,
        sign: (request) => signAlibaba(request, keys, { now: http.now(), nonce: crypto.randomUUID() }),
      },
    );

    const call = <Schema extends z.ZodType>(
      action: string,
      members: Record<string, string | number>,
      schema: Schema,
      options: RequestOptions = {},
    ) => {
      const query = strictQuery(Object.entries(members).map(([name, value]) => [name, String(value)]));
      const headers = { "x-acs-action": action };
      return api.ask("POST", `?${query}`, undefined, schema, { ...options, headers });
    };
    const read = { repeatable: true };

    async function domains() {
      const all = await http.pages(async (cursor?: number) => {
        const page = cursor ?? 1;
        const answer = await call("DescribeDomains", { PageNumber: page, PageSize: DOMAINS_PAGE }, domainList, read);
        const next = page * DOMAINS_PAGE < answer.TotalCount ? page + 1 : undefined;
        return { items: answer.Domains.Domain, next };
      });
      return all.map(({ DomainName, PunyCode }) => ({ own: DomainName, name: normaliseName(PunyCode || DomainName) }));
    }

    const ownNames = new Map<string, string>();
    /** It calls international zones by their U-labels. */
    async function ownName(zone: string): Promise<string> {
      if (!zone.includes("xn--")) return zone;
      if (!ownNames.has(zone)) for (const { name, own } of await domains()) ownNames.set(name, own);
      return ownNames.get(zone) ?? zone;
    }

    const toRecord = (zone: string, { name, type, value, ttl }: RecordValue) => ({
      RR: relativeName(name, zone, "@"),
      Type: type,
      Value: value,
      TTL: ttl,
      Line: LINE,
    });

    return {
      zones: async () => (await domains()).map(({ name }) => name),

      ...singleRecords({
        async stored(zone, { name, type }) {
          const RR = relativeName(name, zone, "@");
          const DomainName = await ownName(zone);
          const all = await http.pages(async (cursor?: number) => {
            const page = cursor ?? 1;
            const paging = { PageNumber: page, PageSize: RECORDS_PAGE };
            const wanted = { DomainName, RRKeyWord: RR, TypeKeyWord: type, ...paging };
            const answer = await call("DescribeDomainRecords", wanted, recordList, read);
            const next = page * RECORDS_PAGE < answer.TotalCount ? page + 1 : undefined;
            return { items: answer.DomainRecords.Record, next };
          });
          // The key word is anywhere in the names that are found.
          return all
            .filter((one) => one.Type === type && one.Line === LINE && one.RR.toLowerCase() === RR)
            .map(({ RecordId, Value, TTL }) => ({ id: RecordId, content: Value, ttl: TTL }));
        },

        async create(zone, given) {
          const members = { DomainName: await ownName(zone), ...toRecord(zone, given) };
          const made = await call("AddDomainRecord", members, created, unless(/^DomainRecordDuplicate/));
          return made && { id: made.RecordId, content: given.value, ttl: given.ttl };
        },

        async change(zone, { id }, given) {
          await call("UpdateDomainRecord", { RecordId: id, ...toRecord(zone, given) }, success);
        },

        async drop(_zone, { id }) {
          const gone = unless(/^(DomainRecordNotBelongToUser|InvalidRecordId)/);
          await call("DeleteDomainRecord", { RecordId: id }, z.unknown(), gone);
        },
      }),
    };
  },
});
