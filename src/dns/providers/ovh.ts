/**
 * OVHcloud DNS. One record for each value, found by its id; nothing is published before the zone is refreshed.
 * API: https://eu.api.ovh.com/console/?section=%2Fdomain
 */
import { z } from "zod";
import { strictQuery } from "../canonical-request";
import { digest, hex } from "../digests";
import {
  type ApiAnswer,
  type ApiOptions,
  ifKnown,
  type OutgoingRequest,
  type ProviderHttp,
  type Verdict,
} from "../http";
import { path } from "../http-request";
import { normaliseName, relativeName } from "../names";
import { fetchToken } from "../oauth";
import {
  choice,
  defineProvider,
  field,
  type RecordType,
  type RecordValue,
  secret,
  type ZoneConnection,
} from "../provider";
import { singleRecords } from "../single-records";

interface Endpoint {
  api: string;
  /** Where service accounts get their tokens. */
  tokens?: string;
}

const ENDPOINTS = {
  "ovh-eu": { api: "https://eu.api.ovh.com/1.0", tokens: "https://www.ovh.com" },
  "ovh-ca": { api: "https://ca.api.ovh.com/1.0", tokens: "https://ca.ovh.com" },
  "ovh-us": { api: "https://api.us.ovhcloud.com/1.0", tokens: "https://us.ovhcloud.com" },
  "kimsufi-eu": { api: "https://eu.api.kimsufi.com/1.0" },
  "kimsufi-ca": { api: "https://ca.api.kimsufi.com/1.0" },
  "soyoustart-eu": { api: "https://eu.api.soyoustart.com/1.0" },
  "soyoustart-ca": { api: "https://ca.api.soyoustart.com/1.0" },
} satisfies Record<string, Endpoint>;

type EndpointName = keyof typeof ENDPOINTS;

const zoneList = z.array(z.string());
const idList = z.array(z.number());
const record = z.object({
  id: z.number(),
  fieldType: z.string(),
  subDomain: z.string().nullish(),
  target: z.string(),
  ttl: z.number().nullish(),
});
const failure = z.object({ errorCode: z.string() });

interface ApplicationKeys {
  application: string;
  secret: string;
  consumer: string;
}

export async function ovhSignature(
  { method, url, body = "" }: Pick<OutgoingRequest, "method" | "url" | "body">,
  { secret: applicationSecret, consumer }: ApplicationKeys,
  seconds: number,
): Promise<string> {
  const text = [applicationSecret, consumer, method, url.href, body, seconds].join("+");
  return `$1$${hex(await digest("SHA-1", text))}`;
}

/** Signs by our own clock, and by that of the server once it has said that ours is wrong. */
function byKeys(keys: ApplicationKeys, base: string, http: ProviderHttp): ApiOptions {
  let ahead = 0;
  let isClockWrong = false;
  const clock = http.withBase(base, {});

  return {
    judge({ status, body }: ApiAnswer): Verdict | undefined {
      const code = failure.safeParse(body).data?.errorCode;
      if (status === 400 && code === "INVALID_SIGNATURE") return "credential";
      if (code !== "QUERY_TIME_OUT") return undefined;
      isClockWrong = true;
      return "busy";
    },
    async sign(request) {
      if (isClockWrong) ahead = (await clock.get("auth/time", z.number())) * 1000 - http.now();
      isClockWrong = false;
      const seconds = Math.floor((http.now() + ahead) / 1000);
      return {
        "x-ovh-application": keys.application,
        "x-ovh-consumer": keys.consumer,
        "x-ovh-timestamp": String(seconds),
        "x-ovh-signature": await ovhSignature(request, keys, seconds),
      };
    },
  };
}

const toTarget = (type: RecordType, value: string) => (type === "CNAME" ? `${value}.` : value);

