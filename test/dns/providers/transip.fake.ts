/** TransIP's API, as its reference has it: https://api.transip.nl/rest/docs.html */
import { createVerify, generateKeyPairSync } from "node:crypto";
import { z } from "zod";
import { relativeName } from "../../../src/dns/names";
import { transip } from "../../../src/dns/providers/transip";
import { type Call, type FakeAnswer, fakeApi, writtenContract } from "../../support/fake-api";
import { type FakeRecord, FakeZones, fakeProvider } from "../../support/fake-zones";
import type { FakeProvider } from "../../support/provider-faults";

const LOGIN = "ada";
const DNS = "/v6/domains/{zone}/dns";

const newKey = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const keys = newKey();
const pem = ({ privateKey }: ReturnType<typeof newKey>) =>
  String(privateKey.export({ type: "pkcs8", format: "pem" })).trim();
const good = pem(keys);
const bad = pem(newKey());

const dnsEntry = z.strictObject({
  name: z.string().min(1),
  expire: z.int().min(60),
  type: z.enum(["TXT", "A", "AAAA", "CNAME"]),
  content: z.string().min(1),
});
const body = z.strictObject({ dnsEntry });

const contract = writtenContract({
  "POST /v6/auth": {
    body: z.strictObject({
      login: z.string(),
      nonce: z.string().min(6).max(32),
      read_only: z.literal(false),
      expiration_time: z.literal("30 minutes"),
      label: z.string().min(1),
      global_key: z.literal(true),
    }),
  },
  "GET /v6/domains": {},
  [`GET ${DNS}`]: {},
  [`POST ${DNS}`]: { body },
  [`PATCH ${DNS}`]: { body },
  [`DELETE ${DNS}`]: { body },
});

type Entry = z.infer<typeof dnsEntry>;

export function transipFake(): FakeProvider {
  const zones = new FakeZones({ txt: "raw", targets: "with dot" });
  const tokens = new Set<string>();
  const used = new Set<string>();

  const toEntry = (zone: string, { name, ttl, type, content }: FakeRecord): Entry => ({
    name: relativeName(name, zone, "@"),
    expire: ttl,
    type: type as Entry["type"],
    content,
  });
  const fromEntry = (zone: string, { name, expire, type, content }: Entry) => ({
    name: name === "@" ? zone : `${name}.${zone}`,
    type,
    content,
    ttl: expire,
  });
  const given = ({ params: { zone = "" }, body: sent }: Call) => {
    const one = fromEntry(zone, (sent as { dnsEntry: Entry }).dnsEntry);
    const same = zones.records(zone, one.name, one.type).filter(({ ttl }) => ttl === one.ttl);
    return { zone, one, same };
  };

  const api = fakeApi({
    contract,
    isWrite: ({ method, path }) => method !== "GET" && path !== "/v6/auth",
    refuse: ({ path, headers }) =>
      path === "/v6/auth" || tokens.has(headers.authorization ?? "")
        ? undefined
        : failure(401, "Your access token has been revoked."),
    routes: {
      "POST /v6/auth": (call) => {
        const { login, nonce, label } = call.body as { login: string; nonce: string; label: string };
        const verified = createVerify("RSA-SHA512")
          .update(call.text)
          .verify(keys.publicKey, call.headers.signature ?? "", "base64");
        if (login !== LOGIN || !verified) return failure(401, "Your signature is invalid.");
        if (used.has(nonce) || used.has(label)) return failure(406, "The nonce or the label was used before.");
        used.add(nonce).add(label);
        const token = `eyJ0.${nonce}`;
        tokens.add(`Bearer ${token}`);
        return { status: 201, body: { token } };
      },

      "GET /v6/domains": () => ({ body: { domains: zones.names().map((name) => ({ name, isDnsOnly: false })) } }),

      [`GET ${DNS}`]: ({ params: { zone = "" } }) =>
        zones.has(zone)
          ? { body: { dnsEntries: zones.records(zone).map((one) => toEntry(zone, one)) } }
          : failure(404, `Domain with name '${zone}' not found`),

      [`POST ${DNS}`]: (call) => {
        const { zone, one, same } = given(call);
        if (!zones.has(zone)) return failure(404, `Domain with name '${zone}' not found`);
        if (same.some(({ content }) => content === one.content)) return failure(406, "This entry already exists.");
        zones.create(zone, one);
        return { status: 201 };
      },

      [`PATCH ${DNS}`]: (call) => {
        const { zone, one, same } = given(call);
        const [found, second] = same;
        if (second) return failure(406, `Multiple matches found for DNS entry '${one.name}'`);
        if (!found) return failure(404, `DNS entry '${one.name}' not found`);
        zones.change(zone, found.id, { content: one.content });
        return { status: 204 };
      },

      [`DELETE ${DNS}`]: (call) => {
        const { zone, one, same } = given(call);
        const found = same.find(({ content }) => content === one.content);
        if (!found) return failure(404, `DNS entry '${one.name}' not found`);
        zones.drop(zone, found.id);
        return { status: 204 };
      },
    },
  });

  return fakeProvider({
    provider: transip,
    credentials: { login: LOGIN, private_key: good },
    badCredentials: { login: LOGIN, private_key: bad },
    api,
    zones,
  });
}

const failure = (status: number, error: string): FakeAnswer => ({ status, body: { error } });
