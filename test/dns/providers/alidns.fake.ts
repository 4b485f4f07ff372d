/** Alibaba Cloud DNS, as its reference has it: https://www.alibabacloud.com/help/en/dns/api-alidns-2015-01-09-overview */
import { domainToUnicode } from "node:url";
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { alidns } from "../../../src/dns/providers/alidns";
import { type Call, type FakeAnswer, fakeApi, type Route, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";
import { acs3Signature, authorizationOf, sha256 } from "./node-signatures";

const HOST = "alidns.aliyuncs.com";
const ID = "LTAIfN3kq8ZsV1";
const SECRET = "ali-secret-fN3kq8ZsV1";

const number = z.string().regex(/^\d+$/);
const page = (most: number) => ({ PageNumber: number, PageSize: number.refine((size) => Number(size) <= most) });
const content = {
  RR: z.string().min(1),
  Type: z.enum(["TXT", "A", "AAAA", "CNAME"]),
  Value: z.string().min(1),
  TTL: number.refine((ttl) => Number(ttl) >= 600),
  Line: z.literal("default"),
};

/** The members of each action. */
const ACTIONS: Record<string, z.ZodType> = {
  DescribeDomains: z.strictObject(page(100)),
  DescribeDomainRecords: z.strictObject({
    DomainName: z.string(),
    RRKeyWord: z.string(),
    TypeKeyWord: z.string(),
    ...page(500),
  }),
  AddDomainRecord: z.strictObject({ DomainName: z.string(), ...content }),
  UpdateDomainRecord: z.strictObject({ RecordId: number, ...content }),
  DeleteDomainRecord: z.strictObject({ RecordId: number }),
};

const written = writtenContract({
  "POST /": {
    query: z.record(z.string(), z.string()),
    headers: z.looseObject({ "x-acs-action": z.enum(Object.keys(ACTIONS)), "x-acs-version": z.literal("2015-01-09") }),
  },
});
const contract = {
  ...written,
  request: (call: Call) => [
    ...written.request(call),
    ...(ACTIONS[actionOf(call)]?.safeParse(call.query).error?.issues ?? []).map(
      ({ path, message }) => `${actionOf(call)}: ${path.join(".")}: ${message}`,
    ),
  ],
};

const actionOf = ({ headers }: Call) => headers["x-acs-action"] ?? "";

export function alidnsFake(): FakeProvider & {
  /** Records of other lines than the default one, by their ids. */
  lines: Map<number, string>;
} {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });
  const lines = new Map<number, string>();
  const nonces = new Set<string>();
  const zoneNamed = (own = "") => zones.names().find((zone) => domainToUnicode(zone) === own);
  const holder = (id = "") => zones.names().find((zone) => zones.find(zone, id));

  const toRecord = (zone: string, { id, name, type, content: Value, ttl }: FakeRecord) => ({
    RecordId: String(id),
    RR: relativeName(name, zone, "@"),
    Type: type,
    Value,
    TTL: ttl,
    Line: lines.get(id) ?? "default",
    Status: "ENABLE",
    Locked: false,
  });
  const fromQuery = (zone: string, { RR, Type = "", Value = "", TTL }: Call["query"]) => ({
    name: RR === "@" ? zone : `${RR}.${zone}`,
    type: Type,
    content: Value,
    ttl: Number(TTL),
  });

  const actions: Record<string, (query: Call["query"]) => FakeAnswer> = {
    DescribeDomains: ({ PageNumber, PageSize }) => {
      const all = zones.names().map((zone) => ({ DomainName: domainToUnicode(zone), PunyCode: zone, DomainId: "1" }));
      return answer({ TotalCount: all.length, Domains: { Domain: pageOf(all, Number(PageNumber), Number(PageSize)) } });
    },

    DescribeDomainRecords: ({ DomainName, RRKeyWord = "", TypeKeyWord, PageNumber, PageSize }) => {
      const zone = zoneNamed(DomainName);
      if (!zone) return noZone();
      const found = zones
        .records(zone, undefined, TypeKeyWord)
        .map((one) => toRecord(zone, one))
        .filter(({ RR }) => RR.includes(RRKeyWord))
        .reverse();
      const Record = pageOf(found, Number(PageNumber), Number(PageSize));
      return answer({ TotalCount: found.length, DomainRecords: { Record } });
    },

    AddDomainRecord: (query) => {
      const zone = zoneNamed(query.DomainName);
      if (!zone) return noZone();
      const given = fromQuery(zone, query);
      const isThere = zones
        .records(zone, given.name, given.type)
        .some(({ id, content: value }) => value === given.content && !lines.has(id));
      if (isThere) return failure(400, "DomainRecordDuplicate", "The DNS record already exists.");
      return answer({ RecordId: String(zones.create(zone, given).id) });
    },

    UpdateDomainRecord: (query) => {
      const zone = holder(query.RecordId);
      if (!zone) return noRecord();
      const { RecordId = "" } = query;
      zones.change(zone, RecordId, fromQuery(zone, query));
      return answer({ RecordId });
    },

    DeleteDomainRecord: ({ RecordId = "" }) => {
      const zone = holder(RecordId);
      if (!zone) return noRecord();
      zones.drop(zone, RecordId);
      return answer({ RecordId });
    },
  };

  const act: Route = (call) => actions[actionOf(call)]?.(call.query) ?? failure(404, "InvalidAction.NotFound", "None.");
  const api = fakeApi({
    contract,
    isWrite: (call) => !actionOf(call).startsWith("Describe"),
    refuse: (call) => refusal(call, nonces),
    routes: { "POST /": act },
  });

  return {
    ...fakeProvider({
      provider: alidns,
      credentials: { access_key_id: ID, access_key_secret: SECRET },
      badCredentials: { access_key_id: "LTAIofAnother", access_key_secret: SECRET },
      api,
      zones,
    }),
    lines,
  };
}

const answer = (body: object): FakeAnswer => ({ body: { RequestId: "536E9CAD", ...body } });
const failure = (status: number, Code: string, Message: string): FakeAnswer => ({
  status,
  body: { RequestId: "536E9CAD", HostId: HOST, Code, Message, Recommend: "https://api.alibabacloud.com/troubleshoot" },
});
const noZone = () => failure(400, "InvalidDomainName.NoExist", "The specified domain name does not exist.");
const noRecord = () => failure(400, "DomainRecordNotBelongToUser", "The DNS record is not yours.");

function refusal(call: Call, nonces: Set<string>): FakeAnswer | undefined {
  const { id, signature, signedHeaders } = authorizationOf(call);
  const { "x-acs-signature-nonce": nonce = "", "x-acs-content-sha256": hash } = call.headers;
  if (id !== ID) return failure(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
  const present = Object.keys(call.headers).filter((name) => name.startsWith("x-acs-"));
  const isRight =
    signature === acs3Signature(call, HOST, SECRET) &&
    signedHeaders === ["host", ...present].sort().join(";") &&
    hash === sha256(call.text) &&
    !nonces.has(nonce);
  nonces.add(nonce);
  return isRight
    ? undefined
    : failure(400, "SignatureDoesNotMatch", "Specified signature does not match our calculation.");
}
