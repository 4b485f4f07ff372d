/** What was done is in the log, from who did it and where, without secrets; and what was written stays as it was. */
import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { type Member, newMember } from "../support/members";

interface Entry {
  sequence: number;
  at: string;
  action: string;
  subject: string;
  actor: { account_id: number; username: string; via: string; credential_id: string };
  address: string | null;
  client: string | null;
  before: unknown;
  after: unknown;
  previous_hash: string;
  hash: string;
}

let member: Member;
let key: string;
beforeAll(async () => {
  member = await newMember(certedge().url, admin(), "elite");
  key = (await request(member).post("/api-keys/", { name: "laptop" })).json.key;
});

const as = () => request({ key, headers: { "user-agent": "a test" } });
const entries = async (query = ""): Promise<Entry[]> => (await request(member).get(`/api/audit${query}`)).json.entries;
const newest = async (action: string) => (await entries(`?action=${action}&limit=1`))[0];

describe("a change", () => {
  it("is in the log with who did it, from where, and on what", async () => {
    const fqdn = uniqueName("logged");
    await as().post("/api/domains", { fqdn, record_ip: "192.0.2.1" });
    expect(await newest("domain.create")).toMatchObject({
      subject: `domain ${fqdn}`,
      actor: { account_id: member.id, username: member.username, via: "api_key", credential_id: expect.any(String) },
      address: "127.0.0.1",
      client: "a test",
      before: null,
      after: { ipv4: "192.0.2.1", ipv6: null },
    });
    await request(member).put(`/api/domains/fqdn/${fqdn}`, { record_ip: "192.0.2.2" });
    expect(await newest("domain.update")).toMatchObject({
      actor: { via: "session" },
      before: { ipv4: "192.0.2.1" },
      after: { ipv4: "192.0.2.2" },
    });
    const { length } = await entries("?action=domain.update");
    await as().put(`/api/domains/fqdn/${fqdn}`, { record_ip: "192.0.2.2" });
    expect(await entries("?action=domain.update")).toHaveLength(length);
    await as().delete(`/api/domains/fqdn/${fqdn}`);
    expect(await newest("domain.delete")).toMatchObject({ subject: `domain ${fqdn}`, before: { ipv4: "192.0.2.2" } });
  });

  it("of a certificate is in the log from its order to its end, and so is every look at its key", async () => {
    const domain = uniqueName("certified");
    const at = `/api/certificates/${domain}`;
    await as().post("/api/domains", { fqdn: domain });
    const { json, text } = await as().post("/api/certificates/create?wait=60", { domain });
    expect(json.certificate?.status, text).toBe("valid");
    await as().get(`${at}/download?format=fullchain`);
    await as().get(`${at}/download?format=key`);
    await as().post(`${at}/renew?wait=60`);
    await as().post(`${at}/revoke`, { reason: "superseded" });
    await as().delete(at);
    const logged = await entries(`?subject=${encodeURIComponent(`certificate ${domain}`)}`);
    const asked = logged.filter(({ actor }) => actor.via !== "system");
    expect(asked.map(({ action, before, after }) => ({ action, before, after }))).toEqual([
      { action: "certificate.delete", before: { names: [domain], status: "revoked" }, after: null },
      { action: "certificate.revoke", before: null, after: { status: "revoked", reason: "superseded" } },
      { action: "certificate.renew", before: null, after: { order: expect.any(String) } },
      { action: "certificate.download_key", before: null, after: { format: "key", serial: expect.any(String) } },
      {
        action: "certificate.create",
        before: null,
        after: expect.objectContaining({ names: [domain], key_type: "p256", order: json.order.id }),
      },
    ]);
  });

  it("of an address by a router is in the log, and not that it stayed", async () => {
    const fqdn = uniqueName("router");
    await as().post("/api/domains", { fqdn, record_ip: "192.0.2.1" });
    const authorization = `Basic ${btoa(`${member.username}:${key}`)}`;
    for (const myip of ["192.0.2.2", "192.0.2.2,2001:db8::2"]) {
      const headers = { authorization, "user-agent": "a router" };
      await fetch(`${certedge().url}/nic/update?hostname=${fqdn}&myip=${myip}`, { headers });
    }
    const logged = () => entries(`?action=domain.update&subject=${encodeURIComponent(`domain ${fqdn}`)}`);
    await expect.poll(async () => (await logged()).length).toBe(2);
    const actor = expect.objectContaining({ via: "api_key", username: member.username });
    expect(await logged()).toMatchObject([
      { actor, client: "a router", after: { ipv4: "192.0.2.2", ipv6: "2001:db8::2" } },
      { actor, before: { ipv4: "192.0.2.1", ipv6: null }, after: { ipv4: "192.0.2.2", ipv6: null } },
    ]);
  });

  it("that failed is not in the log", async () => {
    const { length } = await entries("?action=domain.create");
    expect((await as().post("/api/domains", { fqdn: "no name" })).status).toBe(422);
    expect(await entries("?action=domain.create")).toHaveLength(length);
  });

  it("of twenty at once is each in the log, one behind the other", async () => {
    const names = Array.from({ length: 20 }, () => uniqueName("at-once"));
    const made = await Promise.all(names.map((fqdn) => as().post("/api/domains", { fqdn })));
    expect(made.map(({ status }) => status)).toEqual(names.map(() => 201));
    const logged = await entries("?action=domain.create&limit=20");
    expect(logged.map(({ subject }) => subject).sort()).toEqual(names.map((name) => `domain ${name}`).sort());
    expect((await request(member).get("/api/audit/verify")).json.broken).toBeNull();
  });

  it("that was refused to a right key is in the log once, however often it is tried", async () => {
    const narrow = (await request(member).post("/api-keys/", { name: "router", scopes: ["domains:update"] })).json;
    for (let tries = 0; tries < 3; tries++) await request({ key: narrow.key }).get("/api/certificates");
    const refused = (await entries("?action=access.refused")).filter(({ actor }) => actor.credential_id === narrow.id);
    expect(refused).toMatchObject([
      { subject: "GET /api/certificates", after: { status: 403, detail: expect.stringContaining("domains:update") } },
    ]);
  });

  it("leaves no secret in the log", async () => {
    const { text } = await request(member).get("/api/audit/export");
    expect(text).not.toContain(key);
    expect(text).not.toContain(member.password);
    expect(text).not.toMatch(/ak_[A-Za-z0-9_-]{43}|PRIVATE KEY/);
  });
});

