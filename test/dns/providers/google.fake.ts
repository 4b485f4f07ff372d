/** Cloud DNS's API, as its document has it: https://cloud.google.com/dns/docs/reference/rest/v1 */
import { createVerify, generateKeyPairSync } from "node:crypto";
import { z } from "zod";
import { google } from "../../../src/dns/providers/google";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";
import { withLogin } from "./login-contract";

const PROJECT = "ada-dns";
const BASE = `/dns/v1/projects/${PROJECT}`;
const PAGE = 50;

const newKey = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const keys = newKey();
const pem = ({ privateKey }: ReturnType<typeof newKey>) => String(privateKey.export({ type: "pkcs8", format: "pem" }));
const document = (private_key: string) =>
  JSON.stringify({
    type: "service_account",
    project_id: PROJECT,
    private_key_id: "k1",
    private_key,
    client_email: "certedge@ada-dns.iam.gserviceaccount.com",
    token_uri: "https://oauth2.googleapis.com/token",
  });
const good = document(pem(keys));
const bad = document(pem(newKey()));

const contract = withLogin(openApiContract("google.yaml"), {
  "POST /token": {
    body: z.strictObject({
      grant_type: z.literal("urn:ietf:params:oauth:grant-type:jwt-bearer"),
      assertion: z.string(),
    }),
  },
});

interface Rrset {
  name: string;
  type: string;
  ttl: number;
  rrdatas: string[];
}

export function googleFake({
  visibility = {} as Record<string, string>,
  twice = "",
  policy = "",
} = {}): FakeProvider & {
  /** Seconds for which a token is good. */
  lifetime: number;
} {
  const zones = new FakeZones({ txt: "quoted", targets: "with dot" });
  const tokens = new Set<string>();
  const state = { lifetime: 3599 };

  const listed = () => [
    ...zones.names().map((name) => toZone(name, name.replaceAll(".", "-"))),
    ...(zones.has(twice) ? [toZone(twice, "another")] : []),
  ];
  const toZone = (dnsName: string, name: string) => ({
    kind: "dns#managedZone",
    id: "7420157134",
    name,
    dnsName: `${dnsName}.`,
    visibility: visibility[dnsName] ?? "public",
  });
  const nameOf = (name = "") => bare(listed().find((zone) => zone.name === name)?.dnsName);

  function apply(zone: string, { deletions = [], additions = [] }: { deletions?: Rrset[]; additions?: Rrset[] }) {
    const setOf = ({ name, type }: Rrset) => zones.records(zone, bare(name), type);
    for (const given of deletions) {
      const there = setOf(given);
      if (there.length === 0) return failure(404, "notFound", `The '${given.name}' resource does not exist.`);
      const isSame =
        there[0]?.ttl === given.ttl && there.map(({ content }) => content).join("\n") === given.rrdatas.join("\n");
      if (!isSame) return failure(412, "conditionNotMet", "Precondition not met for 'entity.change.deletions[0]'.");
    }
    for (const given of additions) {
      const isNew =
        setOf(given).length === 0 || deletions.some(({ name, type }) => name === given.name && type === given.type);
      if (!isNew) return failure(409, "alreadyExists", "The resource 'entity.change.additions[0]' already exists.");
    }
    for (const { name, type, ttl } of deletions) zones.replace(zone, { name: bare(name), type, ttl, contents: [] });
    for (const { name, type, ttl, rrdatas } of additions) {
      zones.replace(zone, { name: bare(name), type, ttl, contents: rrdatas });
    }
    return { body: { kind: "dns#change", id: "1", status: "pending", deletions, additions } };
  }

  const api = fakeApi({
    contract,
    isWrite: ({ method, path }) => method !== "GET" && path !== "/token",
    refuse: ({ path, headers }) =>
      path === "/token" || tokens.has(headers.authorization ?? "")
        ? undefined
        : failure(401, "authError", "Request had invalid authentication credentials."),
    routes: {
      "POST /token": ({ body }) => {
        const refused = wrongAssertion((body as { assertion: string }).assertion);
        if (refused) return { status: 400, body: { error: "invalid_grant", error_description: refused } };
        const access_token = `ya29.token-${tokens.size}`;
        tokens.add(`Bearer ${access_token}`);
        return { body: { access_token, expires_in: state.lifetime, token_type: "Bearer" } };
      },

      [`GET ${BASE}/managedZones`]: ({ query }) => {
        const found = listed().filter(({ dnsName }) => (query.dnsName ?? dnsName) === dnsName);
        const page = Number(query.pageToken ?? 1);
        const nextPageToken = page * PAGE < found.length ? { nextPageToken: String(page + 1) } : {};
        const managedZones = pageOf(found, page, PAGE);
        return {
          body: {
            kind: "dns#managedZonesListResponse",
            ...(managedZones.length > 0 ? { managedZones } : {}),
            ...nextPageToken,
          },
        };
      },

      [`GET ${BASE}/managedZones/{zone}`]: ({ params }) => {
        const zone = listed().find(({ name }) => name === params.zone);
        return zone ? { body: zone } : noZone();
      },

      [`GET ${BASE}/managedZones/{zone}/rrsets`]: ({ params, query }) => rrsets(nameOf(params.zone), query),

      [`POST ${BASE}/managedZones/{zone}/changes`]: ({ params, body }) => {
        const zone = nameOf(params.zone);
        return zone ? apply(zone, body as object) : noZone();
      },
    },
  });

  function rrsets(zone: string, { name, type = "" }: Call["query"]): FakeAnswer {
    if (!zone) return noZone();
    const there = zones.records(zone, bare(name), type);
    const [first] = there;
    const values = policy === first?.name ? { routingPolicy: {} } : { rrdatas: there.map(({ content }) => content) };
    const set = { kind: "dns#resourceRecordSet", name, type, ttl: first?.ttl, ...values };
    return { body: { kind: "dns#resourceRecordSetsListResponse", rrsets: first ? [set] : [] } };
  }

  return Object.assign(
    state,
    fakeProvider({
      provider: google,
      credentials: { service_account_key: good },
      badCredentials: { service_account_key: bad },
      api,
      zones,
    }),
  );
}

const bare = (name = "") => name.replace(/\.$/, "");

const failure = (code: number, reason: string, message: string): FakeAnswer => ({
  status: code,
  body: { error: { code, message, errors: [{ message, domain: "global", reason }] } },
});

const noZone = () => failure(404, "notFound", "The 'parameters.managedZone' resource does not exist.");

/** What Google would say of it; checked with OpenSSL. */
function wrongAssertion(assertion: string): string | undefined {
  const [header = "", claims = "", signature = ""] = assertion.split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString());
  const verified = createVerify("sha256").update(`${header}.${claims}`).verify(keys.publicKey, signature, "base64url");
  if (!verified) return "Invalid JWT Signature.";
  const isRight =
    JSON.stringify(read(header)) === '{"alg":"RS256","typ":"JWT","kid":"k1"}' &&
    z
      .strictObject({
        iss: z.literal("certedge@ada-dns.iam.gserviceaccount.com"),
        scope: z.literal("https://www.googleapis.com/auth/ndev.clouddns.readwrite"),
        aud: z.literal("https://oauth2.googleapis.com/token"),
        iat: z.int(),
        exp: z.int(),
      })
      .refine(({ iat, exp }) => exp === iat + 3600 && iat >= Date.UTC(2026, 0, 15) / 1000)
      .safeParse(read(claims)).success;
  return isRight ? undefined : "Invalid JWT: check the claims.";
}
