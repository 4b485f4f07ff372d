/** Gandi's API, as our document has it: https://api.gandi.net/docs/livedns/ */
import { gandi } from "../../../src/dns/providers/gandi";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const DOMAINS = "/v5/livedns/domains";
const SET = `${DOMAINS}/{zone}/records/{name}/{type}`;
const TOKEN = "gandi-token-fN3kq8ZsV1";

const contract = openApiContract("gandi.authored.yaml");

export function gandiFake(): FakeProvider {
  const zones = new FakeZones({ txt: "quoted", targets: "with dot" });

  const setOf = ({ zone = "", name = "", type = "" }: Call["params"]) => {
    const whole = name === "@" ? zone : `${name}.${zone}`;
    return { zone, name: whole, type, records: zones.records(zone, whole, type) };
  };

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `Bearer ${TOKEN}`
        ? undefined
        : failure(401, "The server could not verify that you authorized to access the document you requested."),
    routes: {
      [`GET ${DOMAINS}`]: ({ query: { page = "1", per_page = "100" } }) => ({
        body: pageOf(zones.names(), Number(page), Number(per_page)).map((fqdn) => ({
          fqdn,
          domain_href: `https://api.gandi.net${DOMAINS}/${fqdn}`,
        })),
      }),

      [`GET ${SET}`]: ({ params }) => {
        const { records, type } = setOf(params);
        if (records.length === 0) return notFound;
        const rrset_values = records.map(({ content }) => content);
        return { body: { rrset_name: params.name, rrset_type: type, rrset_ttl: records[0]?.ttl, rrset_values } };
      },

      [`POST ${SET}`]: ({ params, body }) => {
        const { zone, name, type, records } = setOf(params);
        if (!zones.has(zone)) return notFound;
        if (records.length > 0) return failure(409, "A DNS Record already exists with the same name and type.");
        const { rrset_ttl, rrset_values } = body as { rrset_ttl: number; rrset_values: string[] };
        zones.replace(zone, { name, type, ttl: rrset_ttl, contents: rrset_values });
        return { status: 201, body: { message: "DNS Record Created" } };
      },

      [`PUT ${SET}`]: ({ params, body }) => {
        const { zone, name, type } = setOf(params);
        if (!zones.has(zone)) return notFound;
        const { rrset_ttl, rrset_values } = body as { rrset_ttl: number; rrset_values: string[] };
        zones.replace(zone, { name, type, ttl: rrset_ttl, contents: rrset_values });
        return { status: 201, body: { message: "DNS Record Created" } };
      },

      [`DELETE ${SET}`]: ({ params }) => {
        const { zone, name, type, records } = setOf(params);
        if (records.length === 0) return notFound;
        zones.replace(zone, { name, type, ttl: 300, contents: [] });
        return { status: 204 };
      },
    },
  });

  return {
    ...fakeProvider({
      provider: gandi,
      credentials: { api_token: TOKEN },
      badCredentials: { api_token: "gandi-token-of-another" },
      api,
      zones,
    }),
    // It holds no set with less.
    put: (zone, set) => zones.put(zone, { ...set, ttl: Math.max(set.ttl, 300) }),
  };
}

const failure = (code: number, message: string): FakeAnswer => ({
  status: code,
  body: { code, message, object: "HTTPError", cause: "" },
});

const notFound = failure(404, "The resource could not be found.");
