/** What a key's scopes and names let it do: each route takes one scope and no other, on a certedge of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Scope, scopeNames } from "../src/accounts/scopes";
import { type Admin, claim } from "./support/claim";
import { requestTo } from "./support/requests";
import { startProcess, type WorkerProcess } from "./support/worker-process";

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-scopes-"));

let worker: WorkerProcess;
let admin: Admin;

const owner = () => requestTo(worker.url, { cookie: admin.cookie });

beforeAll(async () => {
  worker = await startProcess({ data, testRoot: "" });
  admin = await claim(worker);
  for (const name of ["home", "office"]) {
    await owner().post("/api/domains", { fqdn: `${name}.certedge.test`, record_ip: "203.0.113.7" });
    await owner().post("/api/certificates/create?wait=30", { domain: `${name}.certedge.test` });
  }
});

async function forgetKeys(): Promise<void> {
  const { keys } = (await owner().get("/api-keys/")).json;
  for (const { id, name } of keys) if (name !== "tests") await owner().delete(`/api-keys/${id}`);
}

afterEach(forgetKeys);

afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

async function keyWith(narrowing: object): Promise<string> {
  const { json, text } = await owner().post("/api-keys/", { name: "narrowed", ...narrowing });
  if (!json.key) throw new Error(text);
  return json.key;
}

async function ask(key: string, line: string, body?: unknown) {
  const [method = "", route = ""] = line.split(" ");
  const call = requestTo(worker.url, { key });
  if (method === "POST") return call.post(route, body);
  if (method === "PUT") return call.put(route, body);
  return method === "DELETE" ? call.delete(route) : call.get(route);
}

async function update(key: string, query: string): Promise<string> {
  const authorization = `Basic ${Buffer.from(`${admin.username}:${key}`).toString("base64")}`;
  return (await fetch(`${worker.url}/nic/update?${query}`, { headers: { authorization } })).text();
}

const uuid = "550e8400-e29b-41d4-a716-446655440000";
/** What is asked, the scope that it takes, and what the answer is with it. */
const routes: [line: string, scope: Scope, status: number, body?: unknown][] = [
  ["GET /api/account", "account:read", 200],
  ["GET /api-keys/", "api_keys:read", 200],
  [`GET /api-keys/${uuid}`, "api_keys:read", 404],
  ["POST /api-keys/", "api_keys:write", 201, { name: "child", scopes: ["api_keys:write"] }],
  [`DELETE /api-keys/${uuid}`, "api_keys:write", 404],
  ["GET /api/ca/accounts", "ca:read", 200],
  [`GET /api/ca/accounts/${uuid}`, "ca:read", 404],
  ["POST /api/ca/accounts", "ca:write", 422, { name: "x", authority: "custom" }],
  [`POST /api/ca/accounts/${uuid}/default`, "ca:write", 404],
  [`POST /api/ca/accounts/${uuid}/rollover`, "ca:write", 404],
  ["GET /api/certificates", "certificates:read", 200],
  ["GET /api/certificates/home.certedge.test", "certificates:read", 200],
  ["GET /api/certificates/home.certedge.test/orders", "certificates:read", 200],
  [`GET /api/certificates/home.certedge.test/orders/${uuid}`, "certificates:read", 404],
  [`GET /api/certificates/home.certedge.test/orders/${uuid}/events`, "certificates:read", 404],
  ["GET /api/certificates/home.certedge.test/download", "certificates:read", 200],
  ["POST /api/certificates/create", "certificates:write", 409, { domain: "home.certedge.test" }],
  ["POST /api/certificates/none.certedge.test/renew", "certificates:write", 404],
  ["POST /api/certificates/none.certedge.test/revoke", "certificates:write", 404, {}],
  ["DELETE /api/certificates/none.certedge.test", "certificates:write", 404],
  ["GET /api/dns/cloudflare/accounts", "dns:read", 200],
  ["POST /api/dns/cloudflare/accounts", "dns:write", 422, { account_id: "x", credentials: {} }],
  ["POST /api/dns/cloudflare/default", "dns:write", 404, { account_id: "x" }],
  ["GET /api/instances", "instances:read", 200],
  [`GET /api/instances/${uuid}`, "instances:read", 404],
  ["POST /api/instances", "instances:write", 422, { name: "" }],
  [`DELETE /api/instances/${uuid}`, "instances:write", 404],
  [`GET /api/instances/${uuid}/certificates`, "instances:read", 404],
  [`GET /api/instances/${uuid}/keys`, "instances:read", 404],
  [`POST /api/instances/${uuid}/report`, "instances:report", 404, {}],
  ["GET /api/notifications/channels", "notifications:read", 200],
  [`GET /api/notifications/channels/${uuid}/deliveries`, "notifications:read", 404],
  ["POST /api/notifications/channels", "notifications:write", 422, { name: "x", kind: "slack" }],
  [`POST /api/notifications/channels/${uuid}/test`, "notifications:write", 404],
  [`POST /api/notifications/deliveries/${uuid}/retry`, "notifications:write", 404],
  ["GET /api/domains", "domains:read", 200],
  ["GET /api/domains/fqdn/home.certedge.test", "domains:read", 200],
  ["POST /api/domains", "domains:write", 409, { fqdn: "home.certedge.test" }],
  ["PUT /api/domains/fqdn/home.certedge.test", "domains:update", 200, { record_ip: "203.0.113.8" }],
  ["DELETE /api/domains/fqdn/none.certedge.test", "domains:write", 404],
];

