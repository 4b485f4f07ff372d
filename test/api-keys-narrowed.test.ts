/** What narrows an API key: until when, from where, and what for. On a certedge of its own: an account has five keys. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Admin, claim } from "./support/claim";
import { requestTo } from "./support/requests";
import { startProcess, type WorkerProcess } from "./support/worker-process";

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-narrowed-"));
const HERE = "198.51.100.7";

let worker: WorkerProcess;
let admin: Admin;

const owner = () => requestTo(worker.url, { cookie: admin.cookie });
const make = (narrowing: object) => owner().post("/api-keys/", { name: "narrowed", ...narrowing });
const withKey = (key: string, from = HERE, client = "test") =>
  requestTo(worker.url, { key, headers: { "cf-connecting-ip": from, "user-agent": client } });
const look = async (id: string) => (await owner().get(`/api-keys/${id}`)).json;
const update = async (key: string, query: string, from = HERE) => {
  const basic = Buffer.from(`${admin.username}:${key}`).toString("base64");
  const headers = { authorization: `Basic ${basic}`, "cf-connecting-ip": from };
  return (await fetch(`${worker.url}/nic/update?${query}`, { headers })).text();
};

beforeAll(async () => {
  worker = await startProcess({ data, testRoot: "" });
  admin = await claim(worker);
});

afterEach(async () => {
  const { keys } = (await owner().get("/api-keys/")).json;
  for (const { id, name } of keys) if (name !== "tests") await owner().delete(`/api-keys/${id}`);
});

afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

describe("a plain key's documents", () => {
  it("have the seed's members, in its order, and no others, before and after its use", async () => {
    const { json, text } = await make({
      expires_at: null,
      scopes: null,
      allowed_domains: null,
      allowed_networks: null,
    });
    expect(Object.keys(JSON.parse(text))).toEqual([
      "id",
      "user_id",
      "key",
      "name",
      "created_at",
      "last_used_at",
      "is_active",
    ]);
    await withKey(json.key).get("/api/account");
    const used = await vi.waitUntil(async () => {
      const { keys } = (await owner().get("/api-keys/")).json;
      const key = keys.find(({ id }: { id: string }) => id === json.id);
      return key.last_used_at && key;
    });
    expect(Object.keys(used)).toEqual(["id", "name", "created_at", "last_used_at", "is_active"]);
  });
});

describe("narrowing", () => {
  it("is shown in canonical form where it is set", async () => {
    const { status, json } = await make({
      expires_at: "2099-01-15T12:30:00+02:00",
      scopes: ["domains:update", "domains:update"],
      allowed_domains: ["Home.Example.com.", "*.BÜCHER.example"],
      allowed_networks: ["203.0.113.77/24", "198.51.100.7", "2001:DB8:0:1::7/48", "::ffff:192.0.2.1"],
    });
    expect(status).toBe(201);
    const narrowing = {
      expires_at: "2099-01-15T10:30:00Z",
      scopes: ["domains:update"],
      allowed_domains: ["home.example.com", "*.xn--bcher-kva.example"],
      allowed_networks: ["203.0.113.0/24", "198.51.100.7/32", "2001:db8::/48", "192.0.2.1/32"],
    };
    expect(json).toMatchObject(narrowing);
    expect(await look(json.id)).toMatchObject(narrowing);
  });

  it.each([
    ["an instant without a time", { expires_at: "2099-01-15" }, "/expires_at"],
    ["an instant without a zone", { expires_at: "2099-01-15T10:30:00" }, "/expires_at"],
    ["an instant that has passed", { expires_at: "2020-01-15T10:30:00Z" }, "/expires_at"],
    ["no scope at all", { scopes: [] }, "/scopes"],
    ["an unknown scope", { scopes: ["domains:update", "everything"] }, "/scopes/1"],
    ["a wildcard in the wrong place", { allowed_domains: ["home.*.example.com"] }, "/allowed_domains/0"],
    ["all names there are", { allowed_domains: ["home.example.com", "*"] }, "/allowed_domains/1"],
    ["an address for a name", { allowed_domains: ["203.0.113.7"] }, "/allowed_domains/0"],
    ["a network that is none", { allowed_networks: ["203.0.113.0/33"] }, "/allowed_networks/0"],
    ["a name for a network", { allowed_networks: ["10.0.0.0/8", "example.com"] }, "/allowed_networks/1"],
    ["a network of two parts", { allowed_networks: ["10.0.0.0/8/8"] }, "/allowed_networks/0"],
  ])("by %s is refused", async (_what, narrowing, pointer) => {
    const refused = await make(narrowing);
    expect(refused.status).toBe(422);
    expect(refused.json.errors.map((error: { pointer: string }) => error.pointer)).toEqual([pointer]);
  });
});

describe("a key that expires", () => {
  it("works until then, and is told that it has expired from then on", async () => {
    const expires = Math.ceil(Date.now() / 1000) * 1000 + 1000;
    const { json } = await make({ expires_at: new Date(expires).toISOString() });
    expect((await withKey(json.key).get("/api/account")).status).toBe(200);
    const refused = await vi.waitUntil(
      async () => {
        const answer = await withKey(json.key).get("/api/account");
        return answer.status !== 200 && answer;
      },
      { timeout: 10_000 },
    );
    expect(refused.status).toBe(401);
    expect(refused.json.detail).toMatch(/^The API key expired at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ\./);
    expect(refused.headers.get("www-authenticate")).toMatch(/^Bearer realm="certedge"/);
    expect(await update(json.key, "hostname=home.certedge.test")).toBe("badauth");
  });
});

describe("a key for some networks", () => {
  it.each([
    ["203.0.113.0/24", "203.0.113.255", "203.0.114.0"],
    ["198.51.100.7", "198.51.100.7", "198.51.100.8"],
    ["0.0.0.0/0", "192.0.2.1", "2001:db8::1"],
    ["2001:db8:1::/48", "2001:db8:1:ffff::1", "2001:db8:2::1"],
    ["192.0.2.0/31", "::ffff:192.0.2.1", "192.0.2.2"],
  ])("of %s works from %s and not from %s", async (network, inside, outside) => {
    const { json } = await make({ allowed_networks: [network] });
    const refused = await withKey(json.key, outside).get("/api/account");
    expect(refused.status).toBe(403);
    expect(refused.json.detail).toContain(`may not be used from ${outside}`);
    expect(refused.json.detail).not.toContain(network);
    expect(await update(json.key, "hostname=home.certedge.test", outside)).toBe("badauth");
    expect((await look(json.id)).last_used_at).toBeNull();
    expect((await withKey(json.key, inside).get("/api/account")).status).toBe(200);
    expect(await update(json.key, "hostname=home.certedge.test", inside)).toBe("nohost");
  });
});

describe("a key's use", () => {
  it("is shown with address, client and every network, and each new network is in the log once", async () => {
    const { json } = await make({});
    await withKey(json.key, "203.0.113.5", "curl/8").get("/api/account");
    await withKey(json.key, "203.0.113.99", "curl/8").get("/api/account");
    await vi.waitUntil(async () => (await look(json.id)).last_used_at);
    await withKey(json.key, "2001:db8:7::1", "inadyn/2.12").get("/api/account");
    const used = await vi.waitUntil(async () => {
      const key = await look(json.id);
      return key.networks.length === 2 && key;
    });
    expect(used).toMatchObject({ last_used_address: "2001:db8:7::1", last_used_client: "inadyn/2.12" });
    expect(used.networks.map(({ network }: { network: string }) => network)).toEqual([
      "203.0.113.0/24",
      "2001:db8:7::/48",
    ]);
    const listed = (await owner().get("/api-keys/?details=true")).json.keys;
    expect(listed.find(({ id }: { id: string }) => id === json.id)).toMatchObject({ last_used_client: "inadyn/2.12" });
  });

  it("costs one write a minute, however busy the key is", async () => {
    const { json } = await make({});
    const ask = () => withKey(json.key, "192.0.2.5").get("/api/account");
    await ask();
    const first = await vi.waitUntil(async () => (await look(json.id)).last_used_at);
    await Promise.all(Array.from({ length: 10 }, ask));
    expect((await look(json.id)).last_used_at).toBe(first);
  });
});

describe("a narrowed key", () => {
  const scopes = ["api_keys:write", "domains:update"];
  const child = { name: "child" };

  it.each([
    ["with fewer scopes", { scopes }, { scopes: ["domains:update"] }, 201],
    ["with more scopes", { scopes }, { scopes: [...scopes, "certificates:read"] }, 403],
    ["with all scopes", { scopes }, {}, 403],
    ["for fewer names", { allowed_domains: ["*.example.com"] }, { allowed_domains: ["*.a.example.com"] }, 201],
    ["for one of its names", { allowed_domains: ["*.example.com"] }, { allowed_domains: ["a.example.com"] }, 201],
    ["for the name above", { allowed_domains: ["*.example.com"] }, { allowed_domains: ["example.com"] }, 403],
    [
      "for what is below its name",
      { allowed_domains: ["a.example.com"] },
      { allowed_domains: ["*.a.example.com"] },
      403,
    ],
    ["for all names", { allowed_domains: ["*.example.com"] }, {}, 403],
    [
      "for less of its network",
      { allowed_networks: ["198.51.0.0/16"] },
      { allowed_networks: ["198.51.100.0/24"] },
      201,
    ],
    [
      "for more than its network",
      { allowed_networks: ["198.51.100.0/24"] },
      { allowed_networks: ["198.51.0.0/16"] },
      403,
    ],
    ["for another network", { allowed_networks: [HERE] }, { allowed_networks: [HERE, "192.0.2.1"] }, 403],
    ["for as long", { expires_at: "2099-01-01T00:00:00Z" }, { expires_at: "2099-01-01T00:00:00Z" }, 201],
    ["for longer", { expires_at: "2099-01-01T00:00:00Z" }, { expires_at: "2099-01-01T00:00:01Z" }, 403],
    ["for ever", { expires_at: "2099-01-01T00:00:00Z" }, {}, 403],
  ])("making one %s is answered rightly", async (_what, narrowing, wanted, status) => {
    const { json } = await make(narrowing);
    const made = await withKey(json.key).post("/api-keys/", { ...child, ...wanted });
    expect(made.status, made.text).toBe(status);
    if (status === 403) expect(made.json.detail).toMatch(/would be stronger .* narrowed in \w+/);
  });

  it("ends no key that is stronger than itself, and ends itself", async () => {
    const { json } = await make({ scopes: ["api_keys:write"] });
    const plain = (await make({})).json;
    expect((await withKey(json.key).delete(`/api-keys/${plain.id}`)).status).toBe(403);
    expect((await withKey(plain.key).get("/api/account")).status).toBe(200);
    expect((await withKey(json.key).delete(`/api-keys/${json.id}`)).status).toBe(204);
  });
});
