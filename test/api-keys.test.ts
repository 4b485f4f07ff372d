/** API keys, as CertaDNS's document says (seeds/certadns-api-keys.txt), on a certedge of their own: it has five at most. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Admin, claim } from "./support/claim";
import { requestTo } from "./support/requests";
import { startProcess, type WorkerProcess } from "./support/worker-process";

interface ListedKey {
  id: string;
  name: string;
  last_used_at: string | null;
}

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-keys-"));
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

let worker: WorkerProcess;
let admin: Admin;

const owner = () => requestTo(worker.url, { cookie: admin.cookie });
const withKey = (key: string) => requestTo(worker.url, { key });
const withHeader = (authorization: string) => requestTo(worker.url, { headers: { authorization } });
const list = async (): Promise<ListedKey[]> => (await owner().get("/api-keys/")).json.keys;
const make = async (name: string): Promise<{ id: string; key: string }> =>
  (await owner().post("/api-keys/", { name })).json;
const lastUse = async (id: string) => (await list()).find((key) => key.id === id)?.last_used_at;
const basic = (user: string, secret: string) => `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;

beforeAll(async () => {
  worker = await startProcess({ data, testRoot: "" });
  admin = await claim(worker);
});

/** Of the five places one is the key that came with the claim; a test leaves the four others free. */
afterEach(async () => {
  for (const { id, name } of await list()) if (name !== "tests") await owner().delete(`/api-keys/${id}`);
});

afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

describe("making an API key", () => {
  it("answers with its value and all that is known of it", async () => {
    const made = await owner().post("/api-keys/", { name: "Home Router" });
    expect(made.status).toBe(201);
    expect(made.headers.get("cache-control")).toBe("no-store");
    const account = (await owner().get("/api/account")).json;
    expect(made.json).toMatchObject({
      id: expect.stringMatching(UUID),
      user_id: account.id,
      key: expect.stringMatching(/^ak_[A-Za-z0-9_-]{43}$/),
      name: "Home Router",
      created_at: expect.stringMatching(INSTANT),
      last_used_at: null,
      is_active: true,
    });
  });

  it("makes another value each time, for the same name too", async () => {
    const made = [await make("twin"), await make("twin")];
    expect(new Set(made.map(({ key }) => key)).size).toBe(2);
    expect(new Set(made.map(({ id }) => id)).size).toBe(2);
  });

  it.each(["/api-keys", "/api-keys/", "/api/api-keys", "/api/api-keys/"])("is the same at %s", async (place) => {
    const made = await owner().post(place, { name: "anywhere" });
    expect(made.status).toBe(201);
    const { keys } = (await owner().get(place)).json;
    expect(keys.map(({ id }: ListedKey) => id)).toContain(made.json.id);
    expect((await owner().delete(`${place.replace(/\/$/, "")}/${made.json.id}`)).status).toBe(204);
  });

  it.each([
    ["of one character", "x"],
    ["of 255 characters", "x".repeat(255)],
    ["in any script", "Büro — 家 🏠"],
    ["that looks like markup", "<b>'; DROP TABLE api_keys; --"],
  ])("keeps a name %s as it is", async (_what, name) => {
    const { id } = await make(name);
    expect((await list()).find((key) => key.id === id)?.name).toBe(name);
  });

  it.each([
    ["no name", {}, "/name"],
    ["an empty name", { name: "" }, "/name"],
    ["a name of 256 characters", { name: "x".repeat(256) }, "/name"],
    ["a name that is a number", { name: 5 }, "/name"],
    ["a value of its own", { name: "mine", key: `ak_${"a".repeat(43)}` }, "/key"],
    ["another owner", { name: "mine", user_id: 2 }, "/user_id"],
  ])("refuses %s", async (_what, body, pointer) => {
    const refused = await owner().post("/api-keys/", body);
    expect(refused.status).toBe(422);
    expect(refused.json.errors).toEqual([{ pointer, detail: expect.any(String) }]);
  });

  it("is for those who are signed in", async () => {
    const anybody = await requestTo(worker.url).post("/api-keys/", { name: "anybody's" });
    expect(anybody.status).toBe(401);
    expect(anybody.headers.get("www-authenticate")).toBe('Bearer realm="certedge"');
  });
});

describe("the list of API keys", () => {
  it("has what is known of each, and neither its value nor a hash of it", async () => {
    const { id, key } = await make("listed");
    const listed = await owner().get("/api-keys/");
    expect(listed.status).toBe(200);
    expect(listed.json.keys.find((each: ListedKey) => each.id === id)).toMatchObject({
      name: "listed",
      created_at: expect.stringMatching(INSTANT),
      last_used_at: null,
      is_active: true,
    });
    expect(listed.text).not.toContain(key);
    expect(listed.text).not.toContain(key.slice(3, 20));
    expect(listed.text).not.toMatch(/hash|"key"|[A-Za-z0-9_-]{43}/);
  });

  it("keeps those away that were deactivated", async () => {
    const { id } = await make("gone");
    await owner().delete(`/api-keys/${id}`);
    expect((await list()).map((key) => key.id)).not.toContain(id);
  });
});

