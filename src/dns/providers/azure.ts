/**
 * Azure DNS, public zones. Whole record sets, guarded by their ETags.
 * API: https://learn.microsoft.com/rest/api/dns/
 */
import { z } from "zod";
import { guardedSets, type HeldSet, type SetIdentity } from "../guarded-sets";
import { ifKnown, type RequestOptions } from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { fetchToken } from "../oauth";
import { choice, defineProvider, field, type RecordType, secret } from "../provider";
import { remembered } from "../remembered";
import { sameValue } from "../values";

/** Azure is several clouds that know nothing of each other. */
const CLOUDS = {
  public: { login: "https://login.microsoftonline.com", management: "https://management.azure.com" },
  usgovernment: { login: "https://login.microsoftonline.us", management: "https://management.usgovcloudapi.net" },
  china: { login: "https://login.chinacloudapi.cn", management: "https://management.chinacloudapi.cn" },
};

type Cloud = keyof typeof CLOUDS;

const VERSION = { "api-version": "2018-05-01" };
const LONGEST_STRING = 255;

const zoneList = z.object({
  value: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      properties: z.object({ zoneType: z.string().optional() }).optional(),
    }),
  ),
  nextLink: z.string().nullish(),
});

const txtRecord = z.object({ value: z.array(z.string()) });
const aRecord = z.object({ ipv4Address: z.string() });
const aaaaRecord = z.object({ ipv6Address: z.string() });
const cnameRecord = z.object({ cname: z.string() });
const recordSet = z.object({
  etag: z.string(),
  properties: z.object({
    TTL: z.number(),
    metadata: z.record(z.string(), z.string()).nullish(),
    targetResource: z.object({ id: z.string().nullish() }).nullish(),
    TXTRecords: z.array(txtRecord).nullish(),
    ARecords: z.array(aRecord).nullish(),
    AAAARecords: z.array(aaaaRecord).nullish(),
    CNAMERecord: cnameRecord.nullish(),
  }),
});

type Properties = z.infer<typeof recordSet>["properties"];

/** The strings of a TXT value; a single one of other types. */
type Content = string[];

interface Held extends HeldSet<Content> {
  etag: string;
  metadata: Properties["metadata"];
}

/** What a write answers; nothing where that has another form. */
const orStale = <Schema extends z.ZodType>(schema: Schema) => z.union([z.literal("stale"), ifKnown(schema)]);

function heldIn(type: RecordType, { etag, properties }: z.infer<typeof recordSet>): Held {
  return { etag, metadata: properties.metadata, ttl: properties.TTL, contents: contentsOf(type, properties) };
}

function contentsOf(type: RecordType, { TXTRecords, ARecords, AAAARecords, CNAMERecord }: Properties): Content[] {
  switch (type) {
    case "TXT":
      return (TXTRecords ?? []).map(({ value }) => value);
    case "A":
      return (ARecords ?? []).map(({ ipv4Address }) => [ipv4Address]);
    case "AAAA":
      return (AAAARecords ?? []).map(({ ipv6Address }) => [ipv6Address]);
    case "CNAME":
      return CNAMERecord ? [[CNAMERecord.cname]] : [];
    default:
      return [];
  }
}

function toProperties(type: RecordType, contents: Content[]): Partial<Properties> {
  const single = contents.map(([first = ""]) => first);
  switch (type) {
    case "TXT":
      return { TXTRecords: contents.map((value) => ({ value })) };
    case "A":
      return { ARecords: single.map((ipv4Address) => ({ ipv4Address })) };
    case "AAAA":
      return { AAAARecords: single.map((ipv6Address) => ({ ipv6Address })) };
    case "CNAME":
      return { CNAMERecord: { cname: single[0] ?? "" } };
    default:
      return {};
  }
}

/** Strings of at most 255 bytes, and of whole characters. */
function stringsOf(value: string): string[] {
  const strings = [""];
  for (const character of value) {
    const longer = strings.at(-1) + character;
    if (new TextEncoder().encode(longer).length <= LONGEST_STRING) strings[strings.length - 1] = longer;
    else strings.push(character);
  }
  return strings;
}

