/**
 * Amazon Route 53. Whole record sets; what was read is deleted and what is to be is created in one batch, which fails as a
 * whole where somebody else has changed the set. API: https://docs.aws.amazon.com/Route53/latest/APIReference/
 */
import { z } from "zod";
import { strictQuery } from "../canonical-request";
import { guardedSets, type HeldSet, type SetIdentity } from "../guarded-sets";
import type { ApiAnswer } from "../http";
import { path } from "../http-request";
import { normaliseName } from "../names";
import { toPresentation } from "../presentation";
import { defineProvider, field, type RecordType, recordTypes, secret, shaped } from "../provider";
import { remembered } from "../remembered";
import { type AwsKeys, signAws } from "../sigv4";
import { quoteTxt } from "../txt";
import { sameValue } from "../values";
import { all, escapeXml, parseXml, textAt, type XmlElement } from "../xml";
import { codeOf, element, judge, messagesOf } from "./aws-answers";
import { assumeRole } from "./aws-role";

const NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/";
/** What an InvalidChangeBatch says when the set is not any more what was read. */
const STALE = /already exists|was not found|do not match the current values/;

const isStale = ({ status, body }: ApiAnswer) =>
  status === 400 && codeOf(body) === "InvalidChangeBatch" && STALE.test(messagesOf(body));

/** Route 53 is one service for each partition, whatever region somebody works in. */
function endpointOf(region: string): { base: string; region: string } {
  if (region.startsWith("cn-")) return { base: "https://route53.amazonaws.com.cn", region: "cn-northwest-1" };
  if (region.startsWith("us-gov-")) return { base: "https://route53.us-gov.amazonaws.com", region: "us-gov-west-1" };
  return { base: "https://route53.amazonaws.com", region: "us-east-1" };
}

/** Escapes here are octal, where RFC 1035 §5.1 has them decimal. */
const toOctal = (text: string) => respell(text, 10, 8);
const toDecimal = (text: string) => respell(text, 8, 10);
const respell = (text: string, from: number, to: number) =>
  text.replace(/\\(?:(\d{3})|.)/g, (whole, digits) =>
    digits ? `\\${Number.parseInt(digits, from).toString(to).padStart(3, "0")}` : whole,
  );

const readName = (name: string) =>
  normaliseName(name.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))));

function toContent(type: RecordType, value: string): string {
  if (type === "TXT") return toOctal(quoteTxt(value));
  return toPresentation(type, value);
}

const toXml = (action: string, { name, type }: SetIdentity, { ttl, contents }: HeldSet<string>) =>
  `<Change><Action>${action}</Action><ResourceRecordSet><Name>${escapeXml(name)}.</Name><Type>${type}</Type>` +
  `<TTL>${ttl}</TTL><ResourceRecords>${contents
    .map((content) => `<ResourceRecord><Value>${escapeXml(content)}</Value></ResourceRecord>`)
    .join("")}</ResourceRecords></ResourceRecordSet></Change>`;

const batch = (changes: string[]) =>
  `<?xml version="1.0" encoding="UTF-8"?><ChangeResourceRecordSetsRequest xmlns="${NAMESPACE}">` +
  `<ChangeBatch><Changes>${changes.join("")}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`;

