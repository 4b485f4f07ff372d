/** CertMate's calls for DNS accounts, as its document has them; and the faults that its code has there, which we do not. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { admin, certedge, request } from "./support/certedge";

const api = () => request(admin());
/** Accounts of providers that no other test uses, each under its own identifier. */
const uniqueId = (stem: string) => `${stem}-${Math.random().toString(36).slice(2, 8)}`;
const at = (provider: string, id = "") => `/api/dns/${provider}/accounts${id && `/${id}`}`;

describe("A DNS account", () => {
  it("is added, listed, rotated, made the default and deleted by the calls of CertMate's document", async () => {
    const [production, staging] = [uniqueId("production"), uniqueId("staging")];
    const made = await api().post(at("gandi"), {
      account_id: production,
      name: "Production",
      credentials: { api_token: "first-token-of-production" },
    });
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({ account_id: production, name: "Production", provider: "gandi" });
    expect(made.json.credentials).toEqual({ api_token: "***masked***" });
    await api().post(at("gandi"), {
      account_id: staging,
      name: "Staging Gandi",
      credentials: { api_token: "first-token-of-staging" },
    });
    const listed = (await api().get(at("gandi"))).json.accounts.map((one: { account_id: string }) => one.account_id);
    expect(listed).toEqual(expect.arrayContaining([production, staging]));

    const rotated = await api().put(at("gandi", staging), { credentials: { api_token: "new-token-here" } });
    expect(rotated.status).toBe(200);
    const chosen = await api().post("/api/dns/gandi/default", { account_id: staging });
    expect(chosen.json).toMatchObject({ account_id: staging, is_default: true });
    expect((await api().get(at("gandi", production))).json.is_default).toBe(false);
    expect((await api().delete(at("gandi", production))).status).toBe(204);
    expect((await api().get(at("gandi", production))).status).toBe(404);
    await api().delete(at("gandi", staging));
  });

  it.each(["credentials", "config"])("takes its fields under %s", async (member) => {
    const id = uniqueId("both");
    const made = await api().post(at("linode"), { account_id: id, [member]: { api_key: "a-linode-key" } });
    expect(made.json.credentials).toEqual({ api_key: "***masked***" });
    await api().delete(`${at("linode", id)}`);
  });

  it("keeps no secret for another address than it was given for", async () => {
    const id = uniqueId("moved");
    const first = { username: "ada", base_url: "https://api.name.example", api_token: "token-of-that-server" };
    await api().post(at("namedotcom"), { account_id: id, credentials: first });
    const base_url = "https://thief.example.net";
    for (const credentials of [{ base_url }, { base_url, api_token: "***masked***" }]) {
      const answer = await api().put(at("namedotcom", id), { credentials });
      expect(answer.json).toMatchObject({ status: 422, errors: [{ pointer: "/credentials/base_url" }] });
    }
    const settings = { dns_providers: { namedotcom: { [id]: { base_url, api_token: "********" } } } };
    expect((await api().put("/api/settings/dns", settings)).status).toBe(422);
    const shown = (await api().get(at("namedotcom", id))).json.credentials;
    expect(shown).toMatchObject({ base_url: first.base_url });
    expect((await api().put(at("namedotcom", id), { credentials: { base_url, api_token: "its own" } })).status).toBe(
      200,
    );
  });

  it("takes changed fields at the top, under credentials and under config, and keeps what is masked", async () => {
    const id = uniqueId("aws");
    const credentials = { access_key_id: "AKIAFIRST", secret_access_key: "first-secret", region: "eu-west-1" };
    await api().post(at("route53"), { account_id: id, credentials });
    for (const change of [
      { region: "us-east-1" },
      { credentials: { region: "us-east-1", secret_access_key: "***masked***" } },
      { config: { region: "us-east-1", secret_access_key: "********" } },
    ]) {
      await api().put(at("route53", id), { region: "eu-west-1" });
      const changed = await api().put(at("route53", id), change);
      expect(changed.status).toBe(200);
      expect(changed.json.credentials).toMatchObject({ region: "us-east-1", secret_access_key: "***masked***" });
    }
    const unknown = await api().put(at("route53", id), { api_token: "x" });
    expect(unknown.status).toBe(422);
    expect(unknown.json.errors).toEqual([{ pointer: "/api_token", detail: expect.stringContaining("api_token") }]);
    expect(unknown.json.detail).toContain("secret_access_key");
    await api().delete(at("route53", id));
  });

  it("becomes the default of its provider where that is asked for, when it is made and when it is changed", async () => {
    const ids = ["first", "second", "third"].map(uniqueId);
    const isDefault = async () =>
      Promise.all(ids.map(async (id) => (await api().get(at("njalla", id))).json.is_default as boolean));
    for (const account_id of ids) {
      const more = account_id === ids[1] ? { set_as_default: true } : {};
      await api().post(at("njalla"), { account_id, credentials: { token: "njalla-token" }, ...more });
    }
    expect(await isDefault()).toEqual([false, true, false]);
    await api().put(at("njalla", ids[2]), { set_as_default: true });
    expect(await isDefault()).toEqual([false, false, true]);
    for (const id of ids) await api().delete(at("njalla", id));
  });

  it("is not made by a change of one that is not there", async () => {
    const answer = await api().put(at("vultr", "misspelt"), { credentials: { api_key: "x" } });
    expect(answer.status).toBe(404);
    expect((await api().get(at("vultr"))).json.accounts).toEqual([]);
  });

  it("is refused when its fields do not fit, with the right ones", async () => {
    const answer = await api().post(at("route53"), { account_id: "bad", credentials: { api_token: "x" } });
    expect(answer.status).toBe(422);
    expect(answer.json.detail).toContain("access_key_id, secret_access_key");
    const pointers = answer.json.errors.map((error: { pointer: string }) => error.pointer);
    expect(pointers).toEqual(expect.arrayContaining(["/credentials/access_key_id", "/credentials/api_token"]));
    const unknown = await api().post(at("clodflare"), { account_id: "bad", credentials: {} });
    expect(unknown.json).toMatchObject({ status: 422, detail: expect.stringMatching(/"clodflare".*cloudflare/) });
  });

  it("can be disabled, and its use be narrowed, without deleting it", async () => {
    const id = uniqueId("narrow");
    await api().post(at("netlify"), { account_id: id, credentials: { api_token: "netlify-token" } });
    const scope = { allowed_zones: ["example.com"], allowed_records: ["acme_challenges"], enabled: false };
    expect((await api().put(at("netlify", id), scope)).json).toMatchObject(scope);
    const refused = await api().post("/api/certificates/create", {
      domain: "www.example.com",
      dns_provider: "netlify",
      dns_account_id: id,
    });
    expect(refused.json).toMatchObject({ status: 422, detail: expect.stringContaining("is disabled") });
    await api().delete(at("netlify", id));
  });

  it("stays while it is the default of others, and hands that on when told to whom", async () => {
    const [from, to] = [uniqueId("from"), uniqueId("to")];
    for (const id of [from, to]) {
      await api().post(at("vercel"), { account_id: id, credentials: { api_token: "vercel-token" } });
    }
    const refused = await api().delete(at("vercel", from));
    expect(refused.status).toBe(409);
    expect(refused.json).toMatchObject({ is_default: true, certificates: [], domains: [] });
    expect((await api().delete(`${at("vercel", from)}?reassign_to=${to}`)).status).toBe(204);
    expect((await api().get(at("vercel", to))).json.is_default).toBe(true);
    expect((await api().delete(at("vercel", to))).status).toBe(204);
  });
});

