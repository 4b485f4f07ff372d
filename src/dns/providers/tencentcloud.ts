/**
 * Tencent Cloud DNSPod, API 3.0. One record for each value; failures come as 200.
 * API: https://www.tencentcloud.com/document/api/1157
 */
import { z } from "zod";
import { type ApiAnswer, ifKnown, type RequestOptions, type Verdict } from "../http";
import { normaliseName, relativeName } from "../names";
import { defineProvider, type RecordValue, secret } from "../provider";
import { singleRecords } from "../single-records";
import { signTencent } from "./tencentcloud-signature";

const PAGE_SIZE = 3000;
/** The line for all the world, by its name and by its id; records of other lines were set by a person, and stay. */
const LINE = { RecordLine: "默认", RecordLineId: "0" };

const failure = z.object({
  Response: z.object({ Error: z.object({ Code: z.string(), Message: z.string().default("") }) }),
});
const success = z.object({ Response: z.object({ RequestId: z.string() }) });
const domainList = z.object({
  Response: z.object({
    DomainList: z
      .array(z.object({ Name: z.string(), Punycode: z.string().optional(), Status: z.string().optional() }))
      .nullable(),
  }),
});
const record = z.object({
  RecordId: z.number(),
  Name: z.string(),
  Type: z.string(),
  Value: z.string(),
  TTL: z.number(),
  LineId: z.string(),
});
const created = ifKnown(z.object({ Response: z.object({ RecordId: z.number() }) }));
const recordList = z.object({ Response: z.object({ RecordList: z.array(record).nullable() }) });
const noDomains = { Response: { DomainList: [] } };
const noRecords = { Response: { RecordList: [] } };

const errorOf = (body: unknown) => failure.safeParse(body).data?.Response.Error;
const codeOf = (body: unknown) => errorOf(body)?.Code ?? "";

function judge({ status, body }: ApiAnswer): Verdict | undefined {
  const code = codeOf(body);
  if (code === "" || status >= 400) return undefined;
  if (/^(AuthFailure|UnauthorizedOperation)/.test(code)) return "credential";
  if (code.startsWith("RequestLimitExceeded")) return "rate_limited";
  if (/^(InternalError|ResourceUnavailable|ServiceUnavailable)/.test(code)) return "unavailable";
  if (/DomainNotExists|DomainIdInvalid|NoDataOfDomain|NoPermissionToOperateDomain|DomainInvalid/.test(code)) {
    return "zone_not_found";
  }
  return "refused";
}

/** Takes this failure for a success: what is wanted is so already. */
const unless =
  (wanted: RegExp) =>
  (answer: ApiAnswer): Verdict | undefined =>
    wanted.test(codeOf(answer.body)) ? "ok" : judge(answer);

/** A list with nothing in it comes as a failure. */
const orNothing = (code: string, nothing: object): RequestOptions => ({
  repeatable: true,
  judge: unless(new RegExp(code)),
  read: ({ body }) => (codeOf(body) === "" ? body : nothing),
});

const explain = (body: unknown) => {
  const error = errorOf(body);
  return error && `${error.Message} (${error.Code})`;
};

export const tencentcloud = defineProvider({
  id: "tencentcloud",
  title: "Tencent Cloud DNSPod",
  credentials: z.strictObject({
    secret_id: secret("SecretId", "of a CAM user that may do nothing but this; not a token of dnspod.cn"),
    secret_key: secret("SecretKey", "shown once, when the key is made"),
    session_token: secret("Session token", "of temporary credentials").optional(),
  }),
  needs: "the CAM policy QcloudDNSPodFullAccess",
  minimumTtl: 600,
  writes: "one record per value",

  connect({ secret_id, secret_key, session_token }, http) {
    const keys = { secretId: secret_id, secretKey: secret_key, sessionToken: session_token };
    const api = http.withBase(
      "https://dnspod.tencentcloudapi.com/",
      { "x-tc-version": "2021-03-23" },
      { judge, explain, sign: (request) => signTencent(request, keys, "dnspod", http.now()) },
    );

    const call = <Schema extends z.ZodType>(
      action: string,
      members: object,
      schema: Schema,
      options: RequestOptions = {},
    ) => api.ask("POST", "", members, schema, { ...options, headers: { "x-tc-action": action } });

    async function domains() {
      const all = await http.pages(async (cursor?: number) => {
        const Offset = cursor ?? 0;
        const options = orNothing("NoDataOfDomain", noDomains);
        const { Response } = await call("DescribeDomainList", { Offset, Limit: PAGE_SIZE }, domainList, options);
        const items = Response.DomainList ?? [];
        return { items, next: items.length < PAGE_SIZE ? undefined : Offset + PAGE_SIZE };
      });
      return all
        .filter(({ Status = "ENABLE" }) => Status.toUpperCase() === "ENABLE")
        .map(({ Name, Punycode }) => ({ own: Name, name: normaliseName(Punycode || Name) }));
    }

    const ownNames = new Map<string, string>();
    /** It calls international zones by their U-labels. */
    async function ownName(zone: string): Promise<string> {
      if (!zone.includes("xn--")) return zone;
      if (!ownNames.has(zone)) for (const { name, own } of await domains()) ownNames.set(name, own);
      return ownNames.get(zone) ?? zone;
    }

    const toRecord = async (zone: string, { name, type, value, ttl }: RecordValue) => ({
      Domain: await ownName(zone),
      SubDomain: relativeName(name, zone, "@"),
      RecordType: type,
      ...LINE,
      Value: value,
      TTL: ttl,
    });

    return {
      zones: async () => (await domains()).map(({ name }) => name),

      ...singleRecords({
        async stored(zone, { name, type }) {
          const Subdomain = relativeName(name, zone, "@");
          const wanted = { Domain: await ownName(zone), Subdomain, RecordType: type, Limit: PAGE_SIZE };
          const all = await http.pages(async (cursor?: number) => {
            const Offset = cursor ?? 0;
            const options = orNothing("NoDataOfRecord", noRecords);
            const { Response } = await call("DescribeRecordList", { ...wanted, Offset }, recordList, options);
            const items = Response.RecordList ?? [];
            return { items, next: items.length < PAGE_SIZE ? undefined : Offset + PAGE_SIZE };
          });
          return all
            .filter((one) => one.Type === type && one.LineId === "0" && one.Name.toLowerCase() === Subdomain)
            .map(({ RecordId, Value, TTL }) => ({ id: RecordId, content: Value, ttl: TTL }));
        },

        async create(zone, given) {
          const body = await toRecord(zone, given);
          const made = await call("CreateRecord", body, created, { judge: unless(/DomainRecordExist/) });
          return made && { id: made.Response.RecordId, content: given.value, ttl: given.ttl };
        },

        async change(zone, { id }, given) {
          await call("ModifyRecord", { ...(await toRecord(zone, given)), RecordId: id }, success);
        },

        async drop(zone, { id }) {
          const body = { Domain: await ownName(zone), RecordId: id };
          await call("DeleteRecord", body, z.unknown(), { judge: unless(/RecordIdInvalid|NoDataOfRecord/) });
        },
      }),
    };
  },
});
