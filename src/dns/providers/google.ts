/**
 * Google Cloud DNS. Whole record sets; a change names the set as it was read, and fails as a whole where it is another by now.
 * API: https://cloud.google.com/dns/docs/reference/rest/v1
 */
import { SignJWT } from "jose";
import { z } from "zod";
import { guardedSets, type HeldSet, type SetIdentity } from "../guarded-sets";
import type { ApiAnswer, ProviderHttp, Token, Verdict } from "../http";
import { path } from "../http-request";
import { normaliseName } from "../names";
import { fetchToken } from "../oauth";
import { toPresentation } from "../presentation";
import { defineProvider, field, recordTypes, secretText } from "../provider";
import { remembered } from "../remembered";
import { importRsaKey } from "../rsa-key";
import { sameValue } from "../values";

const TOKENS = "https://oauth2.googleapis.com";
const SCOPE = "https://www.googleapis.com/auth/ndev.clouddns.readwrite";
const HOUR = 3600;
/** Answers to a change of a set that is not what was read: it exists, it is another, it is gone. */
const STALE = [409, 412, 404];

const serviceAccount = z.object({
  client_email: z.string(),
  private_key: z.string(),
  private_key_id: z.string().optional(),
  project_id: z.string().optional(),
});
const managedZone = z.object({ name: z.string(), dnsName: z.string(), visibility: z.string().optional() });
const managedZones = z.object({
  kind: z.literal("dns#managedZonesListResponse"),
  managedZones: z.array(managedZone).default([]),
  nextPageToken: z.string().optional(),
});
const rrset = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.number().default(0),
  rrdatas: z.array(z.string()).default([]),
  routingPolicy: z.unknown().optional(),
});
const rrsets = z.object({ rrsets: z.array(rrset).default([]) });
const failure = z.object({ error: z.object({ errors: z.array(z.object({ reason: z.string() })) }) });

/** Its rate limit is a 403 like any other. */
function judge({ status, body }: ApiAnswer): Verdict | undefined {
  const reasons = failure.safeParse(body).data?.error.errors ?? [];
  return status === 403 && reasons.some(({ reason }) => /rateLimitExceeded/i.test(reason)) ? "rate_limited" : undefined;
}

function readAccount(text: string) {
  try {
    return serviceAccount.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** https://developers.google.com/identity/protocols/oauth2/service-account#authorizingrequests (RFC 7523) */
async function authorize(account: z.infer<typeof serviceAccount>, http: ProviderHttp): Promise<Token> {
  const key = await importRsaKey(account.private_key, "SHA-256");
  if (!key) throw http.error("credential", "The private_key of the service account key is no RSA key.");
  const now = Math.floor(http.now() / 1000);
  const assertion = await new SignJWT({ scope: SCOPE })
    .setProtectedHeader({
      alg: "RS256",
      typ: "JWT",
      ...(account.private_key_id ? { kid: account.private_key_id } : {}),
    })
    .setIssuer(account.client_email)
    .setAudience(`${TOKENS}/token`)
    .setIssuedAt(now)
    .setExpirationTime(now + HOUR)
    .sign(key);
  return fetchToken(http, TOKENS, "token", { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion });
}

const toRrset = ({ name, type }: SetIdentity, { ttl, contents }: HeldSet<string>) => ({
  name: `${name}.`,
  type,
  ttl,
  rrdatas: contents,
});

export const google = defineProvider({
  id: "google",
  title: "Google Cloud DNS",
  credentials: z.strictObject({
    service_account_key: secretText("Service account key", "the JSON document of IAM / Service accounts / Keys, whole"),
    project_id: field("Project", "of the zones, where it is not that of the service account").optional(),
    managed_zone: field("Managed zone", "its name, where two have one DNS name, or the list is not allowed").optional(),
  }),
  needs: "the role DNS Administrator (roles/dns.admin) in the zone's project, and the Cloud DNS API enabled there",
  minimumTtl: 1,
  writes: "whole record sets",
  recordTypes,

  connect({ service_account_key, project_id, managed_zone }, http) {
    const account = readAccount(service_account_key);
    const project = project_id ?? account?.project_id;
    if (!account || !project) {
      throw http.error("credential", "The service account key is not the JSON document that Google hands out.");
    }
    const api = http.withBase(
      `https://dns.googleapis.com/dns/v1/${path`projects/${project}`}`,
      {},
      { judge, authorize: () => authorize(account, http) },
    );

    async function listZones(dnsName?: string) {
      const found = managed_zone
        ? [await api.get(path`managedZones/${managed_zone}`, managedZone)]
        : await http.pages(async (pageToken?: string) => {
            const answer = await api.get("managedZones", managedZones, { query: { dnsName, pageToken } });
            return { items: answer.managedZones, next: answer.nextPageToken };
          });
      return found
        .filter(({ visibility }) => visibility !== "private")
        .map((zone) => ({ ...zone, dnsName: normaliseName(zone.dnsName) }));
    }

    const zonePath = remembered(async (name) => {
      const [zone, second] = (await listZones(`${name}.`)).filter(({ dnsName }) => dnsName === name);
      if (!zone) throw http.error("zone_not_found", `The project ${project} has no public zone ${name}.`);
      if (second) throw http.error("zone_not_found", `${name} is there twice: name the managed_zone.`);
      return path`managedZones/${zone.name}`;
    });

    return {
      zones: async () => (await listZones()).map(({ dnsName }) => dnsName),

      ...guardedSets<string, HeldSet<string>>(http, {
        toContent: toPresentation,
        holds: sameValue,

        async read(zone, { name, type }) {
          const query = { name: `${name}.`, type };
          const found = await api.get(`${await zonePath(zone)}/rrsets`, rrsets, { query });
          const set = found.rrsets.find((one) => normaliseName(one.name) === name && one.type === type);
          if (set?.routingPolicy) {
            throw http.error("refused", `${name} ${type} has a routing policy there, which is left alone.`);
          }
          return set && { ttl: set.ttl, contents: set.rrdatas };
        },

        async writeAll(zone, sets) {
          const change = {
            deletions: sets.flatMap(({ set, before }) => (before ? [toRrset(set, before)] : [])),
            additions: sets.flatMap(({ set, after }) => (after ? [toRrset(set, after)] : [])),
          };
          const isDone = await api.ask("POST", `${await zonePath(zone)}/changes`, change, z.boolean(), {
            judge: (answer) => (STALE.includes(answer.status) ? "ok" : judge(answer)),
            read: ({ status }) => status < 300,
          });
          return isDone ? sets.map(({ after }) => after) : "stale";
        },
      }),
    };
  },
});