describe("The list of DNS providers", () => {
  it("has for each its fields, which of them are secret, and what its credential must be allowed to do", async () => {
    const { providers } = (await api().get("/api/dns/providers")).json;
    const ids = providers.map((provider: { id: string }) => provider.id);
    expect(ids).toEqual(expect.arrayContaining(["cloudflare", "route53", "powerdns", "google"]));
    expect(ids).not.toContain("builtin");
    for (const { id, needs, credentials } of providers) {
      expect(needs, id).not.toBe("");
      for (const field of credentials) expect(field, id).toMatchObject({ title: expect.stringMatching(/./) });
    }
  });
});

describe("The DNS settings", () => {
  const [production, staging, aws] = [uniqueId("production"), uniqueId("staging"), uniqueId("main-aws")];
  /** As CertMate's document has them. */
  const documented = {
    dns_provider: "digitalocean",
    default_accounts: { digitalocean: production, hetzner: aws },
    dns_providers: {
      digitalocean: {
        [production]: { name: "Production Environment", api_token: "production-token" },
        [staging]: { name: "Staging Environment", api_token: "staging-token" },
      },
      hetzner: { [aws]: { name: "Main account", api_token: "hetzner-token" } },
    },
  };
  const put = (document: object) => api().put("/api/settings/dns", document);
  const read = async () => (await api().get("/api/settings/dns")).json;

  beforeAll(async () => {
    const answer = await put(documented);
    // Hetzner's old console is the one thing that CertMate means by "hetzner".
    expect(answer.json.left_out).toEqual(
      expect.arrayContaining([expect.objectContaining({ pointer: "/dns_providers/hetzner" })]),
    );
    expect(answer.json.created).toEqual([`digitalocean/${production}`, `digitalocean/${staging}`]);
  });

  it("are told in two levels, with defaults, and with every secret masked", async () => {
    const { dns_provider, default_accounts, dns_providers } = await read();
    expect(dns_provider).toBe("digitalocean");
    expect(default_accounts.digitalocean).toBe(production);
    expect(dns_providers.digitalocean[production]).toEqual({
      name: "Production Environment",
      api_token: "***masked***",
    });
  });

  it("are accounts like any other from then on: listed, one more beside them, deleted each for itself", async () => {
    const ids = ["flat", "beside"].map(uniqueId);
    await put({ dns_providers: { godaddy: { [ids[0] ?? ""]: { api_key: "k", secret: "s" } } } });
    await api().post(at("godaddy"), { account_id: ids[1], credentials: { api_key: "k", secret: "s" } });
    const listed = (await api().get(at("godaddy"))).json.accounts;
    const credentials = { api_key: "***masked***", secret: "***masked***" };
    expect(listed).toEqual(ids.map((account_id) => expect.objectContaining({ account_id, credentials })));
    for (const id of ids.reverse()) expect((await api().delete(at("godaddy", id))).status).toBe(204);
  });

  it("come back masked without losing a secret or an account", async () => {
    const before = await read();
    const answer = await put(before);
    expect(answer.status).toBe(200);
    expect(answer.json.left_out).toEqual([]);
    expect(await read()).toEqual(before);
  });

  it("keep what a document does not name", async () => {
    await put({ dns_providers: { digitalocean: { [staging]: { name: "Renamed", api_token: "***masked***" } } } });
    const { digitalocean } = (await read()).dns_providers;
    expect(digitalocean[staging].name).toBe("Renamed");
    expect(digitalocean[production]).toBeDefined();
  });

  it("take the three levels of a CertMate file, and the single account of an older one as default", async () => {
    const id = uniqueId("third");
    const answer = await put({
      dns_providers: {
        dnsimple: { accounts: { [id]: { name: "Third level", api_token: "dnsimple-token" } } },
        desec: { api_token: "desec-token" },
        "hetzner-cloud": { accounts: { [id]: { api_token: "console-token" } } },
        porkbun: { accounts: { default: { name: "Default Porkbun Account", api_key: "", secret_key: "" } } },
      },
    });
    expect(answer.json.created).toEqual([`dnsimple/${id}`, "desec/default", `hetzner/${id}`]);
    expect(answer.json.left_out).toEqual([]);
    for (const [provider, account] of [
      ["dnsimple", id],
      ["desec", "default"],
      ["hetzner", id],
    ]) {
      expect((await api().get(at(provider ?? "", account))).json.is_default).toBe(true);
      await api().delete(at(provider ?? "", account));
    }
  });

  it("take CertMate's own names of fields, and what it means by those that are left out", async () => {
    const id = uniqueId("names");
    const answer = await put({
      dns_providers: {
        powerdns: { [id]: { api_url: "https://ns.example.net:8081", api_key: "pdns-key" } },
        rfc2136: { [id]: { nameserver: "ns.example.net", tsig_key: "certmate", tsig_secret: "c2VjcmV0" } },
      },
    });
    expect(answer.json.left_out).toEqual([]);
    const { powerdns, rfc2136 } = answer.json.settings.dns_providers;
    expect(powerdns[id]).toMatchObject({ base_url: "https://ns.example.net:8081" });
    expect(rfc2136[id]).toMatchObject({ server: "ns.example.net", key_name: "certmate", algorithm: "hmac-sha512" });
    for (const provider of ["powerdns", "rfc2136"]) await api().delete(`${at(provider, id)}`);
  });

  it("take every provider of CertMate's with the fields that it asks for, but those of which there is none here", async () => {
    const id = uniqueId("whole");
    const key = JSON.stringify({ client_email: "a@p.iam.gserviceaccount.com", private_key: "key", project_id: "p" });
    const fields: Record<string, Record<string, unknown>> = {
      cloudflare: { token: "t" },
      route53: { access_key_id: "AKIA", secret_access_key: "s", region: "us-east-1" },
      azure: {
        ...{ subscription_id: "s", resource_group: "g", tenant_id: "t", client_id: "c", client_secret: "x" },
        zone_domains: ["example.com"],
      },
      google: { project_id: "p", service_account_key: key },
      digitalocean: { api_token: "t" },
      linode: { api_key: "k" },
      gandi: { api_token: "t" },
      ovh: { endpoint: "ovh-eu", application_key: "k", application_secret: "s", consumer_key: "c" },
      powerdns: { api_url: "https://ns.example.net:8081", api_key: "k" },
      edgedns: {
        client_token: "akab-t",
        client_secret: "s",
        access_token: "akab-a",
        host: "akab-h.luna.akamaiapis.net",
      },
      namecheap: { username: "ada", api_key: "k" },
      infomaniak: { api_token: "t" },
      "acme-dns": { api_url: "https://auth.example.net", username: "u", password: "p", subdomain: "s" },
      duckdns: { api_token: "t" },
      rfc2136: { nameserver: "ns.example.net", tsig_key: "k", tsig_secret: "c2VjcmV0", tsig_algorithm: "HMAC-SHA512" },
      vultr: { api_key: "k" },
      dnsmadeeasy: { api_key: "k", secret_key: "s" },
      nsone: { api_key: "k" },
      "hetzner-cloud": { api_token: "t" },
      porkbun: { api_key: "k", secret_key: "s" },
      godaddy: { api_key: "k", secret: "s" },
      desec: { api_token: "t" },
      scaleway: { application_token: "t" },
    };
    const elsewhere: Record<string, Record<string, unknown>> = {
      arvancloud: { api_key: "k" },
      hetzner: { api_token: "t" },
      "he-ddns": { username: "u", password: "p" },
      dynudns: { token: "t" },
      solidserver: { host: "h", username: "u", password: "p", dns_name: "d" },
      "custom-script": { auth_hook: "/bin/true" },
    };
    const dns_providers = Object.fromEntries(
      Object.entries({ ...fields, ...elsewhere }).map(([provider, account]) => [provider, { [id]: account }]),
    );
    const { created, left_out } = (await put({ dns_providers })).json;
    expect(left_out.map(({ pointer }: { pointer: string }) => pointer)).toEqual(
      Object.keys(elsewhere).map((provider) => `/dns_providers/${provider}`),
    );
    expect(created).toHaveLength(Object.keys(fields).length);
    for (const made of created as string[]) await api().delete(at(...(made.split("/") as [string, string])));
  });

  it("are taken from a file by npm run import:certmate, which says what it took and what not", async () => {
    const id = uniqueId("imported");
    const folder = mkdtempSync(path.join(os.tmpdir(), "certedge-import-"));
    const file = path.join(folder, "settings.json");
    const dns_providers = {
      digitalocean: { accounts: { [id]: { api_token: "t" } } },
      solidserver: { x: { host: "h" } },
    };
    writeFileSync(file, JSON.stringify({ email: "ada@example.com", dns_provider: "digitalocean", dns_providers }));
    const environment = { ...process.env, CERTEDGE_URL: certedge().url, CERTEDGE_KEY: admin().key };
    const script = path.resolve(import.meta.dirname, "../scripts/import-certmate.mjs");
    const run = (env: NodeJS.ProcessEnv) => promisify(execFile)(process.execPath, [script, file], { env });
    const { stdout } = await run(environment);
    expect(stdout).toContain(`Added:\n  digitalocean/${id}`);
    expect(stdout).toMatch(/Not taken:\n {2}\/dns_providers\/solidserver: There is no DNS provider "solidserver"/);
    await expect(run({ ...environment, CERTEDGE_KEY: `ak_${"x".repeat(43)}` })).rejects.toMatchObject({
      stderr: expect.stringContaining("answered 401"),
    });
    await api().delete(at("digitalocean", id));
    rmSync(folder, { recursive: true });
  });

  it("say of each account that does not fit what is wrong, and take the others", async () => {
    const id = uniqueId("fits");
    const answer = await put({
      dns_providers: {
        bunny: { [id]: { name: "No key at all", colour: "blue" } },
        nowhere: { [id]: { api_token: "x" } },
        "custom-script": { [id]: { auth_hook: "/bin/true" } },
        digitalocean: { [id]: { api_token: "a-third-token" } },
      },
    });
    expect(answer.json.created).toEqual([`digitalocean/${id}`]);
    const left = Object.fromEntries(
      answer.json.left_out.map(({ pointer, detail }: { pointer: string; detail: string }) => [pointer, detail]),
    );
    expect(left["/dns_providers/nowhere"]).toContain('no DNS provider "nowhere"');
    expect(left["/dns_providers/custom-script"]).toContain("webhook");
    expect(left[`/dns_providers/bunny/${id}`]).toMatch(/do not fit Bunny/i);
    await api().delete(at("digitalocean", id));
  });

  it("are refused when nothing of them can be taken", async () => {
    const answer = await put({ dns_providers: { nowhere: { main: { api_token: "x" } } } });
    expect(answer.status).toBe(422);
    expect(answer.json.errors[0].pointer).toBe("/dns_providers/nowhere");
  });
});