describe("a key's scopes", () => {
  it.each(routes)("open %s by %s alone", async (line, scope, status, body) => {
    const others = scopeNames.filter((name) => name !== scope);
    const refused = await ask(await keyWith({ scopes: others }), line, body);
    expect(refused.status, refused.text).toBe(403);
    expect(refused.json.detail).toContain(`This API key lacks the scope ${scope}.`);
    const answered = await ask(await keyWith({ scopes: [scope] }), line, body);
    expect(answered.status, answered.text).toBe(status);
  });

  it.each(["key", "pem", "pkcs12", "zip", "json"])(
    "open a download as %s, which holds the private key, by keys:download beside certificates:read",
    async (format) => {
      const line = `GET /api/certificates/home.certedge.test/download?format=${format}`;
      const refused = await ask(await keyWith({ scopes: ["certificates:read", "certificates:write"] }), line);
      expect(refused.status).toBe(403);
      expect(refused.json.detail).toContain("keys:download");
      expect(refused.text).not.toContain("PRIVATE KEY");
      const both = await keyWith({ scopes: ["certificates:read", "keys:download"] });
      expect((await ask(both, line)).status).toBe(200);
      expect((await ask(await keyWith({ scopes: ["keys:download"] }), line)).status).toBe(403);
    },
  );

  it.each(["fullchain", "cert", "chain", "der"])("open a download as %s without keys:download", async (format) => {
    const key = await keyWith({ scopes: ["certificates:read"] });
    expect((await ask(key, `GET /api/certificates/home.certedge.test/download?format=${format}`)).status).toBe(200);
  });

  it("let a router's key update, and do nothing else; no other key may", async () => {
    const router = await keyWith({ scopes: ["domains:update"] });
    expect(await update(router, "hostname=home.certedge.test&myip=203.0.113.9")).toBe("good 203.0.113.9");
    const others = await keyWith({ scopes: scopeNames.filter((scope) => scope !== "domains:update") });
    expect(await update(others, "hostname=home.certedge.test&myip=203.0.113.10")).toBe("badauth");
  });
});

describe("the export of an account", () => {
  const readings: Scope[] = [
    ...(["account:read", "api_keys:read", "ca:read"] as const),
    ...(["certificates:read", "credentials:read", "dns:read", "domains:read"] as const),
    ...(["instances:read", "notifications:read"] as const),
  ];

  it("takes every scope that reads what is in it", async () => {
    const line = "GET /api/account/export";
    for (const missing of readings) {
      const refused = await ask(await keyWith({ scopes: readings.filter((scope) => scope !== missing) }), line);
      expect(refused.json).toMatchObject({ status: 403, detail: expect.stringContaining(`scope ${missing}.`) });
      await forgetKeys();
    }
    expect((await ask(await keyWith({ scopes: readings }), line)).status).toBe(200);
  });
});

