/** Azure DNS's API, as its document has it: https://learn.microsoft.com/rest/api/dns/ */
import { z } from "zod";
import { azure } from "../../../src/dns/providers/azure";
import { quoteTxt, unquoteTxt } from "../../../src/dns/txt";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { withLogin } from "./login-contract";

const TENANT = "0f7a2b6c-tenant";
const CLIENT = "9d1e-client";
const SECRET = "azure-secret-fN3kq8~ZsV1";
const SUBSCRIPTION = "5c3a-subscription";
const LOGIN = `/${TENANT}/oauth2/v2.0/token`;
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Network`;
const SET = `${GROUP}/dnsZones/{zone}/{type}/{name}`;
const PAGE = 50;

const contract = withLogin(
  openApiContract("azure.yaml", {
    amend(document) {
      // Its nextLinks have this, which the document leaves out.
      const skip = { name: "$skipToken", in: "query", schema: { type: "string" } };
      for (const [path, { get }] of Object.entries<typeof document>(document.paths)) {
        if (/dnszones$/i.test(path)) get.parameters.push(skip);
      }
    },
  }),
  {
    [`POST ${LOGIN}`]: {
      body: z.strictObject({
        grant_type: z.literal("client_credentials"),
        client_id: z.string(),
        client_secret: z.string(),
        scope: z.literal("https://management.azure.com/.default"),
      }),
    },
  },
);

interface Properties {
  TTL: number;
  metadata?: object;
  TXTRecords?: { value: string[] }[];
  ARecords?: { ipv4Address: string }[];
  AAAARecords?: { ipv6Address: string }[];
  CNAMERecord?: { cname: string };
}

/** Zones are in the resource group "Net", in its own spelling; `groups` are those of others. */
export function azureFake({
  groups = {} as Record<string, string[]>,
  types = {} as Record<string, string>,
} = {}): FakeProvider & {
  /** What else is told of a set. */
  decorations: Map<string, { metadata?: object; targetResource?: { id: string } }>;
} {
  const zones = new FakeZones({ txt: "quoted", targets: "without dot" });
  const decorations = new Map<string, { metadata?: object; targetResource?: { id: string } }>();
  const groupsOf = (zone: string) => groups[zone] ?? ["Net"];

  const listed = (group?: string) =>
    zones.names().flatMap((name) =>
      groupsOf(name)
        .filter((one) => (group ?? one).toLowerCase() === one.toLowerCase())
        .map((one) => ({
          id: `/subscriptions/${SUBSCRIPTION}/resourcegroups/${one.toLowerCase()}/providers/Microsoft.Network/dnszones/${name}`,
          name,
          location: "global",
          etag: "z1",
          properties: { zoneType: types[name] ?? "Public" },
        })),
    );

  function list({ path, query }: Call, group?: string): FakeAnswer {
    const all = listed(group);
    const page = Number(query.$skipToken ?? 1);
    const next = `https://management.azure.com${path}?api-version=2018-05-01&$skipToken=${page + 1}`;
    return { body: { value: pageOf(all, page, PAGE), ...(page * PAGE < all.length ? { nextLink: next } : {}) } };
  }

  function find({ zone = "", name = "", type = "", group = "" }: Call["params"]) {
    const whole = name === "@" ? zone : `${name}.${zone}`;
    const isHere = zones.has(zone) && groupsOf(zone).some((one) => one.toLowerCase() === group.toLowerCase());
    const records = zones.records(zone, whole, type);
    const properties = { ...toProperties(type, records), ...decorations.get(whole) };
    const etag = etagOf(records);
    const set = records.length > 0 ? { etag, name, type: `Microsoft.Network/dnszones/${type}`, properties } : undefined;
    return { isHere, whole, set };
  }

  const api = fakeApi({
    contract,
    isWrite: ({ method }) => method === "PUT" || method === "DELETE",
    refuse: ({ path, headers }) =>
      path === LOGIN || headers.authorization === "Bearer eyJ0.token"
        ? undefined
        : failure(401, "InvalidAuthenticationToken", "The access token is invalid."),
    routes: {
      [`POST ${LOGIN}`]: ({ body }) =>
        (body as { client_secret: string }).client_secret === SECRET
          ? { body: { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599, access_token: "eyJ0.token" } }
          : {
              status: 401,
              body: { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret provided." },
            },

      [`GET /subscriptions/${SUBSCRIPTION}/providers/Microsoft.Network/dnszones`]: (call) => list(call),
      [`GET ${GROUP}/dnsZones`]: (call) => list(call, call.params.group),

      [`GET ${SET}`]: ({ params }) => {
        const { isHere, set } = find(params);
        if (!isHere) return failure(404, "ParentResourceNotFound", "The parent resource was not found.");
        return set ? { body: set } : failure(404, "NotFound", "The resource record was not found.");
      },

      [`PUT ${SET}`]: ({ params, headers, body }) => {
        const { isHere, whole, set } = find(params);
        if (!isHere) return failure(404, "ParentResourceNotFound", "The parent resource was not found.");
        const isGuarded = set ? headers["if-match"] === set.etag : headers["if-none-match"] === "*";
        if (!isGuarded) return failure(412, "PreconditionFailed", "The condition was not met.");
        const { properties } = body as { properties: Properties };
        const { zone = "", type = "" } = params;
        if (properties.metadata) decorations.set(whole, { metadata: properties.metadata });
        else decorations.delete(whole);
        zones.replace(zone, { name: whole, type, ttl: properties.TTL, contents: toContents(properties) });
        return { status: set ? 200 : 201, body: find(params).set };
      },

      [`DELETE ${SET}`]: ({ params, headers }) => {
        const { whole, set } = find(params);
        if (!set) return { status: 204 };
        if (headers["if-match"] !== set.etag) return failure(412, "PreconditionFailed", "The condition was not met.");
        zones.replace(params.zone ?? "", { name: whole, type: params.type ?? "", ttl: 0, contents: [] });
        return { status: 200 };
      },
    },
  });

  const credentials = {
    tenant_id: TENANT,
    client_id: CLIENT,
    client_secret: SECRET,
    subscription_id: SUBSCRIPTION,
  };
  return {
    ...fakeProvider({
      provider: azure,
      credentials,
      badCredentials: { ...credentials, client_secret: "azure-secret-of-another" },
      api,
      zones,
    }),
    decorations,
  };
}

