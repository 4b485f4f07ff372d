/** Several DNS accounts at real PowerDNS servers: pins, re-pins, and trying an account out. */
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";
import { admin, request } from "../support/certedge";
import { type Pebble, startPebble } from "../support/pebble";
import { type PowerDns, startPowerDns } from "../support/powerdns";
import { describeWith } from "../support/tools";

const ZONE = "accounts.example.org";
const OTHER_ZONE = "elsewhere.example.net";
const api = () => request(admin());
const unique = (stem: string) => `${stem}-${Math.random().toString(36).slice(2, 8)}`;

describeWith(["pebble", "pdns_server", "sqlite3", "openssl", "dig"], "A DNS account at a real server", () => {
  let pebble: Pebble;
  let primary: PowerDns;
  let secondary: PowerDns;
  let caAccount: string;
  const [first, second] = [unique("first"), unique("second")];
  const path = (id: string) => `/api/dns/powerdns/accounts/${id}`;

  beforeAll(async () => {
    primary = await startPowerDns({ backend: "sqlite", zones: [ZONE, OTHER_ZONE] });
    secondary = await startPowerDns({ backend: "sqlite", zones: [ZONE] });
    pebble = await startPebble({ testRoot: inject("testRoot") });
    const account = { name: unique("accounts"), authority: "custom", directory_url: pebble.directoryUrl };
    caAccount = (await api().post("/api/ca/accounts", account)).json.id;
    for (const [id, server] of [
      [first, primary],
      [second, secondary],
    ] as const) {
      const credentials = { base_url: server.apiUrl, api_key: server.apiKey };
      const made = await api().post("/api/dns/powerdns/accounts", {
        account_id: id,
        credentials,
        nameservers: [server.server],
      });
      expect(made.status).toBe(201);
    }
  });

  afterAll(async () => {
    await pebble?.stop();
    await primary?.stop();
    await secondary?.stop();
  });

  const logOf = async (domain: string, action: string) => {
    const query = new URLSearchParams({ subject: `certificate ${domain}`, action });
    return (await api().get(`/api/audit?${query}`)).json.entries;
  };

  it("is tried out: it lists zones, a value is written, seen and removed, each step with its time", async () => {
    const tested = await api().post(`${path(first)}/test`, { zone: ZONE });
    expect(tested.json).toMatchObject({ ok: true, zone: ZONE });
    const steps = tested.json.steps.map(({ step, ok }: { step: string; ok: boolean }) => `${step} ${ok}`);
    expect(steps).toEqual(["zones true", "write true", "visible true", "remove true"]);
    expect(tested.json.steps[0].detail).toContain(OTHER_ZONE);
    expect((await api().get(path(first))).json.last_test).toEqual(tested.json);
  });

  it("that may not write is told what is missing, and keeps that", async () => {
    const id = unique("wrong");
    const credentials = { base_url: primary.apiUrl, api_key: "not-the-key" };
    const nameservers = [primary.server];
    await api().post("/api/dns/powerdns/accounts", { account_id: id, credentials, nameservers });
    const tested = await api().post(`${path(id)}/test`, {});
    expect(tested.json).toMatchObject({ ok: false, zone: null, steps: [{ step: "zones", ok: false }] });
    expect(tested.json.steps[0].detail).toMatch(/needs .*key/i);
    expect((await api().get(path(id))).json.last_test.ok).toBe(false);

    // A rotated key is the one that counts from then on, and a mask keeps it.
    for (const api_key of [primary.apiKey, "***masked***"]) {
      await api().put(path(id), { credentials: { api_key } });
      expect((await api().post(`${path(id)}/test`, { zone: ZONE })).json.ok).toBe(true);
    }
    await api().delete(path(id));
  });

  it("with a stored credential works with the newest version of it, from the next call on", async () => {
    const fields = { base_url: primary.apiUrl, api_key: primary.apiKey };
    const stored = (await api().post("/api/credentials", { name: unique("pdns"), kind: "dns:powerdns", fields })).json;
    const id = unique("stored");
    const nameservers = [primary.server];
    await api().post("/api/dns/powerdns/accounts", { account_id: id, credential_id: stored.id, nameservers });
    const works = async () => (await api().post(`${path(id)}/test`, { zone: ZONE })).json.ok;
    const rotate = (api_key: string) => api().patch(`/api/credentials/${stored.id}`, { fields: { api_key } });

    expect(await works()).toBe(true);
    await rotate("not-the-key");
    expect(await works()).toBe(false);
    await rotate(primary.apiKey);
    expect(await works()).toBe(true);
    await api().post(`/api/credentials/${stored.id}/roll-back`, { version: 2 });
    expect(await works()).toBe(false);
    await api().post(`/api/credentials/${stored.id}/roll-back`, { version: 1 });

    const domain = `${unique("stored")}.${ZONE}`;
    const pin = { dns_provider: "powerdns", dns_account_id: id, ca_account_id: caAccount };
    const made = await api().post("/api/certificates/create?wait=60", { domain, ...pin });
    expect(made.json.order).toMatchObject({ state: "valid" });
    expect((await api().get(`/api/credentials/${stored.id}/usage`)).json).toEqual({
      dns_accounts: [{ provider: "powerdns", account_id: id }],
      notification_channels: [],
      certificates: [domain],
      domains: [],
    });
    expect((await api().delete(`/api/credentials/${stored.id}`)).json.detail).toContain(domain);
    await api().delete(`/api/certificates/${domain}`);
    await api().delete(path(id));
  });

  it("that is bound to an instance is used for nothing that is not of that instance", async () => {
    const instance_id = (await api().post("/api/instances", { name: unique("instance") })).json.id;
    const id = unique("bound");
    const credentials = { base_url: primary.apiUrl, api_key: primary.apiKey };
    const nameservers = [primary.server];
    await api().post("/api/dns/powerdns/accounts", { account_id: id, credentials, nameservers, instance_id });
    const domain = `${unique("bound")}.${ZONE}`;
    const pin = { dns_provider: "powerdns", dns_account_id: id, ca_account_id: caAccount };
    const refused = await api().post("/api/certificates/create", { domain, ...pin });
    expect(refused.json).toMatchObject({ status: 422, detail: expect.stringContaining("for one instance alone") });
    const fqdn = `${unique("bound")}.${ZONE}`;
    const host = await api().post("/api/domains", { fqdn, record_type: "A", record_ip: "203.0.113.9" });
    expect(host.status).toBe(201); // by another account, for a host is of no instance

    const ofIt = `${unique("of-it")}.${ZONE}`;
    const made = await api().post("/api/certificates/create?wait=60", { domain: ofIt, instance_id, ...pin });
    expect(made.json.order.state).toBe("valid");
    await api().delete(`/api/certificates/${ofIt}`);
    await api().delete(`/api/domains/fqdn/${fqdn}`);

    await api().put(path(id), { instance_id: null });
    expect((await api().post("/api/certificates/create?wait=60", { domain, ...pin })).json.order.state).toBe("valid");
    const later = await api().put(path(id), { instance_id });
    expect(later.json).toMatchObject({ status: 409, certificates: [domain] });
    await api().delete(`/api/certificates/${domain}`);
    await api().delete(path(id));
  });

  it("is what a certificate is pinned to, until it is pinned to another one: the next order goes there", async () => {
    const domain = `${unique("pinned")}.${ZONE}`;
    const pin = { dns_provider: "powerdns", account_id: second, ca_account_id: caAccount };
    const made = await api().post("/api/certificates/create?wait=60", { domain, ...pin });
    expect(made.json).toMatchObject({ certificate: { dns_account_id: second }, order: { state: "valid" } });
    expect(secondary.log()).not.toBe("");
    const [issued] = await logOf(domain, "certificate.issue");
    expect(issued).toMatchObject({ after: { dns_account_id: second, dns_accounts: [`powerdns/${second}`] } });

    const refused = await api().delete(path(second));
    expect(refused.json).toMatchObject({ status: 409, certificates: [domain] });
    const repinned = await api().patch(`/api/certificates/${domain}`, { account_id: first });
    expect(repinned.json).toMatchObject({ dns_provider: "powerdns", dns_account_id: first });
    expect(await logOf(domain, "certificate.change")).toHaveLength(1);
    await api().post(`/api/certificates/${domain}/renew?wait=60`);
    const [renewed] = await logOf(domain, "certificate.issue");
    expect(renewed).toMatchObject({ after: { reason: "manual", dns_accounts: [`powerdns/${first}`] } });
    await api().delete(`/api/certificates/${domain}`);
  });

  it("is the default until another one is, for certificates that name no account; a pin stays where it is", async () => {
    const [floating, pinned] = [`${unique("floats")}.${ZONE}`, `${unique("keeps")}.${ZONE}`];
    const usual = { dns_provider: "powerdns", ca_account_id: caAccount };
    const usedFor = async (domain: string) => (await logOf(domain, "certificate.issue"))[0].after.dns_accounts;
    // Other tests have accounts of this provider as well.
    await api().post("/api/dns/powerdns/default", { account_id: first });
    const made = await api().post("/api/certificates/create?wait=60", { domain: floating, ...usual });
    expect(made.json.certificate).toMatchObject({ dns_provider: "powerdns", dns_account_id: null });
    await api().post("/api/certificates/create?wait=60", { domain: pinned, ...usual, dns_account_id: first });
    await api().post("/api/dns/powerdns/default", { account_id: second });
    for (const domain of [floating, pinned]) await api().post(`/api/certificates/${domain}/renew?wait=60`);
    expect(await usedFor(floating)).toEqual([`powerdns/${second}`]);
    expect(await usedFor(pinned)).toEqual([`powerdns/${first}`]);
    expect((await api().get(`/api/certificates/${pinned}`)).json.dns_account_id).toBe(first);
    for (const domain of [floating, pinned]) await api().delete(`/api/certificates/${domain}`);
    await api().post("/api/dns/powerdns/default", { account_id: first });
  });

  it("opens no other names to a key that is for some", async () => {
    const narrowed = { name: "team", allowed_domains: [`*.team.${ZONE}`] };
    const { id, key } = (await request({ cookie: admin().cookie }).post("/api-keys/", narrowed)).json;
    const team = request({ key });
    const pin = { dns_provider: "powerdns", dns_account_id: second, ca_account_id: caAccount };
    const create = (domain: string, more = {}) =>
      team.post("/api/certificates/create?wait=60", { domain, ...pin, ...more });
    const mine = `${unique("mine")}.team.${ZONE}`;
    for (const more of [{}, { domain_alias: mine }]) {
      expect((await create(`${unique("theirs")}.${ZONE}`, more)).status).toBe(403);
      expect((await create(mine, { san_domains: [`www.${OTHER_ZONE}`], ...more })).status).toBe(403);
    }
    expect((await create(mine)).json.order).toMatchObject({ state: "valid" });
    expect((await team.put(path(second), { allowed_zones: null })).status).toBe(403);
    await api().delete(`/api/certificates/${mine}`);
    await api().delete(`/api-keys/${id}`);
  });

  it("that a certificate cannot be proven with is no pin: the old one stays", async () => {
    const domain = `${unique("stays")}.${OTHER_ZONE}`;
    const pin = { dns_provider: "powerdns", dns_account_id: first, ca_account_id: caAccount };
    await api().post("/api/certificates/create?wait=60", { domain, ...pin });
    const refused = await api().patch(`/api/certificates/${domain}`, { dns_account_id: second });
    expect(refused.json).toMatchObject({ status: 422, detail: expect.stringContaining(ZONE) });
    expect((await api().get(`/api/certificates/${domain}`)).json.dns_account_id).toBe(first);
    await api().delete(`/api/certificates/${domain}`);
  });

  it("is found by the names of a certificate, each in its own zone, account and provider", async () => {
    const names = [`${unique("here")}.${ZONE}`, `${unique("there")}.${OTHER_ZONE}`, `${unique("ours")}.certedge.test`];
    const [domain, ...san_domains] = names;
    const made = await api().post("/api/certificates/create?wait=60", {
      domain,
      san_domains,
      ca_account_id: caAccount,
    });
    expect(made.json.order).toMatchObject({ state: "valid" });
    const [issued] = await logOf(domain ?? "", "certificate.issue");
    expect(issued.after.dns_accounts).toEqual(expect.arrayContaining(["builtin", `powerdns/${first}`]));
    await api().delete(`/api/certificates/${domain}`);
  });

  it("takes the values of very many names, some at a time, and none of them is left", async () => {
    const stem = unique("many");
    const names = Array.from({ length: 45 }, (_, index) => `h${index}.${stem}.${ZONE}`);
    const [domain, ...san_domains] = names;
    const pin = { dns_provider: "powerdns", dns_account_id: first, ca_account_id: caAccount };
    const made = await api().post("/api/certificates/create?wait=100", { domain, san_domains, ...pin });
    expect(made.json.order).toMatchObject({ state: "valid" });
    const left = () => names.filter((name) => primary.dig(`_acme-challenge.${name}`, "TXT").length > 0);
    await vi.waitFor(() => expect(left()).toEqual([]), { timeout: 40_000, interval: 500 });
    await api().delete(`/api/certificates/${domain}`);
  }, 150_000);

  it("writes only what it may be used for, however wide the server's own key is", async () => {
    await api().put(path(second), { allowed_records: ["hosts"], allowed_zones: [ZONE] });
    const domain = `${unique("scope")}.${ZONE}`;
    const pin = { dns_provider: "powerdns", dns_account_id: second, ca_account_id: caAccount };
    const made = await api().post("/api/certificates/create?wait=60", { domain, ...pin });
    expect(made.json.order).toMatchObject({ state: "failed", problem: { cause: "dns_provider" } });
    expect(made.json.order.problem.detail).toContain("acme_challenges");
    await api().delete(`/api/certificates/${domain}`);
    await api().put(path(second), { allowed_records: null, allowed_zones: null });
  });

  it("keeps a record of dns-persist-01 for as long as its certificate is there", async () => {
    await api().put(path(first), { allowed_records: ["acme_challenges"] });
    const domain = `${unique("stands")}.${ZONE}`;
    const pin = { dns_provider: "powerdns", dns_account_id: first, challenge_type: "dns-persist-01" };
    const { order } = (await api().post("/api/certificates/create?wait=60", { domain, ...pin })).json;
    // The built-in CA of this certedge cannot ask the outside world, and says no: the record is there all the same.
    expect(order).toMatchObject({ state: "failed", problem: { cause: "validation" } });
    const [{ name, value }] = order.records;
    expect(primary.dig(name, "TXT")).toEqual([`"${value}"`]);
    await api().delete(`/api/certificates/${domain}`);
    expect(primary.dig(name, "TXT")).toEqual([]);
    await api().put(path(first), { allowed_records: null });
  });

  it("hands the domains that it writes on, and the next update, of the same address even, is told to the heir", async () => {
    const fqdn = `${unique("host")}.${ZONE}`;
    await api().post("/api/domains", { fqdn, record_type: "A", record_ip: "203.0.113.9" });
    expect(primary.dig(fqdn, "A")).toEqual(["203.0.113.9"]);
    // Other tests have accounts of this provider as well: the first of all is its default.
    const { is_default } = (await api().get(path(first))).json;
    const refused = await api().delete(path(first));
    expect(refused.json).toMatchObject({ status: 409, domains: [fqdn], is_default });
    expect((await api().delete(`${path(first)}?reassign_to=${second}`)).status).toBe(204);
    await api().put(`/api/domains/fqdn/${fqdn}`, { record_ip: "203.0.113.9" });
    expect(secondary.dig(fqdn, "A")).toEqual(["203.0.113.9"]);
    expect((await api().get(path(second))).json.is_default).toBe(is_default);
    await api().delete(`/api/domains/fqdn/${fqdn}`);
  });
});