export const route53 = defineProvider({
  id: "route53",
  title: "Amazon Route 53",
  credentials: z
    .strictObject({
      access_key_id: secret("Access key id", "of an IAM user that may do nothing but this"),
      secret_access_key: secret("Secret access key", "shown once, when the access key is made"),
      region: field("Region", "decides about China and GovCloud only").default("us-east-1"),
      session_token: secret("Session token", "of temporary credentials").optional(),
      hosted_zone_id: field(
        "Hosted zone id",
        "where the credential may see one zone only, or two have one name",
      ).optional(),
      role_arn: shaped(
        "Role",
        "arn:aws:iam::123456789012:role/certedge: of another account, whose zones it may write to",
        /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/,
        "Give the whole ARN of the role, as in arn:aws:iam::123456789012:role/certedge.",
      ).optional(),
      external_id: shaped(
        "External id",
        "where the role's trust policy asks for one",
        /^[\w+=,.@:/-]{2,1224}$/,
        "It has 2 to 1224 letters, digits and + = , . @ : / - _.",
      ).optional(),
    })
    .refine(({ role_arn, external_id }) => role_arn !== undefined || external_id === undefined, {
      path: ["role_arn"],
      message: "The external_id is for a role: give the role_arn, too.",
    }),
  needs:
    "sts:AssumeRole where a role is named, and route53:ListHostedZones and ListHostedZonesByName (GetHostedZone where the id is given), ListResourceRecordSets and ChangeResourceRecordSets",
  minimumTtl: 0,
  writes: "whole record sets",
  recordTypes,

  connect({ region, hosted_zone_id, role_arn, external_id, ...own }, http) {
    const endpoint = endpointOf(region);
    const { access_key_id: accessKeyId, secret_access_key: secretAccessKey, session_token: sessionToken } = own;
    const ownKeys: AwsKeys = { accessKeyId, secretAccessKey, sessionToken };
    let keys = ownKeys;

    async function authorize(arn: string) {
      const session = await assumeRole(http, { arn, externalId: external_id }, ownKeys, endpoint.region);
      keys = session.keys;
      return session;
    }

    const api = http.withBase(
      `${endpoint.base}/2013-04-01/`,
      {},
      {
        judge,
        explain: messagesOf,
        parse: parseXml,
        ...(role_arn ? { authorize: () => authorize(role_arn) } : {}),
        sign: (request) => signAws(request, keys, { region: endpoint.region, service: "route53" }, http.now()),
      },
    );

    const readZone = (zone: XmlElement) => ({
      id: (textAt(zone, "Id") ?? "").replace("/hostedzone/", ""),
      name: readName(textAt(zone, "Name") ?? ""),
      isPrivate: textAt(zone, "Config", "PrivateZone") === "true",
    });

    async function onlyZone(id: string) {
      const answer = await api.get(path`hostedzone/${id}`, element("GetHostedZoneResponse"));
      return all(answer, "HostedZone").map(readZone);
    }

    async function listZones() {
      const found = hosted_zone_id
        ? await onlyZone(hosted_zone_id)
        : await http.pages(async (marker?: string) => {
            const query = strictQuery([["maxitems", "100"], ...(marker ? ([["marker", marker]] as const) : [])]);
            const answer = await api.get(`hostedzone?${query}`, element("ListHostedZonesResponse"));
            return {
              items: all(answer, "HostedZones", "HostedZone").map(readZone),
              next: textAt(answer, "NextMarker"),
            };
          });
      return found.filter(({ isPrivate }) => !isPrivate);
    }

    /** The list begins at the name, it is no filter. */
    async function zonesNamed(name: string) {
      const query = strictQuery([
        ["dnsname", `${name}.`],
        ["maxitems", "100"],
      ]);
      const answer = await api.get(`hostedzonesbyname?${query}`, element("ListHostedZonesByNameResponse"));
      return all(answer, "HostedZones", "HostedZone")
        .map(readZone)
        .filter((zone) => zone.name === name && !zone.isPrivate);
    }

    const setsPath = remembered(async (name) => {
      if (hosted_zone_id) return path`hostedzone/${hosted_zone_id}/rrset`;
      const [zone, second] = await zonesNamed(name);
      if (!zone) throw http.error("zone_not_found", `The credential sees no public zone ${name}.`);
      if (second) throw http.error("zone_not_found", `${name} is there twice: name the hosted_zone_id.`);
      return path`hostedzone/${zone.id}/rrset`;
    });

    return {
      zones: async () => (await listZones()).map(({ name }) => name),

      ...guardedSets<string, HeldSet<string>>(http, {
        toContent,
        holds: (type, content, value) => sameValue(type, type === "TXT" ? toDecimal(content) : content, value),

        async read(zone, { name, type }) {
          const query = strictQuery([
            ["name", `${name}.`],
            ["type", type],
            ["maxitems", "1"],
          ]);
          const answer = await api.get(`${await setsPath(zone)}?${query}`, element("ListResourceRecordSetsResponse"));
          const [set] = all(answer, "ResourceRecordSets", "ResourceRecordSet");
          if (!set || readName(textAt(set, "Name") ?? "") !== name || textAt(set, "Type") !== type) return undefined;
          if (all(set, "AliasTarget").length > 0 || all(set, "SetIdentifier").length > 0) {
            throw http.error("refused", `${name} ${type} is an alias or a routing policy there, which is left alone.`);
          }
          const contents = all(set, "ResourceRecords", "ResourceRecord").map((one) => textAt(one, "Value") ?? "");
          return { ttl: Number(textAt(set, "TTL")), contents };
        },

        async writeAll(zone, sets) {
          const changes = sets.flatMap(({ set, before, after }) => [
            ...(before ? [toXml("DELETE", set, before)] : []),
            ...(after ? [toXml("CREATE", set, after)] : []),
          ]);
          const isDone = await api.ask("POST", await setsPath(zone), batch(changes), z.boolean(), {
            headers: { "content-type": "text/xml" },
            judge: (answer) => (isStale(answer) ? "ok" : judge(answer)),
            read: ({ status }) => status < 300,
          });
          return isDone ? sets.map(({ after }) => after) : "stale";
        },
      }),
    };
  },
});
