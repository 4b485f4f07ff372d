/** How many requests are taken, on a certedge of its own that counts them; each group comes from addresses of its own. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plans } from "../src/accounts/plans";
import { type Admin, claim } from "./support/claim";
import { type Member, newMember } from "./support/members";
import { type Answer, requestTo } from "./support/requests";
import { startProcess, type WorkerProcess } from "./support/worker-process";

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-limits-"));

let worker: WorkerProcess;
let admin: Admin;
let free: Member;

const from = (address: string, cookie = "") =>
  requestTo(worker.url, { headers: { "cf-connecting-ip": address, ...(cookie ? { cookie } : {}) } });

/** Asks until it is told to wait, twice the limit at most: a minute may end in between. */
async function untilLimited(limit: number, ask: () => Promise<Answer>): Promise<Answer> {
  for (let count = 0; count <= 2 * limit; count++) {
    const answer = await ask();
    if (answer.status === 429) {
      expect(count).toBeGreaterThanOrEqual(limit);
      return answer;
    }
  }
  throw new Error(`${2 * limit} requests were taken`);
}

beforeAll(async () => {
  worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "invitation", RATE_LIMITS: "on" } });
  admin = await claim(worker);
  free = await newMember(worker.url, admin, "free");
});

afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

const isProblem = ({ headers, json }: Answer) => {
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(json).toMatchObject({ status: 429, title: "Too many requests" });
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
};

describe("an account", () => {
  it("gets as many requests a minute as its plan allows, from wherever they come; others are not held up", async () => {
    let count = 0;
    const limited = await untilLimited(plans.free.requestsPerMinute, () =>
      from(`203.0.113.${++count % 200}`, free.cookie).get("/api/account"),
    );
    isProblem(limited);
    expect(limited.json.detail).toMatch(/^The Free plan allows 60 requests a minute\. .*PATCH \/api\/admin\/accounts/);
    expect(limited.json.limit).toBe(60);
    expect((await from("203.0.113.1", admin.cookie).get("/api/account")).status).toBe(200);
  });
});

describe("the plans and the bindings", () => {
  it.each(Object.entries(plans))("agree on how many requests %s has", (plan, { requestsPerMinute }) => {
    const settings = readFileSync(path.join(import.meta.dirname, "../wrangler.toml"), "utf8");
    const binding = new RegExp(`"LIMIT_${plan.toUpperCase()}"[^[]*?simple = \\{ limit = (\\d+), period = 60 \\}`);
    expect(binding.exec(settings)?.[1]).toBe(String(requestsPerMinute));
  });
});

describe("an address", () => {
  it.each([
    ["/api/sessions", { username: "nobody", password: "wrong horse battery" }],
    ["/api/claim", { token: "x", username: "eve", email: "eve@example.com", password: "wrong horse battery" }],
    ["/api/password-reset", { email: "nobody@example.com" }],
  ])("may try %s for so long in a minute; another one still may", async (route, body) => {
    const address = `192.0.2.${route.length}`;
    // Of different accounts: the same one is slowed down earlier.
    let count = 0;
    const next = () => ("username" in body ? { ...body, username: `nobody-${++count}` } : body);
    const limited = await untilLimited(30, () => from(address).post(route, next()));
    isProblem(limited);
    expect((await from("192.0.2.200").post(route, next())).status).not.toBe(429);
  });
});

describe("a network of IPv6", () => {
  it("is one caller, whichever of its addresses it asks from", async () => {
    let count = 0;
    const ask = (network: string) =>
      from(`${network}::${(++count).toString(16)}`).post("/api/password-reset", { email: "nobody@example.com" });
    isProblem(await untilLimited(30, () => ask("2001:db8:0:1")));
    expect((await ask("2001:db8:0:2")).status).not.toBe(429);
  });
});

describe("signing in with a wrong password", () => {
  const signIn = (address: string, username: string, password: string) =>
    from(address).post("/api/sessions", { username, password });

  it("again and again is slowed down, for a name that nobody has as well; the owner is not locked out", async () => {
    for (const username of [free.username, "nobody-at-all"]) {
      const answers = [];
      for (let count = 0; count < 6; count++)
        answers.push(await signIn("198.51.100.1", username, "wrong horse battery"));
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401, 429]);
      isProblem(answers[5] as Answer);
      expect(answers[5]?.json.detail).toMatch(/^Too many attempts to sign in have failed\./);
    }
    expect((await signIn("198.51.99.1", free.username, free.password)).status).toBe(201);
  });
});

describe("a router that guesses the account's password", () => {
  it("is told to come back later, in words after which it does", async () => {
    const update = async (password: string, address: string) => {
      const authorization = `Basic ${Buffer.from(`${free.username}:${password}`).toString("base64")}`;
      const headers = { authorization, "cf-connecting-ip": address };
      const answer = await fetch(`${worker.url}/nic/update?hostname=home.certedge.test`, { headers });
      return [answer.status, await answer.text()];
    };
    const answers = [];
    for (let count = 0; count < 6; count++) answers.push(await update("wrong horse battery", "198.51.101.1"));
    expect(answers).toEqual([...Array(5).fill([401, "badauth"]), [503, "911"]]);
    expect(await update(free.password, "198.51.102.1")).toEqual([200, "nohost"]);
  });
});
