/** deSEC's API, as our document has it: https://desec.readthedocs.io/en/latest/dns/rrsets.html */
import { desec } from "../../../src/dns/providers/desec";
import { type FakeAnswer, fakeApi } from "../../support/fake-api";
import { FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const DOMAINS = "/api/v1/domains/";
const TOKEN = "desec-token-fN3kq8ZsV1";
const PAGE_SIZE = 25;

const contract = openApiContract("desec.authored.yaml");

interface Change {
  subname: string;
  type: string;
  ttl?: number;
  records: string[];
}

export function desecFake({ minimumTtl = 3600 } = {}): FakeProvider {
  const zones = new FakeZones({ txt: "quoted", targets: "with dot" });

  const toDomain = (name: string) => ({ name, minimum_ttl: minimumTtl, published: "2026-01-15T00:00:00Z" });
  const wholeName = (subname: string, zone: string) => (subname === "" ? zone : `${subname}.${zone}`);

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `Token ${TOKEN}` ? undefined : { status: 401, body: { detail: "Invalid token." } },
    routes: {
      // Without a cursor it refuses to list very many.
      [`GET ${DOMAINS}`]: ({ query: { cursor } }) => {
        const all = zones.names();
        if (cursor === undefined && all.length > PAGE_SIZE) {
          return { status: 400, body: { detail: "Pagination required." } };
        }
        const page = Number(cursor || 1);
        const address = (to: string | number) => `<https://desec.io${DOMAINS}?cursor=${to}>`;
        const next = page * PAGE_SIZE < all.length ? [`${address(page + 1)}; rel="next"`] : [];
        const link = [`${address("")}; rel="first"`, ...next].join(", ");
        return { body: pageOf(all, page, PAGE_SIZE).map(toDomain), headers: { link } };
      },

      [`GET ${DOMAINS}{zone}/`]: ({ params: { zone = "" } }) => (zones.has(zone) ? { body: toDomain(zone) } : notFound),

      [`GET ${DOMAINS}{zone}/rrsets/{subname}/{type}/`]: ({ params: { zone = "", subname = "", type = "" } }) => {
        const name = wholeName(subname === "@" ? "" : subname, zone);
        const found = zones.records(zone, name, type);
        if (found.length === 0) return notFound;
        const records = found.map(({ content }) => content);
        const set = { domain: zone, subname: subname === "@" ? "" : subname, name: `${name}.`, type };
        return { body: { ...set, ttl: found[0]?.ttl, records } };
      },

      [`POST ${DOMAINS}{zone}/rrsets/`]: ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return notFound;
        const { subname, type, ttl = 0, records } = body as Change;
        const name = wholeName(subname, zone);
        if (zones.records(zone, name, type).length > 0) {
          const words = "Another RRset with the same subdomain and type exists for this domain.";
          return { status: 400, body: { non_field_errors: [words] } };
        }
        zones.replace(zone, { name, type, ttl, contents: records });
        return { status: 201, body: { domain: zone, subname, name: `${name}.`, type, ttl, records } };
      },

      [`PATCH ${DOMAINS}{zone}/rrsets/`]: ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return notFound;
        for (const { subname, type, ttl, records } of body as Change[]) {
          const name = wholeName(subname, zone);
          const kept = ttl ?? zones.records(zone, name, type)[0]?.ttl;
          if (records.length > 0 && (kept === undefined || kept < minimumTtl)) {
            const words = `Ensure this value is greater than or equal to ${minimumTtl}.`;
            return { status: 400, body: [{ ttl: [words] }] };
          }
          zones.replace(zone, { name, type, ttl: kept ?? minimumTtl, contents: records });
        }
        return { body: [] };
      },
    },
  });

  return {
    ...fakeProvider({
      provider: desec,
      credentials: { api_token: TOKEN },
      badCredentials: { api_token: "desec-token-of-another" },
      api,
      zones,
    }),
    ttlFor: (wanted) => Math.max(wanted, minimumTtl),
  };
}

const notFound: FakeAnswer = { status: 404, body: { detail: "Not found." } };