describe("an API key", () => {
  it("signs requests as its owner, and notes that it was used", async () => {
    const { id, key } = await make("signing");
    expect(await lastUse(id)).toBeNull();
    const { status, json } = await withKey(key).get("/api/account");
    expect({ status, username: json.username }).toEqual({ status: 200, username: admin.username });
    await expect.poll(() => lastUse(id)).toMatch(INSTANT);
  });

  it.each(["/nic/update", "/domains/nic/update", "/domains/v2/update", "/domains/dyndns/update"])(
    "is the password of a router at %s, and notes that it was used",
    async (updatePath) => {
      const { id, key } = await make("router");
      const fqdn = `keys${updatePath.replaceAll("/", "-")}.certedge.test`;
      await owner().post("/api/domains", { fqdn });
      const updated = await withHeader(basic(admin.username, key)).get(
        `${updatePath}?hostname=${fqdn}&myip=203.0.113.7`,
      );
      expect({ status: updated.status, text: updated.text }).toEqual({ status: 200, text: "good 203.0.113.7" });
      await expect.poll(() => lastUse(id)).toMatch(INSTANT);
    },
  );

  it("does not sign for another user", async () => {
    const { id, key } = await make("router");
    const refused = await withHeader(basic("eve", key)).get("/nic/update?hostname=home.certedge.test");
    expect({ status: refused.status, text: refused.text }).toEqual({ status: 401, text: "badauth" });
    expect(await lastUse(id)).toBeNull();
  });

  const wrong: [string, (key: string) => string, RegExp][] = [
    ["without its last character", (key) => `Bearer ${key.slice(0, -1)}`, /unknown or was deactivated/],
    ["with one more", (key) => `Bearer ${key}a`, /unknown or was deactivated/],
    ["with another last character", (key) => `Bearer ${key.slice(0, -1)}${key.endsWith("A") ? "E" : "A"}`, /unknown/],
    ["in upper case", (key) => `Bearer ${key.toUpperCase()}`, /unknown or was deactivated/],
    ["without its prefix", (key) => `Bearer ${key.slice(3)}`, /unknown or was deactivated/],
    ["that is a prefix only", () => "Bearer ak_", /unknown or was deactivated/],
    ["that nobody made", () => `Bearer ak_${"a".repeat(43)}`, /unknown or was deactivated/],
    ["of 10000 characters", (key) => `Bearer ${key}${"a".repeat(10_000)}`, /unknown or was deactivated/],
    ["in quotes", (key) => `Bearer "${key}"`, /quotes/],
    ["after two spaces", (key) => `Bearer  ${key}`, /one space/],
    ["twice", (key) => `Bearer ${key} ${key}`, /one space/],
    ["in lower-case Bearer", (key) => `bearer ${key}`, /has to be written Bearer/],
    ["without Bearer", (key) => key, /has to be: Bearer/],
    ["as Token", (key) => `Token ${key}`, /has to be: Bearer/],
    ["as Basic, which is for routers", (key) => basic("ada", key), /has to be: Bearer/],
  ];

  it.each(wrong)("is no key %s: the answer says why, and no use is noted", async (_what, header, detail) => {
    const { id, key } = await make("wrong");
    const refused = await withHeader(header(key)).get("/api/account");
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toMatch(/^Bearer realm="certedge"/);
    expect(refused.json).toMatchObject({ title: "Not signed in", status: 401, detail: expect.stringMatching(detail) });
    expect(refused.text).not.toContain(key.slice(3, 20));
    expect(await lastUse(id)).toBeNull();
  });
});

describe("deactivating an API key", () => {
  it("ends it at once, everywhere and for ever", async () => {
    const { id, key } = await make("ending");
    expect((await withKey(key).get("/api/account")).status).toBe(200);
    const ended = await owner().delete(`/api-keys/${id}`);
    expect({ status: ended.status, text: ended.text }).toEqual({ status: 204, text: "" });
    const refused = await withKey(key).get("/api/account");
    expect(refused.status).toBe(401);
    expect(refused.json.detail).toBe("The API key is unknown or was deactivated.");
    expect((await withHeader(basic(admin.username, key)).get("/nic/update?hostname=a.certedge.test")).text).toBe(
      "badauth",
    );
  });

  it.each([
    [
      "a second time",
      async () => {
        const { id } = await make("twice");
        await owner().delete(`/api-keys/${id}`);
        return id;
      },
    ],
    ["that there never was", async () => "550e8400-e29b-41d4-a716-446655440000"],
    ["by what is no identifier", async () => "nope"],
    ["by its value", async () => (await make("value")).key],
    ["by all names at once", async () => "%25"],
  ])("is answered with 404 %s", async (_what, id) => {
    const answer = await owner().delete(`/api-keys/${await id()}`);
    expect(answer.status).toBe(404);
    expect(answer.json.detail).toBe("API key not found");
  });

  it("lets a key end itself", async () => {
    const { id, key } = await make("itself");
    expect((await withKey(key).delete(`/api-keys/${id}`)).status).toBe(204);
    expect((await withKey(key).get("/api/account")).status).toBe(401);
  });
});

describe("an account's five places for API keys", () => {
  it("are given once each, however many ask for the last one at the same time", async () => {
    for (const name of ["two", "three", "four"]) await make(name);
    const racers = Array.from({ length: 10 }, (_, index) => owner().post("/api-keys/", { name: `racer ${index}` }));
    const answers = await Promise.all(racers);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(400)]);
    for (const { status, json } of answers) {
      if (status === 400) expect(json.detail).toBe("Maximum number of API keys reached (5)");
    }
    expect(await list()).toHaveLength(5);
  });

  it("are free again once a key is deactivated", async () => {
    const made = [await make("two"), await make("three"), await make("four"), await make("five")];
    expect((await owner().post("/api-keys/", { name: "six" })).status).toBe(400);
    await owner().delete(`/api-keys/${made[0]?.id}`);
    expect((await owner().post("/api-keys/", { name: "six" })).status).toBe(201);
  });
});