const failure = (status: number, code: string, message: string): FakeAnswer => ({
  status,
  body: { error: { code, message } },
});

const etagOf = (records: FakeRecord[]) => `e${records.map(({ id, ttl }) => `${id}.${ttl}`).join("-")}`;

/** A value is an array of strings here, unquoted. */
const toStrings = (content: string) => [...content.matchAll(/"(?:[^"\\]|\\.)*"/g)].map(([one]) => unquoteTxt(one));

function toProperties(type: string, records: FakeRecord[]): Properties {
  const contents = records.map(({ content }) => content);
  const TTL = records[0]?.ttl ?? 0;
  if (type === "TXT") return { TTL, TXTRecords: contents.map((content) => ({ value: toStrings(content) })) };
  if (type === "A") return { TTL, ARecords: contents.map((ipv4Address) => ({ ipv4Address })) };
  if (type === "AAAA") return { TTL, AAAARecords: contents.map((ipv6Address) => ({ ipv6Address })) };
  return { TTL, CNAMERecord: { cname: contents[0] ?? "" } };
}

const toContents = ({ TXTRecords = [], ARecords = [], AAAARecords = [], CNAMERecord }: Properties): string[] => [
  ...TXTRecords.map(({ value }) => {
    if (value.some((one) => Buffer.byteLength(one) > 255)) throw new Error(`too long for one string: ${value}`);
    return value.map(quoteTxt).join(" ");
  }),
  ...ARecords.map(({ ipv4Address }) => ipv4Address),
  ...AAAARecords.map(({ ipv6Address }) => ipv6Address),
  ...(CNAMERecord ? [CNAMERecord.cname] : []),
];
