/** Route 53's API, as its Smithy model has it: https://docs.aws.amazon.com/Route53/latest/APIReference/ */
import { z } from "zod";
import { route53 } from "../../../src/dns/providers/route53";
import { all, escapeXml, parseXml, textAt, type XmlElement } from "../../../src/dns/xml";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";
import { withLogin } from "./login-contract";
import { authorizationOf, awsSignature } from "./node-signatures";
import { smithyContract } from "./smithy-contract";

const NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/";
const BASE = "/2013-04-01";
const ID = "AKIDfN3kq8ZsV1";
const SECRET = "aws-secret-fN3kq8ZsV1/Kx0";
const PAGE = 100;

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const STS = "https://sts.amazonaws.com/doc/2011-06-15/";
const contract = withLogin(smithyContract("route53.smithy.json", NAMESPACE), {
  "POST /": {
    body: z.strictObject({
      Action: z.literal("AssumeRole"),
      Version: z.literal("2011-06-15"),
      RoleArn: z.string().min(20).max(2048),
      RoleSessionName: z.string().regex(/^[\w+=,.@-]{2,64}$/),
      DurationSeconds: z.coerce.number().min(900).max(43_200),
      ExternalId: z
        .string()
        .regex(/^[\w+=,.@:/-]{2,1224}$/)
        .optional(),
    }),
  },
});

/** What may be assumed by the keys; nothing else opens the zones, then. */
export interface Route53Role {
  arn: string;
  externalId?: string;
}

export interface Route53Zone {
  isPrivate?: boolean;
}

interface GivenSet {
  name: string;
  type: string;
  ttl: number;
  contents: string[];
}

/** The id of the zone at some place of the list; zones of `twice` are there once more. */
const idOf = (index: number) => `Z${String(index).padStart(12, "0")}`;

