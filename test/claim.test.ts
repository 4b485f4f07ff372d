/** Claiming, on a certedge of its own that nobody has claimed yet. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, requestTo } from "./support/requests";
import { startProcess, type WorkerProcess } from "./support/worker-process";

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-claim-"));
const start = () => startProcess({ data, testRoot: "" });
const ada = { email: "Ada@Example.com", username: "Ada", password: "correct horse battery" };

let worker: WorkerProcess;
let token: string;
const anybody = () => requestTo(worker.url);
const claim = (changes: object) => anybody().post("/api/claim", { token, ...ada, ...changes });
const isClaimed = async () => (await anybody().get("/health")).json.claimed;

beforeAll(async () => {
  worker = await start();
  token = worker.secrets.CLAIM_TOKEN ?? "";
});

afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

describe("a certedge that nobody has claimed", () => {
  it("prints the link that claims it, once", () => {
    const lines = worker.log().split("\n");
    expect(lines.filter((line) => line.startsWith("Claim the admin account: "))).toEqual([
      `Claim the admin account: ${worker.url}/claim?token=${token}`,
    ]);
    expect(token.length).toBeGreaterThan(0);
  });

  it("has a form at that link, with the token in it and nothing of it read as markup", async () => {
    const page = await anybody().get(`/claim?token=${token}`);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
    expect(page.headers.get("cache-control")).toBe("no-store");
    expect(page.text).toContain(`name="token" value="${token}"`);
    const markup = await anybody().get(`/claim?token=${encodeURIComponent('"><script>alert(1)</script>')}`);
    expect(markup.text).not.toContain("<script>");
  });

  it.each([
    ["a wrong token", () => "wrong"],
    ["the beginning of the token", () => token.slice(0, -1)],
    ["the token and more", () => `${token}x`],
    ["the token with a space", () => `${token} `],
    ["the token in other case", () => token.replace(/[a-z]/, (letter) => letter.toUpperCase())],
  ])("refuses %s", async (_what, wrong) => {
    const refused = await claim({ token: wrong() });
    expect(refused.status).toBe(403);
    expect(refused.json.detail).toMatch(/^The claim token is wrong\./);
    expect(refused.headers.get("set-cookie")).toBeNull();
    expect(await isClaimed()).toBe(false);
  });

  it.each([
    ["no token", { token: undefined }, "/token"],
    ["an empty token", { token: "" }, "/token"],
    ["a token that is no text", { token: { $ne: "" } }, "/token"],
    ["no e-mail address", { email: undefined }, "/email"],
    ["an e-mail address without a domain", { email: "ada" }, "/email"],
    ["two e-mail addresses", { email: "ada@example.com,eve@example.com" }, "/email"],
    ["an e-mail address with a line end", { email: "ada@example.com\nbcc: eve@example.com" }, "/email"],
    ["an e-mail address of 300 characters", { email: `${"a".repeat(288)}@example.com` }, "/email"],
    ["a user name of one letter", { username: "a" }, "/username"],
    ["a user name of 64 letters", { username: "a".repeat(64) }, "/username"],
    ["a user name with a colon, which Basic cannot send", { username: "ada:b" }, "/username"],
    ["a user name that could be an e-mail address", { username: "ada@example.com" }, "/username"],
    ["a user name with letters that look alike", { username: "аda" }, "/username"],
    ["a user name with a space after it", { username: "ada " }, "/username"],
    ["a password of 11 characters", { password: "elevenchars" }, "/password"],
    ["a password of 2000 characters", { password: "a".repeat(2000) }, "/password"],
    ["a password that is a number", { password: 123456789012 }, "/password"],
    ["a field that is not known", { role: "admin" }, "/role"],
  ])("refuses %s, and points at it", async (_what, changes, pointer) => {
    const refused = await claim(changes);
    expect(refused.status).toBe(422);
    expect(refused.json.errors).toEqual([{ pointer, detail: expect.stringMatching(/\w/) }]);
    expect(refused.json.detail).toBe(`${pointer}: ${refused.json.errors[0].detail}`);
    expect(await isClaimed()).toBe(false);
  });

  it("points at everything that is wrong at once", async () => {
    const { json } = await anybody().post("/api/claim", { token, username: "-", email: "ada", password: "short" });
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      "/email",
      "/username",
      "/password",
    ]);
  });

  it("does not say a refused password back", async () => {
    expect((await claim({ password: "hunter2" })).text).not.toContain("hunter2");
  });

  it("is not claimed from another site", async () => {
    const foreign = requestTo(worker.url, { headers: { "sec-fetch-site": "cross-site" } });
    expect((await foreign.post("/api/claim", { token, ...ada })).status).toBe(403);
    const form = new URLSearchParams({ token, ...ada }).toString();
    const headers = { "sec-fetch-site": "cross-site", "content-type": "application/x-www-form-urlencoded" };
    expect((await requestTo(worker.url, { headers }).post("/claim", form)).status).toBe(403);
    expect(await isClaimed()).toBe(false);
  });
});

describe("a certedge that was claimed ten times at once", () => {
  let answers: Answer[];
  let made: Answer;
  let cookie: string;

  beforeAll(async () => {
    const names = Array.from({ length: 10 }, (_, index) => `claimer-${index}`);
    answers = await Promise.all(
      names.map((name) => claim({ username: name.toUpperCase(), email: `${name}@Example.com` })),
    );
    made = answers.find(({ status }) => status === 201) as Answer;
    cookie = (made.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  });

  it("has one account, and told the nine others so", async () => {
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(403)]);
    const refused = answers.filter(({ status }) => status === 403);
    for (const { json, headers } of refused) {
      expect(json.detail).toBe("The installation is claimed already. Sign in with POST /api/sessions.");
      expect(headers.get("set-cookie")).toBeNull();
    }
    const { password } = ada;
    const signIns = answers.map((_, index) =>
      anybody().post("/api/sessions", { username: `claimer-${index}`, password }),
    );
    expect((await Promise.all(signIns)).filter(({ status }) => status === 201)).toHaveLength(1);
  });

  it("made its admin, in lower case, with every plan's features", () => {
    const { account } = made.json;
    expect(account).toEqual({
      id: expect.any(Number),
      username: expect.stringMatching(/^claimer-\d$/),
      email: `${account.username}@example.com`,
      email_verified: true,
      role: "admin",
      plan: "elite",
    });
    expect(made.text).not.toContain(ada.password);
  });

  it("gave a session in a cookie that scripts, other sites and other hosts do not get", async () => {
    const [pair, ...attributes] = (made.headers.get("set-cookie") ?? "").split("; ");
    expect(pair).toMatch(/^__Host-certedge=[A-Za-z0-9_-]{43}$/);
    const named = attributes.filter((attribute) => !attribute.startsWith("Expires="));
    expect(named.sort()).toEqual(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    expect(made.headers.get("cache-control")).toBe("no-store");
    expect((await requestTo(worker.url, { cookie }).get("/api/account")).json).toEqual(made.json.account);
  });

  it("is not claimed again, neither by the API nor by the form", async () => {
    expect((await claim({})).status).toBe(403);
    const page = await anybody().get(`/claim?token=${token}`);
    expect(page.text).toContain("claimed already");
    expect(page.text).not.toContain(token);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const form = new URLSearchParams({ token, ...ada }).toString();
    const posted = await requestTo(worker.url, { headers }).post("/claim", form);
    expect(posted.status).toBe(403);
    expect(posted.headers.get("set-cookie")).toBeNull();
    expect((await anybody().post("/api/sessions", { username: "ada", password: ada.password })).status).toBe(401);
  });

  it("keeps its data when it is started again, and prints no link any more", async () => {
    const { key } = (await requestTo(worker.url, { cookie }).post("/api-keys/", { name: "laptop" })).json;
    await worker.stop();
    worker = await start();
    expect(worker.log()).not.toContain("Claim");
    expect(await isClaimed()).toBe(true);
    expect((await requestTo(worker.url, { key }).get("/api/account")).json).toEqual(made.json.account);
    expect((await requestTo(worker.url, { cookie }).get("/api/account")).status).toBe(200);
    expect((await claim({})).status).toBe(403);
  });
});
