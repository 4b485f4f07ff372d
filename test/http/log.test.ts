/** Nothing secret is in the log of a Worker, whatever was done with it, rightly and wrongly. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { requestTo } from "../support/requests";
import { startProcess, type WorkerProcess } from "../support/worker-process";

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-log-"));
const password = "correct horse battery staple";
const wrongPassword = "wrong horse battery staple";
const apiKey = "secret-of-a-dns-account-0123456789";
const hmacKey = "c2VjcmV0LW9mLWEtY2EtYWNjb3VudA";
const name = "log.certedge.test";

let worker: WorkerProcess;

beforeAll(async () => {
  worker = await startProcess({ data, testRoot: "" });
});

afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

it("no password, token, key or credential is written to the log", async () => {
  const { url, secrets } = worker;
  const token = secrets.CLAIM_TOKEN ?? "";
  // npm start prints the link once, for the person who starts it; nothing after it may.
  const printed = worker.log().length;
  const anybody = requestTo(url);
  const ada = { email: "ada@example.com", username: "ada", password };
  await anybody.post("/api/claim", { token: `${token}x`, ...ada });
  const claimed = await anybody.post("/api/claim", { token, ...ada });
  expect(claimed.status).toBe(201);
  await anybody.get(`/claim?token=${token}`);
  const cookie = (claimed.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  await anybody.post("/api/sessions", { username: "ada", password: wrongPassword });
  await anybody.post("/api/sessions", { username: "ada", password, extra: wrongPassword });

  const { key } = (await requestTo(url, { cookie }).post("/api-keys/", { name: "laptop" })).json;
  const owner = requestTo(url, { key });
  await requestTo(url, { key: `${key}x` }).get("/api/account");

  // Failures are where secrets are written by mistake: neither this DNS server, of which workerd complains in the log,
  // nor this authority can be reached.
  const credentials = { base_url: "http://powerdns.invalid", api_key: apiKey };
  const added = await owner.post("/api/dns/powerdns/accounts", { account_id: "home", credentials });
  expect(added.status, added.text).toBe(201);
  expect(added.text).not.toContain(apiKey);
  await owner.post("/api/dns/powerdns/accounts", { account_id: "typo", credentials: { api_kye: apiKey } });
  await owner.get("/api/dns/powerdns/accounts");
  const authority = { authority: "custom", directory_url: "https://127.0.0.1:9/directory", name: "away" };
  await owner.post("/api/ca/accounts", { ...authority, eab_kid: "kid", eab_hmac_key: hmacKey });

  await owner.post("/api/domains", { fqdn: name });
  const update = `/nic/update?hostname=${name}&myip=203.0.113.7`;
  const basic = (secret: string) => ({ authorization: `Basic ${Buffer.from(`ada:${secret}`).toString("base64")}` });
  expect((await requestTo(url, { headers: basic(key) }).get(update)).text).toBe("good 203.0.113.7");
  expect((await requestTo(url, { headers: basic(password) }).get(update)).text).toBe("nochg 203.0.113.7");
  await anybody.get(`${update}&username=ada&password=${key}`);
  await anybody.get(`/dns/pdns/${secrets.PDNS_SECRET}/lookup/${name}./ANY`);
  await anybody.get(`/dns/pdns/${secrets.PDNS_SECRET}/nothing`);

  const ordered = await owner.post("/api/certificates/create?wait=60", { domain: name });
  expect(ordered.json.order.state).toBe("valid");
  const { text: privateKey } = await owner.get(`/api/certificates/${name}/download?format=key`);
  expect(privateKey).toContain("PRIVATE KEY");
  const pkcs12 = { key, headers: { "x-pkcs12-password": password } };
  await requestTo(url, pkcs12).get(`/api/certificates/${name}/download?format=pkcs12`);
  const away = { domain: "log.example.com", dns_provider: "powerdns" };
  const failed = await owner.post("/api/certificates/create", away);
  expect(failed.json.detail).toContain("powerdns/home: It cannot be reached.");
  expect(failed.text).not.toContain(apiKey);
  await owner.delete(`/api/certificates/${name}`);
  await requestTo(url, { cookie }).delete("/api/sessions/current");
  await worker.stop();

  const log = worker.log().slice(printed);
  expect(log).toContain("workerd: ");
  const [, session = ""] = cookie.split("=");
  const lines = privateKey.split("\n").filter((line) => line.length > 20 && !line.startsWith("-----"));
  const ring = (secrets.ENCRYPTION_KEYS ?? "").split(":")[1] ?? "";
  const secret = {
    ...{ password, wrongPassword, token, session, key, apiKey, hmacKey, ring },
    ...{ pepper: secrets.API_KEY_PEPPER, pdns: secrets.PDNS_SECRET, basic: basic(key).authorization.slice(6) },
    ...Object.fromEntries(lines.map((line, index) => [`line ${index} of the private key`, line])),
  };
  for (const [what, value] of Object.entries(secret)) {
    expect(value?.length, what).toBeGreaterThanOrEqual(8);
    expect(log.includes(value ?? ""), `${what} is in the log:\n${log}`).toBe(false);
  }
  expect(log).not.toContain("PRIVATE KEY");
  expect(log).not.toMatch(/ak_[A-Za-z0-9_-]{20}/);
});
