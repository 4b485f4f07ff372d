/** Tencent Cloud DNSPod's API 3.0, as its reference has it: https://www.tencentcloud.com/document/api/1157 */
import { domainToUnicode } from "node:url";
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { tencentcloud } from "../../../src/dns/providers/tencentcloud";
import { type Call, type FakeAnswer, fakeApi, type Route, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";
import { authorizationOf, tc3Signature } from "./node-signatures";

const HOST = "dnspod.tencentcloudapi.com";
const ID = "AKIDfN3kq8ZsV1";
const SECRET = "tc-secret-fN3kq8ZsV1";
/** Its real pages hold 3000. */
const PAGE = 3000;

const content = {
  Domain: z.string(),
  SubDomain: z.string().min(1),
  RecordType: z.enum(["TXT", "A", "AAAA", "CNAME"]),
  RecordLine: z.literal("默认"),
  RecordLineId: z.literal("0"),
  Value: z.string().min(1),
  TTL: z.int().min(600).max(604_800),
};
const paging = { Offset: z.int(), Limit: z.int().max(PAGE) };

const ACTIONS: Record<string, z.ZodType> = {
  DescribeDomainList: z.strictObject(paging),
  DescribeRecordList: z.strictObject({ Domain: z.string(), Subdomain: z.string(), RecordType: z.string(), ...paging }),
  CreateRecord: z.strictObject(content),
  ModifyRecord: z.strictObject({ RecordId: z.int(), ...content }),
  DeleteRecord: z.strictObject({ Domain: z.string(), RecordId: z.int() }),
};

const written = writtenContract({
  "POST /": {
    body: z.record(z.string(), z.unknown()),
    headers: z.looseObject({
      "content-type": z.literal("application/json"),
      "x-tc-action": z.enum(Object.keys(ACTIONS)),
      "x-tc-version": z.literal("2021-03-23"),
    }),
  },
});
const contract = {
  ...written,
  request: (call: Call) => [
    ...written.request(call),
    ...(ACTIONS[actionOf(call)]?.safeParse(call.body).error?.issues ?? []).map(
      ({ path, message }) => `${actionOf(call)}: ${path.join(".")}: ${message}`,
    ),
  ],
};

const actionOf = ({ headers }: Call) => headers["x-tc-action"] ?? "";

interface Given {
  Domain?: string;
  Subdomain?: string;
  SubDomain?: string;
  RecordType?: string;
  RecordId?: number;
  Value?: string;
  TTL?: number;
  Offset?: number;
  Limit?: number;
}

export function tencentcloudFake(statuses: Record<string, string> = {}): FakeProvider & {
  /** Records of other lines than the default one, by their ids. */
  lines: Map<number, string>;
} {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const lines = new Map<number, string>();
  const zoneNamed = (own = "") => zones.names().find((zone) => domainToUnicode(zone) === own);
  const pageOf = (items: object[], { Offset = 0, Limit = 20 }: Given) => items.slice(Offset, Offset + Limit);

  const toRecord = (zone: string, { id, name, type, content: Value, ttl }: FakeRecord) => ({
    RecordId: id,
    Name: relativeName(name, zone, "@"),
    Type: type,
    Value,
    TTL: ttl,
    Line: lines.has(id) ? "电信" : "默认",
    LineId: lines.get(id) ?? "0",
    Status: "ENABLE",
    MX: 0,
  });
  const fromBody = (zone: string, { SubDomain, RecordType = "", Value = "", TTL = 0 }: Given) => ({
    name: SubDomain === "@" ? zone : `${SubDomain}.${zone}`,
    type: RecordType,
    content: Value,
    ttl: TTL,
  });

  const actions: Record<string, (given: Given, zone: string) => FakeAnswer> = {
    DescribeDomainList: (given) => {
      const all = zones.names().map((zone) => ({
        DomainId: 1,
        Name: domainToUnicode(zone),
        Punycode: zone,
        Status: statuses[zone] ?? "ENABLE",
      }));
      if (all.length === 0) return failure("ResourceNotFound.NoDataOfDomain", "The domain list is empty.");
      return answer({ DomainCountInfo: { AllTotal: all.length }, DomainList: pageOf(all, given) });
    },

    DescribeRecordList: (given, zone) => {
      const name = given.Subdomain === "@" ? zone : `${given.Subdomain}.${zone}`;
      const all = zones.records(zone, name, given.RecordType).map((one) => toRecord(zone, one));
      if (all.length === 0) return failure("ResourceNotFound.NoDataOfRecord", "The record list is empty.");
      return answer({ RecordCountInfo: { TotalCount: all.length }, RecordList: pageOf(all, given) });
    },

    CreateRecord: (given, zone) => {
      const made = fromBody(zone, given);
      const there = zones.records(zone, made.name, made.type).filter(({ id }) => !lines.has(id));
      if (there.some(({ content: value }) => value === made.content)) {
        return failure("InvalidParameter.DomainRecordExist", "The record already exists.");
      }
      return answer({ RecordId: zones.create(zone, made).id });
    },

    ModifyRecord: (given, zone) => {
      const changed = zones.change(zone, given.RecordId ?? 0, fromBody(zone, given));
      return changed ? answer({ RecordId: changed.id }) : noRecord();
    },

    DeleteRecord: (given, zone) => (zones.drop(zone, given.RecordId ?? 0) ? answer({}) : noRecord()),
  };

  const act: Route = (call) => {
    const given = call.body as Given;
    const zone = zoneNamed(given.Domain);
    if (given.Domain !== undefined && !zone) return failure("InvalidParameterValue.DomainNotExists", "No such domain.");
    return actions[actionOf(call)]?.(given, zone ?? "") ?? failure("InvalidAction", "None.");
  };

  const api = fakeApi({
    contract,
    isWrite: (call) => !actionOf(call).startsWith("Describe"),
    refuse: refusal,
    routes: { "POST /": act },
  });

  return {
    ...fakeProvider({
      provider: tencentcloud,
      credentials: { secret_id: ID, secret_key: SECRET },
      badCredentials: { secret_id: ID, secret_key: "tc-secret-of-another" },
      api,
      zones,
    }),
    lines,
  };
}

const answer = (Response: object): FakeAnswer => ({ body: { Response: { RequestId: "162a7d19", ...Response } } });
const failure = (Code: string, Message: string) => answer({ Error: { Code, Message } });
const noRecord = () => failure("InvalidParameter.RecordIdInvalid", "The record id is invalid.");

function refusal(call: Call): FakeAnswer | undefined {
  const { id, signature, signedHeaders, scope } = authorizationOf(call);
  const seconds = Number(call.headers["x-tc-timestamp"]);
  const date = new Date(seconds * 1000).toISOString().slice(0, 10);
  const isRight =
    id === ID &&
    signedHeaders === "content-type;host;x-tc-action" &&
    scope === `${date}/dnspod/tc3_request` &&
    signature === tc3Signature(call, HOST, SECRET);
  return isRight
    ? undefined
    : failure("AuthFailure.SignatureFailure", "The provided credentials could not be validated.");
}
