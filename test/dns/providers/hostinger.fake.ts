/** Hostinger's API, as our document has it: https://developers.hostinger.com/#tag/dns-zone */
import { relativeName } from "../../../src/dns/names";
import { hostinger } from "../../../src/dns/providers/hostinger";
import { quoteTxt } from "../../../src/dns/txt";
import { type FakeAnswer, fakeApi } from "../../support/fake-api";
import { FakeZones, fakeProvider } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const ZONE = "/api/dns/v1/zones/{zone}";
const TOKEN = "hostinger-token-fN3kq8ZsV1";

const contract = openApiContract("hostinger.authored.yaml");

interface GivenSet {
  name: string;
  type: string;
  ttl: number;
  records: { content: string; is_disabled?: boolean }[];
}

export interface HostingerOptions {
  /** By zone; nothing for one that is registered elsewhere and only served there. */
  statuses?: Record<string, string | undefined>;
  /** Contents that are switched off. */
  disabled?: Set<string>;
}

export function hostingerFake({ statuses = {}, disabled = new Set() }: HostingerOptions = {}): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "with dot" });
  const whole = (name: string, zone: string) => (name === "@" ? zone : `${name}.${zone}`);

  const api = fakeApi({
    contract,
    refuse: ({ headers }) =>
      headers.authorization === `Bearer ${TOKEN}` ? undefined : failure(401, "Unauthenticated"),
    routes: {
      "GET /api/domains/v1/portfolio": () => ({
        body: [
          { domain: null, status: "pending_setup" },
          ...zones
            .names()
            .map((domain) => ({ domain, status: domain in statuses ? statuses[domain] : "active" }))
            .filter(({ status }) => status !== undefined),
        ],
      }),

      // It tells no records of a zone that it does not know, and no more.
      [`GET ${ZONE}`]: ({ params: { zone = "" } }) => {
        const grouped = Map.groupBy(
          zones.records(zone),
          ({ name, type }) => `${relativeName(name, zone, "@")} ${type}`,
        );
        const body = [...grouped].map(([key, records]) => ({
          name: key.split(" ")[0],
          type: key.split(" ")[1],
          ttl: records[0]?.ttl,
          records: records.map(({ type, content }) => ({
            content: type === "TXT" ? quoteTxt(content) : content,
            is_disabled: disabled.has(content),
          })),
        }));
        return { body };
      },

      [`PUT ${ZONE}`]: ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return unknownDomain;
        const { overwrite, zone: given } = body as { overwrite: boolean; zone: GivenSet[] };
        for (const { name, type, ttl, records } of given) {
          const there = zones.records(zone, whole(name, zone), type);
          const kept = overwrite ? [] : there.map(({ content }) => content);
          for (const { content, is_disabled } of records) {
            if (is_disabled) disabled.add(content);
            else disabled.delete(content);
          }
          // What was told in quotes comes back in quotes, and means the same.
          const contents = records.map(
            ({ content }) => there.find((one) => quoteTxt(one.content) === content)?.content ?? content,
          );
          zones.replace(zone, { name: whole(name, zone), type, ttl, contents: [...kept, ...contents] });
        }
        return { body: { message: "Request accepted" } };
      },

      [`DELETE ${ZONE}`]: ({ params: { zone = "" }, body }) => {
        if (!zones.has(zone)) return unknownDomain;
        const { filters } = body as { filters: { name: string; type: string }[] };
        for (const { name, type } of filters) {
          zones.replace(zone, { name: whole(name, zone), type, ttl: 0, contents: [] });
        }
        return { body: { message: "Request accepted" } };
      },
    },
  });

  return fakeProvider({
    provider: hostinger,
    credentials: { api_token: TOKEN },
    badCredentials: { api_token: "hostinger-token-of-another" },
    api,
    zones,
  });
}

const failure = (status: number, message: string): FakeAnswer => ({
  status,
  body: { message, correlation_id: "26a91bd9-f8c8-4a83-9df9-83e23d696fe3" },
});

const unknownDomain = failure(422, "[DNS:4009] Domain not found");