export const azure = defineProvider({
  id: "azure",
  title: "Azure DNS",
  credentials: z.strictObject({
    tenant_id: field("Tenant", "Entra ID / Overview / Tenant ID"),
    client_id: field("Client", "Entra ID / App registrations / Application (client) ID"),
    client_secret: secret(
      "Client secret",
      "its value, of Certificates & secrets; it ends at a date that you choose there",
    ),
    subscription_id: field("Subscription", "of the zones"),
    resource_group: field(
      "Resource group",
      "of the zones; where it is left out, the subscription is searched",
    ).optional(),
    environment: choice("Cloud", "public, usgovernment or china", Object.keys(CLOUDS) as Cloud[]).default("public"),
  }),
  needs: "the role DNS Zone Contributor for the zone, given to the app registration",
  minimumTtl: 1,
  writes: "whole record sets",

  connect({ tenant_id, client_id, client_secret, subscription_id, resource_group, environment }, http) {
    const cloud = CLOUDS[environment];
    const authorize = () =>
      fetchToken(http, cloud.login, path`${tenant_id}/oauth2/v2.0/token`, {
        grant_type: "client_credentials",
        client_id,
        client_secret,
        scope: `${cloud.management}/.default`,
      });
    const api = http.withBase(cloud.management, {}, { authorize });

    async function listZones() {
      const first = resource_group
        ? path`subscriptions/${subscription_id}/resourceGroups/${resource_group}/providers/Microsoft.Network/dnsZones`
        : path`subscriptions/${subscription_id}/providers/Microsoft.Network/dnszones`;
      const all = await http.pages(async (next?: string) => {
        const answer = await api.get(next ?? first, zoneList, next ? {} : { query: { ...VERSION, $top: 100 } });
        return { items: answer.value, next: answer.nextLink };
      });
      return all
        .filter(({ properties }) => properties?.zoneType !== "Private")
        .map(({ id, name }) => ({
          name: normaliseName(name),
          group: /\/resourceGroups\/([^/]+)/i.exec(id)?.[1] ?? "",
        }));
    }

    const groupOf = remembered(async (zone) => {
      if (resource_group) return resource_group;
      const [found, second] = (await listZones()).filter(({ name }) => name === zone);
      if (!found) throw http.error("zone_not_found", `The subscription shows no public zone ${zone}.`);
      if (second) throw http.error("zone_not_found", `${zone} is there twice: name the resource_group.`);
      return found.group;
    });

    async function setPath(zone: string, { name, type }: SetIdentity): Promise<string> {
      const within = path`subscriptions/${subscription_id}/resourceGroups/${await groupOf(zone)}`;
      return `${within}/providers/Microsoft.Network/${path`dnsZones/${zone}/${type}/${relativeName(name, zone, "@")}`}`;
    }

    return {
      zones: async () => (await listZones()).map(({ name }) => name),

      ...guardedSets<Content, Held>(http, {
        toContent: (type, value) => (type === "TXT" ? stringsOf(value) : [value]),
        holds: (type, content, value) =>
          type === "TXT" ? content.join("") === value : sameValue(type, content[0] ?? "", value),

        async read(zone, identity) {
          const found = await api.find(await setPath(zone, identity), recordSet, { query: VERSION });
          if (!found) return undefined;
          if (found.properties.targetResource?.id) {
            throw http.error("refused", `${identity.name} ${identity.type} is an alias there, which is left alone.`);
          }
          return heldIn(identity.type, found);
        },

        async write(zone, { set: identity, before, after }) {
          const at = await setPath(zone, identity);
          const options: RequestOptions = {
            query: VERSION,
            headers: before ? { "if-match": before.etag } : { "if-none-match": "*" },
            judge: ({ status }) => (status === 412 ? "ok" : undefined),
            read: ({ status, body }) => (status === 412 ? "stale" : body),
          };
          if (!after) return api.ask("DELETE", at, undefined, orStale(z.undefined()), { ...options, gone: "ok" });
          const metadata = before?.metadata ? { metadata: before.metadata } : {};
          const properties = { TTL: after.ttl, ...metadata, ...toProperties(identity.type, after.contents) };
          const answer = await api.ask("PUT", at, { properties }, orStale(recordSet), options);
          return answer && answer !== "stale" ? heldIn(identity.type, answer) : answer;
        },
      }),
    };
  },
});