export const ovh = defineProvider({
  id: "ovh",
  title: "OVHcloud",
  credentials: z.strictObject({
    endpoint: choice("Endpoint", "where the account is", Object.keys(ENDPOINTS) as EndpointName[]).default("ovh-eu"),
    application_key: field("Application key", "of https://eu.api.ovh.com/createToken/, or ca.api.ovh.com").optional(),
    application_secret: secret("Application secret", "of the same page").optional(),
    consumer_key: secret("Consumer key", "with GET, POST, PUT and DELETE on /domain/zone/*").optional(),
    client_id: field("Client id", "of a service account, in place of the three keys").optional(),
    client_secret: secret("Client secret", "of the service account").optional(),
  }),
  needs:
    "GET, POST, PUT and DELETE on /domain/zone/* and GET on /domain/zone; a new consumer key must be validated first",
  minimumTtl: 60,
  writes: "one record per value",

  connect(given, http) {
    const endpoint: Endpoint = ENDPOINTS[given.endpoint];
    const api = http.withBase(endpoint.api, {}, credentialOf(given, endpoint, http));
    const recordsOf = (zone: string) => path`domain/zone/${zone}/record`;
    const recordOf = (zone: string, id: number) => path`domain/zone/${zone}/record/${id}`;

    const toBody = (zone: string, { name, type, value, ttl }: RecordValue) => ({
      subDomain: relativeName(name, zone, ""),
      target: toTarget(type, value),
      ttl,
    });

    const writes = singleRecords({
      async stored(zone, { name, type }) {
        const subDomain = relativeName(name, zone, "");
        const query = strictQuery([
          ["fieldType", type],
          ["subDomain", subDomain],
        ]);
        const ids = await api.get(`${recordsOf(zone)}?${query}`, idList);
        const found = await Promise.all(ids.map((id) => api.find(recordOf(zone, id), record)));
        return found
          .filter((one) => one !== undefined)
          .filter((one) => one.fieldType === type && normaliseName(one.subDomain ?? "") === subDomain)
          .map(({ id, target, ttl }) => ({ id, content: target, ttl: ttl ?? undefined }));
      },
      async create(zone, given) {
        const body = { fieldType: given.type, ...toBody(zone, given) };
        const made = await api.ask("POST", recordsOf(zone), body, ifKnown(record));
        return made && { id: made.id, content: made.target, ttl: made.ttl ?? undefined };
      },
      change: (zone, { id }, given) => api.send("PUT", recordOf(zone, id), toBody(zone, given)),
      drop: (zone, { id }) => api.send("DELETE", recordOf(zone, id), undefined, { gone: "ok" }),
    });

    const refresh = (zone: string) =>
      api.send("POST", path`domain/zone/${zone}/refresh`, undefined, { repeatable: true });

    return {
      zones: async () => (await api.get("domain/zone", zoneList)).map(normaliseName),
      ...published(writes, refresh),
    };
  },
});

type Writes = Pick<ZoneConnection, "add" | "remove" | "replace">;

/** Refreshes even where nothing had to be changed: an earlier write may have broken off before it was published. */
const published = (
  { add, remove, replace }: Writes,
  refresh: (zone: string) => Promise<void>,
): Writes & Pick<ZoneConnection, "addAll" | "removeAll"> => ({
  add: (zone, given) => add(zone, given).then(() => refresh(zone)),
  remove: (zone, given) => remove(zone, given).then(() => refresh(zone)),
  replace: (zone, given) => replace(zone, given).then(() => refresh(zone)),
  async addAll(zone, records) {
    for (const given of records) await add(zone, given);
    await refresh(zone);
  },
  async removeAll(zone, records) {
    for (const given of records) await remove(zone, given);
    await refresh(zone);
  },
});

interface Given {
  application_key?: string | undefined;
  application_secret?: string | undefined;
  consumer_key?: string | undefined;
  client_id?: string | undefined;
  client_secret?: string | undefined;
}

function credentialOf(
  { application_key, application_secret, consumer_key, client_id, client_secret }: Given,
  { api, tokens }: Endpoint,
  http: ProviderHttp,
): ApiOptions {
  if (application_key && application_secret && consumer_key) {
    return byKeys({ application: application_key, secret: application_secret, consumer: consumer_key }, api, http);
  }
  if (client_id && client_secret && tokens) {
    const form = { grant_type: "client_credentials", client_id, client_secret, scope: "all" };
    return { authorize: () => fetchToken(http, tokens, "auth/oauth2/token", form) };
  }
  throw http.error(
    "credential",
    "It takes application_key, application_secret and consumer_key, or client_id and client_secret at ovh-eu, ovh-ca, ovh-us.",
  );
}