export function route53Fake({
  region = "us-east-1",
  about = {} as Record<string, Route53Zone>,
  twice = "",
  role = undefined as Route53Role | undefined,
} = {}): FakeProvider & {
  /** Adds to a set what the API tells of it: an alias, a routing policy. */
  decorate(name: string, xml: string): void;
} {
  const isChina = region.startsWith("cn-");
  const suffix = isChina ? ".cn" : "";
  const stsHost = `sts.${isChina ? "cn-northwest-1" : "us-east-1"}.amazonaws.com${suffix}`;
  /** The secrets and ends of sessions, by the keys' ids. */
  const sessions = new Map<string, { secret: string; token: string; end: number }>();
  const zones = new FakeZones({ txt: "quoted", targets: "with dot" });
  const extras = new Map<string, string>();
  const host = `route53.amazonaws.com${suffix}`;

  const listed = () =>
    [...zones.names(), ...(zones.has(twice) ? [twice] : [])].map((name, index) => ({ id: idOf(index), name }));
  const nameOf = (id = "") => listed().find((zone) => zone.id === id)?.name ?? "";
  const toZone = ({ id, name }: { id: string; name: string }) =>
    `<HostedZone><Id>/hostedzone/${id}</Id><Name>${name}.</Name><CallerReference>made by hand</CallerReference>` +
    `<Config><PrivateZone>${about[name]?.isPrivate ?? false}</PrivateZone></Config></HostedZone>`;

  const setsOf = (zone: string) =>
    [...Map.groupBy(zones.records(zone), ({ name, type }) => `${sortable(name)} ${type}`)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, records]) => ({ key, records }));

  function apply(zone: string, action: string, { name, type, ttl, contents }: GivenSet): string | undefined {
    const there = zones.records(zone, name, type);
    const tried = (what: string) => `Tried to ${what} resource record set [name='${name}.', type='${type}'] but`;
    if (action === "CREATE" && there.length > 0) return `${tried("create")} it already exists`;
    if (action === "DELETE") {
      if (there.length === 0) return `${tried("delete")} it was not found`;
      const isSame =
        there[0]?.ttl === ttl &&
        there
          .map(({ content }) => content)
          .sort()
          .join() === contents.sort().join();
      if (!isSame) return `${tried("delete")} the values provided do not match the current values`;
    }
    zones.replace(zone, { name, type, ttl, contents: action === "DELETE" ? [] : contents });
    return undefined;
  }

  const api = fakeApi({
    contract,
    refuse: (call) => {
      if (call.path === "/") return refusal(call, stsHost, ID, SECRET);
      if (!role) return refusal(call, host, ID, SECRET);
      const { id } = authorizationOf(call);
      const session = sessions.get(id);
      if (!session) return failure(403, "AccessDenied", "The user may not do this.");
      if (session.token !== call.headers["x-amz-security-token"]) return failure(403, "InvalidClientTokenId", "No.");
      if (timeOf(call) >= session.end) return failure(403, "ExpiredToken", "The token has expired.");
      return refusal(call, host, id, session.secret);
    },
    isWrite: ({ method, path }) => method !== "GET" && path !== "/",
    routes: {
      "POST /": (call) => {
        const { RoleArn, ExternalId, DurationSeconds } = call.body as Record<string, string>;
        if (RoleArn !== role?.arn || ExternalId !== role?.externalId) {
          return failure(403, "AccessDenied", `User: ada is not authorized to perform: sts:AssumeRole on ${RoleArn}`);
        }
        const number = sessions.size + 1;
        const end = timeOf(call) + Number(DurationSeconds);
        const [id, secret, token] = [`ASIA${number}`, `role-secret-${number}/x+Q`, `role-token-${number}==`];
        sessions.set(id, { secret, token, end });
        const expiration = new Date(end * 1000).toISOString();
        const keys = `<AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey>`;
        return {
          text:
            `<AssumeRoleResponse xmlns="${STS}"><AssumeRoleResult><Credentials>${keys}<SessionToken>${token}</SessionToken>` +
            `<Expiration>${expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
        };
      },

      [`GET ${BASE}/hostedzone`]: ({ query }) => {
        const start = Math.max(
          0,
          listed().findIndex(({ id }) => id === query.marker),
        );
        const size = Math.min(PAGE, Number(query.maxitems ?? PAGE));
        const page = listed().slice(start, start + size);
        const next = listed()[start + size];
        return answer(
          "ListHostedZonesResponse",
          `<HostedZones>${page.map(toZone).join("")}</HostedZones><Marker>${query.marker ?? ""}</Marker>` +
            `<IsTruncated>${next !== undefined}</IsTruncated>${next ? `<NextMarker>${next.id}</NextMarker>` : ""}<MaxItems>${size}</MaxItems>`,
        );
      },

      [`GET ${BASE}/hostedzone/{zone}`]: ({ params }) => {
        const zone = listed().find(({ id }) => id === params.zone);
        return zone ? answer("GetHostedZoneResponse", toZone(zone)) : noZone();
      },

      [`GET ${BASE}/hostedzonesbyname`]: ({ query }) => {
        const sorted = listed().sort((a, b) => (sortable(a.name) < sortable(b.name) ? -1 : 1));
        const from = sorted.filter(({ name }) => sortable(name) >= sortable(bare(query.dnsname)));
        const size = Number(query.maxitems);
        return answer(
          "ListHostedZonesByNameResponse",
          `<HostedZones>${pageOf(from, 1, size).map(toZone).join("")}</HostedZones><IsTruncated>${from.length > size}</IsTruncated><MaxItems>${size}</MaxItems>`,
        );
      },

      [`GET ${BASE}/hostedzone/{zone}/rrset`]: ({ params, query }) => {
        const zone = nameOf(params.zone);
        if (!zone) return noZone();
        const start = `${sortable(bare(query.name))} ${query.type}`;
        const size = Number(query.maxitems ?? 300);
        const from = setsOf(zone).filter(({ key }) => key >= start);
        const sets = pageOf(from, 1, size).map(({ records: [first, ...others] }) => {
          if (!first) return "";
          const values = [first, ...others].map(
            ({ content }) => `<ResourceRecord><Value>${escapeXml(content)}</Value></ResourceRecord>`,
          );
          const extra = extras.get(first.name) ?? "";
          return (
            `<ResourceRecordSet><Name>${first.name.replace("*", "\\052")}.</Name><Type>${first.type}</Type>` +
            (extra || `<TTL>${first.ttl}</TTL><ResourceRecords>${values.join("")}</ResourceRecords>`) +
            "</ResourceRecordSet>"
          );
        });
        return answer(
          "ListResourceRecordSetsResponse",
          `<ResourceRecordSets>${sets.join("")}</ResourceRecordSets><IsTruncated>${from.length > size}</IsTruncated><MaxItems>${size}</MaxItems>`,
        );
      },

      [`POST ${BASE}/hostedzone/{zone}/rrset`]: ({ params, text }) => {
        const zone = nameOf(params.zone);
        if (!zone) return noZone();
        // All of a batch, or nothing of it.
        const before = structuredClone(zones.records(zone));
        for (const change of all(parseXml(text), "ChangeBatch", "Changes", "Change")) {
          const refused = apply(zone, textAt(change, "Action") ?? "", readSet(change));
          if (refused === undefined) continue;
          restore(zone, before);
          return failure(400, "InvalidChangeBatch", `[${refused}]`);
        }
        const info =
          "<Id>/change/C2682N5HXP0BZ4</Id><Status>PENDING</Status><SubmittedAt>2026-01-15T00:00:00Z</SubmittedAt>";
        return answer("ChangeResourceRecordSetsResponse", `<ChangeInfo>${info}</ChangeInfo>`);
      },
    },
  });

  function restore(zone: string, before: ReturnType<FakeZones["records"]>): void {
    for (const { id } of zones.records(zone)) zones.drop(zone, id);
    for (const one of before) zones.create(zone, one);
  }

  const credentials = { access_key_id: ID, secret_access_key: SECRET, region };
  return {
    ...fakeProvider({
      provider: route53,
      credentials,
      badCredentials: { ...credentials, secret_access_key: "aws-secret-of-another" },
      api,
      zones,
    }),
    failureBody: (words) => `<ErrorResponse><Error><Message>${escapeXml(words)}</Message></Error></ErrorResponse>`,
    decorate: (name, xml) => extras.set(name, xml),
  };
}

const bare = (name = "") => name.replace(/\.$/, "");

/** Route 53 sorts by labels from the last on. */
const sortable = (name: string) => name.replace("*", "\\052").split(".").reverse().join(".");

const readSet = (change: XmlElement): GivenSet => ({
  name: bare(textAt(change, "ResourceRecordSet", "Name")),
  type: textAt(change, "ResourceRecordSet", "Type") ?? "",
  ttl: Number(textAt(change, "ResourceRecordSet", "TTL")),
  contents: all(change, "ResourceRecordSet", "ResourceRecords", "ResourceRecord", "Value").map(({ text }) => text),
});

/** Seconds, as the request is dated. */
const timeOf = ({ headers }: Call) =>
  Date.parse((headers["x-amz-date"] ?? "").replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z")) /
  1000;

function refusal(call: Call, host: string, wanted: string, secret: string): FakeAnswer | undefined {
  const { id, signature } = authorizationOf(call);
  if (id !== wanted)
    return failure(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
  return signature === awsSignature(call, host, secret)
    ? undefined
    : failure(
        403,
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided.",
      );
}

const answer = (name: string, inner: string): FakeAnswer => ({
  text: `<?xml version="1.0"?>\n<${name} xmlns="${NAMESPACE}">${inner}</${name}>`,
});

const failure = (status: number, code: string, message: string): FakeAnswer => ({
  status,
  text: `<?xml version="1.0"?>\n<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>b25f48e8</RequestId></ErrorResponse>`,
});

const noZone = () => failure(404, "NoSuchHostedZone", "No hosted zone found with that id.");
