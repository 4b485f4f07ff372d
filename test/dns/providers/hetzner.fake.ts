/** Hetzner's API, as our document has it: https://docs.hetzner.cloud/reference/cloud#dns */
import { relativeName } from "../../../src/dns/names";
import { hetzner } from "../../../src/dns/providers/hetzner";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const ZONES = "/v1/zones";
const SET = `${ZONES}/{zone}/rrsets/{name}/{type}`;
const TOKEN = "hetzner-token-fN3kq8ZsV1";

const contract = openApiContract("hetzner.authored.yaml");

interface Given {
  ttl?: number;
  records: { value: string }[];
}

export interface HetznerOptions {
  /** Zones that are copies. */
  secondaries?: string[];
  /** How often an action is said to run before it is done. */
  runs?: number;
  /** What every action comes to. */
  outcome?: "success" | "error";
}

export function hetznerFake({ secondaries = [], runs = 0, outcome = "success" }: HetznerOptions = {}): FakeProvider {
  const zones = new FakeZones({ txt: "quoted", targets: "with dot" });
  const left = new Map<number, number>();

  function action(id: number): FakeAnswer["body"] {
    const running = left.get(id) ?? 0;
    left.set(id, running - 1);
    const status = running > 0 ? "running" : outcome;
    const error = status === "error" ? { code: "action_failed", message: "Action failed" } : null;
    return { action: { id, command: "change", status, progress: 0, error } };
  }

  function started(): FakeAnswer {
    const id = left.size + 1;
    left.set(id, runs);
    return { status: 201, body: action(id) };
  }

  const setOf = ({ zone = "", name = "", type = "" }: Call["params"]) => {
    const whole = name === "@" ? zone : `${name}.${zone}`;
    return { zone, name: whole, type, records: zones.records(zone, whole, type) };
  };

  const put = ({ zone, name, type }: ReturnType<typeof setOf>, contents: string[], ttl: number) =>
    zones.replace(zone, { name, type, ttl, contents });

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `Bearer ${TOKEN}`
        ? undefined
        : failure(401, "unauthorized", "the token you provided is invalid"),
    routes: {
      [`GET ${ZONES}`]: ({ query: { name, page = "1", per_page = "25" } }) => {
        const found = zones.names().filter((one) => one === (name ?? one));
        const items = pageOf(found, Number(page), Number(per_page));
        const last_page = Math.max(1, Math.ceil(found.length / Number(per_page)));
        const next_page = Number(page) < last_page ? Number(page) + 1 : null;
        const body = items.map((one) => ({
          id: zones.names().indexOf(one) + 1,
          name: one,
          mode: secondaries.includes(one) ? "secondary" : "primary",
        }));
        return { body: { zones: body, meta: { pagination: { page: Number(page), next_page, last_page } } } };
      },

      [`GET ${SET}`]: ({ params }) => {
        const { zone, name, type, records } = setOf(params);
        if (records.length === 0) return notFound;
        return {
          body: {
            rrset: {
              id: `${relativeName(name, zone, "@")}/${type}`,
              name: relativeName(name, zone, "@"),
              type,
              ttl: records[0]?.ttl,
              records: records.map(({ content }) => ({ value: content, comment: "" })),
              zone: 1,
            },
          },
        };
      },

      [`POST ${SET}/actions/add_records`]: ({ params, body }) => {
        const set = setOf(params);
        if (!zones.has(set.zone)) return notFound;
        const { ttl, records } = body as Given;
        const there = set.records.map(({ content }) => content);
        const known = set.records[0]?.ttl;
        if (known !== undefined && ttl !== undefined && ttl !== known) {
          return failure(422, "invalid_input", "the TTL differs from the set's");
        }
        if (records.some(({ value }) => there.includes(value))) return failure(422, "invalid_input", "duplicate value");
        put(set, [...there, ...records.map(({ value }) => value)], known ?? ttl ?? 3600);
        return started();
      },

      [`POST ${SET}/actions/remove_records`]: ({ params, body }) => {
        const set = setOf(params);
        const gone = (body as Given).records.map(({ value }) => value);
        const there = set.records.map(({ content }) => content);
        if (!gone.every((value) => there.includes(value))) return notFound;
        const rest = there.filter((content) => !gone.includes(content));
        put(set, rest, set.records[0]?.ttl ?? 0);
        return started();
      },

      [`POST ${SET}/actions/set_records`]: ({ params, body }) => {
        const set = setOf(params);
        const [first] = set.records;
        if (!first) return notFound;
        const contents = (body as Given).records.map(({ value }) => value);
        put(set, contents, first.ttl);
        return started();
      },

      [`POST ${SET}/actions/change_ttl`]: ({ params, body }) => {
        const set = setOf(params);
        if (set.records.length === 0) return notFound;
        const contents = set.records.map(({ content }) => content);
        put(set, contents, (body as { ttl: number }).ttl);
        return started();
      },

      [`DELETE ${SET}`]: ({ params }) => {
        const set = setOf(params);
        if (set.records.length === 0) return notFound;
        put(set, [], 0);
        return started();
      },

      "GET /v1/actions/{id}": ({ params }) => ({ body: action(Number(params.id)) }),
    },
  });

  return fakeProvider({
    provider: hetzner,
    credentials: { api_token: TOKEN },
    badCredentials: { api_token: "hetzner-token-of-another" },
    api,
    zones,
  });
}

const failure = (status: number, code: string, message: string): FakeAnswer => ({
  status,
  body: { error: { code, message, details: null } },
});

const notFound = failure(404, "not_found", "resource not found");
