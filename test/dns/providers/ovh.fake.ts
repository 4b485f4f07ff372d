/** OVHcloud's API of DNS zones, as its console has it: https://eu.api.ovh.com/console/?section=%2Fdomain */
import { createHash } from "node:crypto";
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { ovh } from "../../../src/dns/providers/ovh";
import { quoteTxt } from "../../../src/dns/txt";
import { type Call, type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";
import { encode } from "./node-signatures";

const START = Date.UTC(2026, 0, 15) / 1000;
const APPLICATION = "app-fN3kq8ZsV1";
const SECRET = "ovh-secret-fN3kq8ZsV1";
const CONSUMER = "ovh-consumer-fN3kq8ZsV1";
const CLIENT_SECRET = "ovh-client-fN3kq8ZsV1";
const RECORDS = "/1.0/domain/zone/{zone}/record";

const content = { subDomain: z.string(), target: z.string().min(1), ttl: z.int().min(60) };

const contract = writtenContract({
  "GET /1.0/auth/time": {},
  "POST /auth/oauth2/token": {
    body: z.strictObject({
      grant_type: z.literal("client_credentials"),
      client_id: z.string(),
      client_secret: z.string(),
      scope: z.literal("all"),
    }),
  },
  "GET /1.0/domain/zone": {},
  [`GET ${RECORDS}`]: { query: z.strictObject({ fieldType: z.string(), subDomain: z.string() }) },
  [`POST ${RECORDS}`]: { body: z.strictObject({ fieldType: z.string(), ...content }) },
  [`GET ${RECORDS}/{id}`]: {},
  [`PUT ${RECORDS}/{id}`]: { body: z.strictObject(content) },
  [`DELETE ${RECORDS}/{id}`]: {},
  "POST /1.0/domain/zone/{zone}/refresh": {},
});

interface Given {
  fieldType?: string;
  subDomain: string;
  target: string;
  ttl: number;
}

export function ovhFake({ ahead = 0 } = {}): FakeProvider & {
  /** Of a service account. */
  client: Record<string, string>;
  /** Zones with changes that are not published. */
  unpublished: Set<string>;
} {
  const zones = new FakeZones({ txt: "raw", targets: "with dot" });
  const unpublished = new Set<string>();
  const time = () => START + ahead + Math.floor(api.elapsed() / 1000);

  const whole = (zone: string, subDomain: string) => (subDomain === "" ? zone : `${subDomain}.${zone}`);
  const toRecord = (zone: string, id = "") => {
    const found = zones.find(zone, id);
    if (!found) return noRecord();
    const target = found.type === "TXT" ? quoteTxt(found.content) : found.content;
    const body = { id: found.id, zone, fieldType: found.type, subDomain: relativeName(found.name, zone, ""), target };
    return { body: { ...body, ttl: found.ttl } };
  };

  const api = fakeApi({
    contract,
    isWrite: ({ method, path }) => method !== "GET" && !path.startsWith("/auth/"),
    refuse: (call) => refusal(call, time()),
    routes: {
      "GET /1.0/auth/time": () => ({ body: time() }),

      "POST /auth/oauth2/token": ({ body }) =>
        (body as { client_secret: string }).client_secret === CLIENT_SECRET
          ? { body: { access_token: "ovh-token", token_type: "Bearer", expires_in: 3599, scope: "all" } }
          : { status: 400, body: { error: "invalid_client", error_description: "Client authentication failed" } },

      "GET /1.0/domain/zone": () => ({ body: zones.names() }),

      [`GET ${RECORDS}`]: ({ params: { zone = "" }, query }) => {
        if (!zones.has(zone)) return noZone();
        const found = zones.records(zone, whole(zone, query.subDomain ?? ""), query.fieldType);
        return { body: found.map(({ id }) => id) };
      },

      [`POST ${RECORDS}`]: ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return noZone();
        const { fieldType = "", subDomain, target, ttl } = body as Given;
        unpublished.add(zone);
        const made = zones.create(zone, { name: whole(zone, subDomain), type: fieldType, content: target, ttl });
        return toRecord(zone, String(made.id));
      },

      [`GET ${RECORDS}/{id}`]: ({ params: { zone = "", id } }) => toRecord(zone, id),

      [`PUT ${RECORDS}/{id}`]: ({ params: { zone = "", id = "" }, body }) => {
        const { subDomain, target, ttl } = body as Given;
        unpublished.add(zone);
        return zones.change(zone, id, { name: whole(zone, subDomain), content: target, ttl }) ? {} : noRecord();
      },

      [`DELETE ${RECORDS}/{id}`]: ({ params: { zone = "", id = "" } }) => {
        unpublished.add(zone);
        return zones.drop(zone, id) ? {} : noRecord();
      },

      "POST /1.0/domain/zone/{zone}/refresh": ({ params: { zone = "" } }) => {
        unpublished.delete(zone);
        return {};
      },
    },
  });

  const credentials = { application_key: APPLICATION, application_secret: SECRET, consumer_key: CONSUMER };
  return {
    ...fakeProvider({
      provider: ovh,
      credentials,
      badCredentials: { ...credentials, application_secret: "ovh-secret-of-another" },
      api,
      zones,
    }),
    client: { client_id: "EU.client", client_secret: CLIENT_SECRET },
    unpublished,
  };
}

const failure = (status: number, class_: string, message: string, errorCode?: string): FakeAnswer => ({
  status,
  body: { class: class_, message, ...(errorCode ? { errorCode, httpCode: `${status}` } : {}) },
});

const noZone = () => failure(404, "Client::NotFound", "This service does not exist");
const noRecord = () => failure(404, "Client::NotFound", "The requested object (id = 1) does not exist");

function refusal({ method, path, query, headers, text }: Call, time: number): FakeAnswer | undefined {
  if (path.startsWith("/auth/") || path === "/1.0/auth/time" || headers.authorization === "Bearer ovh-token")
    return undefined;
  const bad = (code: string, message: string) => failure(400, "Client::BadRequest", message, code);
  const timestamp = headers["x-ovh-timestamp"];
  if (Math.abs(Number(timestamp) - time) > 30) return bad("QUERY_TIME_OUT", "Query out of time");
  const search = Object.entries(query).map(([name, value]) => `${name}=${encode(value)}`);
  const url = `https://eu.api.ovh.com${path}${search.length > 0 ? `?${search.join("&")}` : ""}`;
  const signed = [SECRET, CONSUMER, method, url, text, timestamp].join("+");
  const isRight =
    headers["x-ovh-application"] === APPLICATION &&
    headers["x-ovh-consumer"] === CONSUMER &&
    headers["x-ovh-signature"] === `$1$${createHash("sha1").update(signed).digest("hex")}`;
  return isRight ? undefined : bad("INVALID_SIGNATURE", "Invalid signature");
}