describe("a key for some names", () => {
  it("sees only what it may be used for", async () => {
    const key = await keyWith({ allowed_domains: ["home.certedge.test"] });
    const certificates = (await ask(key, "GET /api/certificates")).json.certificates;
    expect(certificates.map(({ domain }: { domain: string }) => domain)).toEqual(["home.certedge.test"]);
    const { domains } = (await ask(key, "GET /api/domains")).json;
    expect(domains.map(({ fqdn }: { fqdn: string }) => fqdn)).toEqual(["home.certedge.test"]);
  });

  const foreign: [line: string, body?: unknown][] = [
    ["POST /api/certificates/create", { domain: "office.certedge.test" }],
    ["POST /api/certificates/create", { domain: "*.home.certedge.test" }],
    ["POST /api/certificates/create", { domain: "home.certedge.test", san_domains: ["office.certedge.test"] }],
    ["GET /api/certificates/office.certedge.test"],
    ["GET /api/certificates/none.certedge.test"],
    ["GET /api/certificates/OFFICE.certedge.test./download"],
    ["GET /api/certificates/office.certedge.test/download?format=key"],
    ["GET /api/certificates/office.certedge.test/orders"],
    [`GET /api/certificates/office.certedge.test/orders/${uuid}`],
    [`GET /api/certificates/office.certedge.test/orders/${uuid}/events`],
    ["POST /api/certificates/office.certedge.test/renew"],
    ["POST /api/certificates/office.certedge.test/revoke", {}],
    ["DELETE /api/certificates/office.certedge.test"],
    ["POST /api/domains", { fqdn: "new.certedge.test" }],
    ["GET /api/domains/fqdn/office.certedge.test"],
    ["PUT /api/domains/fqdn/office.certedge.test", { record_ip: "203.0.113.66" }],
    ["DELETE /api/domains/fqdn/office.certedge.test"],
  ];

  it.each(foreign)("is refused %s %j", async (line, body) => {
    const refused = await ask(await keyWith({ allowed_domains: ["home.certedge.test"] }), line, body);
    expect(refused.status, refused.text).toBe(403);
    expect(refused.json.detail).toMatch(/^This API key may not be used for .*\. It is for home\.certedge\.test\.$/);
  });

  it("updates its own hosts; the others are not there for it", async () => {
    const key = await keyWith({ allowed_domains: ["home.certedge.test"] });
    const answer = await update(key, "hostname=home.certedge.test,office.certedge.test&myip=203.0.113.21");
    expect(answer).toBe("good 203.0.113.21\nnohost");
  });

  it("is taken for names below a wildcard, and for the wildcard itself", async () => {
    const key = await keyWith({ allowed_domains: ["*.certedge.test"] });
    expect((await ask(key, "GET /api/certificates/home.certedge.test")).status).toBe(200);
    const deep = { domain: "*.a.home.certedge.test", san_domains: ["b.a.home.certedge.test"] };
    expect((await ask(key, "POST /api/certificates/create", deep)).status).toBe(202);
    expect((await ask(key, "POST /api/certificates/create", { domain: "certedge.test" })).status).toBe(403);
  });

  it("does not run the installation", async () => {
    const refused = await ask(await keyWith({ allowed_domains: ["*.certedge.test"] }), "GET /api/admin/invitations");
    expect(refused.status).toBe(403);
    expect(refused.json.detail).toContain("admin needs one for all names");
  });

  it.each<[line: string, body?: object]>([
    ["GET /api/account/export"],
    ["GET /api/audit"],
    ["GET /api/instances"],
    ["POST /api/instances", { name: "web" }],
    ["POST /api/dns/cloudflare/accounts", { account_id: "x", credentials: { api_token: "of another" } }],
    ["POST /api/dns/cloudflare/default", { account_id: "x" }],
    ["PUT /api/settings/dns", { dns_provider: "cloudflare" }],
    ["POST /api/dns/challenge-hosts", { domain: "office.certedge.test" }],
    ["POST /api/ca/accounts", { name: "x", authority: "builtin", set_as_default: true }],
    [`POST /api/ca/accounts/${uuid}/default`],
  ])("is no key to %s, which is about all names", async (line, body) => {
    const refused = await ask(await keyWith({ allowed_domains: ["*.certedge.test"] }), line, body);
    expect(refused.json).toMatchObject({ status: 403, detail: expect.stringContaining("one for all names") });
  });
});

describe("a session", () => {
  it("may do what its account may, whatever the scope", async () => {
    for (const route of ["/api-keys/", "/api/domains", "/api/certificates", "/api/ca/accounts"]) {
      expect((await owner().get(route)).status).toBe(200);
    }
  });
});
