/** PowerDNS's API, as its document has it: https://doc.powerdns.com/authoritative/http-api/ */
import { powerdns } from "../../../src/dns/providers/powerdns";
import { type FakeAnswer, fakeApi } from "../../support/fake-api";
import { FakeZones, fakeProvider } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const SERVER = "/api/v1/servers/localhost";
const KEY = "pdns-key-fN3kq8ZsV1";

const contract = openApiContract("powerdns.yaml", {
  amend(document) {
    // Of a DELETE it says itself that the TTL must not be there, and that there are no records.
    document.components.schemas.RRSet.required = ["name", "type"];
  },
});

interface Change {
  name: string;
  type: string;
  changetype: string;
  ttl?: number;
  records?: { content: string; disabled: boolean }[];
}

const bare = (name = "") => name.replace(/\.$/, "");

/** `kinds` are those of zones that are not native; an old server knows whole sets only, and overlooks filters. */
export function powerdnsFake({ old = false, kinds = {} as Record<string, string> } = {}): FakeProvider {
  const zones = new FakeZones({ txt: "quoted", targets: "with dot" });

  const toZone = (name: string) => ({ id: `${name}.`, name: `${name}.`, kind: kinds[name] ?? "Native" });

  function apply(zone: string, { name, type, changetype, ttl, records = [] }: Change): FakeAnswer | undefined {
    if (!name.endsWith(".")) return failure(422, `Name '${name}' is not canonical`);
    const there = zones.records(zone, bare(name), type);
    const given = records.map(({ content }) => content);
    const known = there[0]?.ttl ?? ttl ?? 0;
    const write = (contents: string[], as = ttl ?? 0) =>
      zones.replace(zone, { name: bare(name), type, ttl: as, contents });
    const contents = there.map(({ content }) => content);
    if (changetype === "DELETE") write([]);
    else if (changetype === "REPLACE") write(given);
    else if (old || !["EXTEND", "PRUNE"].includes(changetype)) return failure(422, "Changetype not understood");
    else if (given.length !== 1) return failure(422, "Exactly one record");
    else if (changetype === "PRUNE")
      write(
        contents.filter((content) => !given.includes(content)),
        known,
      );
    else if (ttl !== known) return failure(422, "The TTL is not that of the other records");
    else write([...new Set([...contents, ...given])]);
    return undefined;
  }

  const api = fakeApi({
    contract,
    refuse: ({ headers }) => (headers["x-api-key"] === KEY ? undefined : { status: 401, text: "Unauthorized" }),
    routes: {
      [`GET ${SERVER}`]: () => ({ body: { type: "Server", id: "localhost", version: old ? "4.7.3" : "5.0.2" } }),

      [`GET ${SERVER}/zones`]: ({ query }) => ({
        body: zones
          .names()
          .filter((name) => query.zone === undefined || bare(query.zone) === name)
          .map(toZone),
      }),

      [`GET ${SERVER}/zones/{zone}`]: ({ params, query }) => {
        const zone = bare(params.zone);
        if (!zones.has(zone)) return failure(404, "Not Found");
        const wanted = old ? [] : [bare(query.rrset_name), query.rrset_type];
        const sets = Map.groupBy(zones.records(zone, ...wanted), ({ name, type }) => `${name}. ${type}`);
        const rrsets = [...sets].map(([key, records]) => ({
          name: key.split(" ")[0],
          type: key.split(" ")[1],
          ttl: records[0]?.ttl,
          records: records.map(({ content }) => ({ content, disabled: false })),
          comments: [],
        }));
        return { body: { ...toZone(zone), rrsets } };
      },

      [`PATCH ${SERVER}/zones/{zone}`]: ({ params, body }) => {
        const zone = bare(params.zone);
        if (!zones.has(zone)) return failure(404, "Not Found");
        for (const change of (body as { rrsets: Change[] }).rrsets) {
          const refused = apply(zone, change);
          if (refused) return refused;
        }
        return { status: 204 };
      },

      [`PUT ${SERVER}/zones/{zone}/notify`]: () => ({ body: { result: "Notification queued" } }),
    },
  });

  return fakeProvider({
    provider: powerdns,
    credentials: { base_url: "https://ns.example.net:8081", api_key: KEY },
    badCredentials: { base_url: "https://ns.example.net:8081", api_key: "pdns-key-of-another" },
    api,
    zones,
  });
}

const failure = (status: number, error: string): FakeAnswer => ({ status, body: { error } });