describe("the list", () => {
  it("goes back page by page to the first entry, with nothing twice and nothing left out", async () => {
    const seen: number[] = [];
    let next: string | null = "/api/audit?limit=7";
    while (next) {
      const { json } = await request(member).get(next);
      expect(json.entries.length).toBeLessThanOrEqual(7);
      seen.push(...json.entries.map(({ sequence }: Entry) => sequence));
      next = json.next;
    }
    expect(seen.length).toBeGreaterThan(14);
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, index) => seen.length - index));
  });

  it("is narrowed by time, both ends included", async () => {
    const all = await entries("?limit=200");
    const { at } = all[Math.floor(all.length / 2)] as Entry;
    const at_ = encodeURIComponent(at);
    const found = await entries(`?since=${at_}&until=${at_}&limit=200`);
    expect(found).toEqual(all.filter((entry) => entry.at === at));
    expect(found.length).toBeGreaterThan(0);
  });

  it.each(["action=nothing", "since=yesterday", "limit=0", "limit=201", "before=0", "account=0", "account=all"])(
    "refuses what it cannot be narrowed by: %s",
    async (query) => {
      expect((await request(member).get(`/api/audit?${query}`)).status).toBe(422);
    },
  );
});

describe("the export", () => {
  it("is a line for each entry, whose hashes anybody can work out again", async () => {
    const { text, headers } = await request(member).get("/api/audit/export");
    expect(headers.get("content-type")).toBe("application/jsonl");
    const lines: Entry[] = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    let previous = "0".repeat(64);
    for (const { sequence, at, actor, address, client, action, subject, before, after, previous_hash, hash } of lines) {
      expect(previous_hash).toBe(previous);
      const members = [member.id, sequence, Date.parse(at), actor, address, client, action, subject, before, after];
      previous = createHash("sha256")
        .update(JSON.stringify([...members, previous_hash]))
        .digest("hex");
      expect(hash).toBe(previous);
    }
    const { json } = await request(member).get("/api/audit/verify");
    expect(json).toEqual({ entries: lines.length, head: previous, broken: null });
  });
});

describe("another log than one's own", () => {
  it.each(["", "/export", "/verify"])("is for an administrator: GET /api/audit%s?account=", async (path) => {
    const own = await request(admin()).get("/api/account");
    for (const account of [own.json.id, "installation"]) {
      const refused = await request(member).get(`/api/audit${path}?account=${account}`);
      expect(refused.status).toBe(403);
      expect(refused.json.detail).toBe("Only an administrator of this certedge may do this.");
    }
    expect((await request(member).get(`/api/audit${path}?account=${member.id}`)).status).toBe(200);
    expect((await request(admin()).get(`/api/audit${path}?account=installation`)).status).toBe(200);
    const seen = await request(admin()).get(`/api/audit${path}?account=${member.id}`);
    if (path === "") expect(seen.json.entries[0].actor.username).toBe(member.username);
  });

  it("needs the scope admin, of an administrator's key", async () => {
    const narrow = (await request(admin()).post("/api-keys/", { name: "auditor", scopes: ["audit:read"] })).json;
    const asked = request({ key: narrow.key });
    expect((await asked.get("/api/audit")).status).toBe(200);
    expect((await asked.get(`/api/audit?account=${member.id}`)).status).toBe(403);
    await request(admin()).delete(`/api-keys/${narrow.id}`);
  });
});
