/** DNSimple's API, as our document has it: https://developer.dnsimple.com/v2/zones/records/ */
import { relativeName } from "../../../src/dns/names";
import { dnsimple } from "../../../src/dns/providers/dnsimple";
import { quoteTxt } from "../../../src/dns/txt";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const ACCOUNT = 1010;
const ZONES = `/v2/${ACCOUNT}/zones`;
const TOKEN = "dnsimple_a_fN3kq8ZsV1";

const contract = openApiContract("dnsimple.authored.yaml");

interface Given {
  type: string;
  name: string;
  content: string;
  ttl: number;
}

export interface DnsimpleOptions {
  about?: Record<string, { secondary?: boolean; active?: boolean }>;
  /** The token is a user's, not an account's. */
  ofUser?: boolean;
  /** Records that DNSimple itself keeps. */
  isSystem?: (record: FakeRecord) => boolean;
}

export function dnsimpleFake({ about = {}, ofUser = false, isSystem }: DnsimpleOptions = {}): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });

  const toRecord = (zone: string, record: FakeRecord) => ({
    id: record.id,
    zone_id: zone,
    parent_id: null,
    name: relativeName(record.name, zone, ""),
    // Told in quotes, however it was given.
    content: record.type === "TXT" ? quoteTxt(record.content) : record.content,
    ttl: record.ttl,
    priority: null,
    type: record.type,
    regions: ["global"],
    system_record: isSystem?.(record) ?? false,
  });

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `Bearer ${TOKEN}` ? undefined : failure(401, "Authentication failed"),
    routes: {
      "GET /v2/whoami": () => ({
        body: { data: { user: null, account: ofUser ? null : { id: ACCOUNT, email: "ada@example.com" } } },
      }),

      [`GET ${ZONES}`]: ({ query }) =>
        list(
          zones.names().map((name, index) => ({ id: index + 1, account_id: ACCOUNT, name, ...about[name] })),
          query,
        ),

      [`GET ${ZONES}/{zone}/records`]: ({ params: { zone = "" }, query }) => {
        if (!zones.has(zone)) return notFound(`Zone \`${zone}\` not found`);
        const found = zones.records(zone).map((one) => toRecord(zone, one));
        return list(
          found.filter(({ name, type }) => name === (query.name ?? name) && type === (query.type ?? type)),
          query,
        );
      },

      [`POST ${ZONES}/{zone}/records`]: ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return notFound(`Zone \`${zone}\` not found`);
        const { type, name, content, ttl } = body as Given;
        const made = zones.create(zone, { type, name: name === "" ? zone : `${name}.${zone}`, content, ttl });
        return { status: 201, body: { data: toRecord(zone, made) } };
      },

      [`PATCH ${ZONES}/{zone}/records/{id}`]: ({ params: { zone = "", id = "" }, body }) => {
        const { content, ttl } = body as Given;
        const changed = zones.change(zone, id, { content, ttl });
        return changed ? { body: { data: toRecord(zone, changed) } } : notFound(`Record \`${id}\` not found`);
      },

      [`DELETE ${ZONES}/{zone}/records/{id}`]: ({ params: { zone = "", id = "" } }) =>
        zones.drop(zone, id) ? { status: 204 } : notFound(`Record \`${id}\` not found`),
    },
  });

  return fakeProvider({
    provider: dnsimple,
    credentials: { api_token: TOKEN },
    badCredentials: { api_token: "dnsimple_a_of-another" },
    api,
    zones,
  });
}

const failure = (status: number, message: string): FakeAnswer => ({ status, body: { message } });

const notFound = (message: string) => failure(404, message);

function list(all: object[], { page = "1", per_page = "30" }: Call["query"]): FakeAnswer {
  const total_pages = Math.max(1, Math.ceil(all.length / Number(per_page)));
  const counts = { current_page: Number(page), per_page: Number(per_page), total_entries: all.length, total_pages };
  return { body: { data: pageOf(all, Number(page), Number(per_page)), pagination: counts } };
}
