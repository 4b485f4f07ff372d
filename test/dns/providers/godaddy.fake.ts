/** GoDaddy's API, as our document has it: https://developer.godaddy.com/doc/endpoint/domains */
import { godaddy } from "../../../src/dns/providers/godaddy";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { FakeZones, fakeProvider } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const DOMAINS = "/v1/domains";
const SET = `${DOMAINS}/{zone}/records/{type}/{name}`;
const KEY = "gd-key-fN3kq8ZsV1";
const SECRET = "gd-secret-7yTq";

const contract = openApiContract("godaddy.authored.yaml");

export function godaddyFake(): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "without dot" });

  const setOf = ({ zone = "", name = "", type = "" }: Call["params"]) => {
    const whole = name === "@" ? zone : `${name}.${zone}`;
    return { zone, name: whole, type, records: zones.records(zone, whole, type) };
  };

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `sso-key ${KEY}:${SECRET}`
        ? undefined
        : failure(401, "UNABLE_TO_AUTHENTICATE", "Unauthorized : Could not authenticate API key/secret"),
    routes: {
      [`GET ${DOMAINS}`]: ({ query: { limit = "100", marker } }) => {
        const start = marker === undefined ? 0 : zones.names().indexOf(marker) + 1;
        const page = zones.names().slice(start, start + Number(limit));
        return { body: page.map((domain, index) => ({ domain, domainId: start + index, status: "ACTIVE" })) };
      },

      [`GET ${SET}`]: ({ params }) => {
        const { zone, type, records } = setOf(params);
        if (!zones.has(zone)) return unknownDomain;
        return { body: records.map(({ content, ttl }) => ({ data: content, name: params.name, ttl, type })) };
      },

      [`PATCH ${DOMAINS}/{zone}/records`]: ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return unknownDomain;
        for (const { name, type, data, ttl } of body as { name: string; type: string; data: string; ttl: number }[]) {
          const whole = name === "@" ? zone : `${name}.${zone}`;
          const isThere = zones.records(zone, whole, type).some(({ content }) => content === data);
          if (isThere)
            return failure(422, "DUPLICATE_RECORD", "Another record with the same attributes already exists");
          zones.create(zone, { name: whole, type, content: data, ttl });
        }
        return { status: 200 };
      },

      [`PUT ${SET}`]: ({ params, body }) => {
        const { zone, name, type } = setOf(params);
        if (!zones.has(zone)) return unknownDomain;
        const given = body as { data: string; ttl: number }[];
        zones.replace(zone, { name, type, ttl: given[0]?.ttl ?? 3600, contents: given.map(({ data }) => data) });
        return { status: 200 };
      },

      [`DELETE ${SET}`]: ({ params }) => {
        const { zone, name, type, records } = setOf(params);
        if (records.length === 0) return unknownDomain;
        zones.replace(zone, { name, type, ttl: 3600, contents: [] });
        return { status: 204 };
      },
    },
  });

  return {
    ...fakeProvider({
      provider: godaddy,
      credentials: { api_key: KEY, secret: SECRET },
      badCredentials: { api_key: "gd-key-of-another", secret: "gd-secret-of-another" },
      api,
      zones,
    }),
    // It holds no set with less.
    put: (zone, set) => zones.put(zone, { ...set, ttl: Math.max(set.ttl, 600) }),
  };
}

const failure = (status: number, code: string, message: string): FakeAnswer => ({ status, body: { code, message } });

const unknownDomain = failure(
  404,
  "UNKNOWN_DOMAIN",
  "The given domain is not registered, or does not have a zone file",
);
