/** Edge DNS's API, as its document has it: https://techdocs.akamai.com/edge-dns/reference/api */
import { createHash, createHmac } from "node:crypto";
import { akamai } from "../../../src/dns/providers/akamai";
import { type Call, type FakeAnswer, fakeApi } from "../../support/fake-api";
import { FakeZones, fakeProvider, pageOf } from "../../support/fake-zones";
import { openApiContract } from "../../support/openapi-contract";
import type { FakeProvider } from "../../support/provider-faults";

const HOST = "akab-fn3kq8zsv1.luna.akamaiapis.net";
const SECRET = "akamai-secret-fN3kq8ZsV1=";
const credentials = {
  host: HOST,
  client_token: "akab-client-fN3kq8",
  access_token: "akab-access-fN3kq8",
  client_secret: SECRET,
};
const BASE = "/config-dns/v2";
const SET = `${BASE}/zones/{zone}/names/{name}/types/{type}`;

const contract = openApiContract("akamai.yaml");

interface GivenSet {
  name: string;
  type: string;
  ttl: number;
  rdata: string[];
}

export function akamaiFake(types: Record<string, string> = {}): FakeProvider {
  const zones = new FakeZones({ txt: "quoted", targets: "with dot" });
  const nonces = new Set<string>();

  const find = ({ zone = "", name = "", type = "" }: Call["params"]) => zones.records(zone, name, type);
  const toSet = ({ params }: Call) => {
    const there = find(params);
    const { name, type } = params;
    return { name, type, ttl: there[0]?.ttl, rdata: there.map(({ content }) => content) };
  };

  function write(call: Call, status: number): FakeAnswer {
    const { name, type, ttl, rdata } = call.body as GivenSet;
    if (name !== call.params.name || type !== call.params.type || rdata.length === 0) {
      return failure(400, "badRequest", "Bad Request", "The set is not what the path says.");
    }
    zones.replace(call.params.zone ?? "", { name, type, ttl, contents: rdata });
    return { status, body: toSet(call) };
  }

  const api = fakeApi({
    contract,
    refuse: (call) => refusal(call, nonces),
    routes: {
      [`GET ${BASE}/zones`]: ({ query }) => {
        const all = zones.names().map((zone) => ({ ...ZONE, zone, type: types[zone] ?? "PRIMARY" }));
        const page = Number(query.page ?? 1);
        const pageSize = Number(query.pageSize ?? 25);
        const metadata = { page, pageSize, showAll: false, totalElements: all.length };
        return { body: { metadata, zones: pageOf(all, page, pageSize) } };
      },

      [`GET ${SET}`]: (call) => (find(call.params).length > 0 ? { body: toSet(call) } : notFound()),

      [`POST ${SET}`]: (call) => {
        if (!zones.has(call.params.zone ?? "")) return notFound();
        if (find(call.params).length === 0) return write(call, 201);
        return failure(409, "recordSetExists", "Conflict", "Duplicate record set found with that name and type.");
      },

      [`PUT ${SET}`]: (call) =>
        find(call.params).length > 0
          ? write(call, 200)
          : failure(400, "badRequest", "Bad Request", "The record does not exist."),

      [`DELETE ${SET}`]: ({ params }) => {
        if (find(params).length === 0) return notFound();
        zones.replace(params.zone ?? "", { name: params.name ?? "", type: params.type ?? "", ttl: 0, contents: [] });
        return { status: 204 };
      },
    },
  });

  return fakeProvider({
    provider: akamai,
    credentials,
    badCredentials: { ...credentials, client_secret: "akamai-secret-of-another=" },
    api,
    zones,
  });
}

const ZONE = {
  contractId: "C-1",
  versionId: "d9ac7a2e-6b8f-4b2d-9a0e-0a6d6b7f6b11",
  lastModifiedDate: "2026-01-15T00:00:00Z",
  lastModifiedBy: "ada",
  activationState: "ACTIVE",
};

const failure = (status: number, type: string, title: string, detail: string): FakeAnswer => ({
  status,
  body: { type: `https://problems.luna.akamaiapis.net/authoritative-dns/${type}`, title, detail, status },
});

const notFound = () => failure(404, "notFound", "Not Found", "The requested resource is not found.");

/** The signature once more, by OpenSSL. */
function refusal({ method, path, query, headers, text }: Call, nonces: Set<string>): FakeAnswer | undefined {
  const [, unsigned = "", signature] = /^(.*;)signature=(.*)$/.exec(headers.authorization ?? "") ?? [];
  const part = (name: string) => new RegExp(`${name}=([^;]*);`).exec(unsigned)?.[1] ?? "";
  const mac = (key: string, data: string) => createHmac("sha256", key).update(data).digest("base64");
  const search = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const content = method === "POST" ? createHash("sha256").update(text).digest("base64") : "";
  const asked = path + (search.length > 0 ? `?${search.join("&")}` : "");
  const data = [method, "https", HOST, asked, "", content, unsigned].join("\t");
  const nonce = part("nonce");
  const isRight =
    unsigned.startsWith(
      `EG1-HMAC-SHA256 client_token=${credentials.client_token};access_token=${credentials.access_token};`,
    ) &&
    /^\d{8}T\d\d:\d\d:\d\d\+0000$/.test(part("timestamp")) &&
    signature === mac(mac(SECRET, part("timestamp")), data) &&
    !nonces.has(nonce);
  nonces.add(nonce);
  return isRight ? undefined : failure(401, "unauthorized", "Not authorized", "The signature does not match.");
}
