/** Administering accounts: seen and changed, never their secrets; and nobody locks everybody out. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Admin, claim } from "./support/claim";
import { type Member, newMember, type Plan } from "./support/members";
import { requestTo } from "./support/requests";
import { startProcess, type WorkerProcess } from "./support/worker-process";

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-admin-"));
let worker: WorkerProcess;
let ada: Admin;

beforeAll(async () => {
  worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "invitation" } });
  ada = await claim(worker);
});
afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

const as = (caller: { key?: string; cookie?: string }) => requestTo(worker.url, caller);
const member = (plan: Plan) => newMember(worker.url, ada, plan);
const at = ({ id }: Pick<Member, "id">) => `/api/admin/accounts/${id}`;
const change = (who: Pick<Member, "id">, what: object) => as(ada).patch(at(who), what);
const newestIn = async (query: string) => (await as(ada).get(`/api/audit?limit=1&${query}`)).json.entries[0];

describe("an administrator", () => {
  it("sees each account with its plan and how much it has, and none of its secrets", async () => {
    const eve = await member("pro");
    const { key } = (await as(eve).post("/api-keys/", { name: "laptop" })).json;
    await as(eve).post("/api/domains", { fqdn: "eve.certedge.test" });
    const { json, text } = await as(ada).get(at(eve));
    expect(json).toEqual({
      id: eve.id,
      username: eve.username,
      email: eve.email,
      email_verified: true,
      role: "member",
      plan: "pro",
      created_at: expect.any(String),
      suspended_at: null,
      closing_at: null,
      has: { certificates: 0, domains: 1, api_keys: 1, dns_accounts: 0, ca_accounts: 0 },
    });
    expect(text).not.toContain(key);
    expect((await as(ada).get("/api/admin/accounts/4711")).status).toBe(404);
  });

  it("finds accounts by a part of their names, page by page", async () => {
    const made = [await member("free"), await member("free"), await member("free")];
    const ids: number[] = [];
    let next: string | null = "/api/admin/accounts?search=free-&limit=2";
    while (next) {
      const { json } = await as(ada).get(next);
      ids.push(...json.accounts.map(({ id }: Member) => id));
      next = json.next;
    }
    expect(ids).toEqual(made.map(({ id }) => id));
    const email = made[1]?.email.toUpperCase() ?? "";
    expect((await as(ada).get(`/api/admin/accounts?search=${email}`)).json.accounts).toMatchObject([
      { id: made[1]?.id },
    ]);
    for (const nothing of ["%25", "_", "%5C", "x".repeat(254)]) {
      expect((await as(ada).get(`/api/admin/accounts?search=${nothing}`)).json.accounts).toEqual([]);
    }
  });

  it("sets a plan, which counts at once, and stands in both logs", async () => {
    const bob = await member("free");
    expect((await as(bob).post("/api-keys/", { name: "laptop" })).status).toBe(403);
    expect((await change(bob, { plan: "pro" })).json.plan).toBe("pro");
    const { key } = (await as(bob).post("/api-keys/", { name: "laptop" })).json;
    expect((await as({ key }).get("/api/account")).json.plan).toBe("pro");

    await change(bob, { plan: "plus" });
    const fallen = await as({ key }).get("/api/account");
    expect(fallen.status).toBe(403);
    expect(fallen.json.detail).toBe("API access requires Pro or Elite subscription");
    await change(bob, { plan: "elite" });
    expect((await as({ key }).get("/api/account")).status).toBe(200);

    const entry = {
      subject: `account ${bob.username}`,
      actor: { username: ada.username },
      before: { plan: "plus" },
      after: { plan: "elite" },
    };
    expect(await newestIn("action=account.change")).toMatchObject(entry);
    expect(await newestIn(`action=account.change&account=${bob.id}`)).toMatchObject(entry);
  });

  it("suspends an account: its sessions, its keys and its routers stop at once, and it cannot sign in", async () => {
    const carl = await member("pro");
    const { key } = (await as(carl).post("/api-keys/", { name: "router" })).json;
    const fqdn = "carl.certedge.test";
    await as(carl).post("/api/domains", { fqdn });
    const authorization = `Basic ${btoa(`${carl.username}:${key}`)}`;
    const update = async (myip: string) =>
      (await fetch(`${worker.url}/nic/update?hostname=${fqdn}&myip=${myip}`, { headers: { authorization } })).text();
    expect(await update("192.0.2.1")).toBe("good 192.0.2.1");

    expect((await change(carl, { suspended: true })).json.suspended_at).toEqual(expect.any(String));
    expect((await as(carl).get("/api/account")).status).toBe(401);
    expect((await as({ key }).get("/api/account")).status).toBe(401);
    expect(await update("192.0.2.2")).toBe("badauth");
    const signIn = () => as({}).post("/api/sessions", { username: carl.username, password: carl.password });
    expect((await signIn()).status).toBe(401);
    expect(await newestIn(`action=account.suspend&account=${carl.id}`)).toMatchObject({
      subject: `account ${carl.username}`,
    });

    expect((await change(carl, { suspended: false })).json.suspended_at).toBeNull();
    expect((await as({ key }).get("/api/account")).status).toBe(200);
    expect((await as(carl).get("/api/account")).status, "a session from before").toBe(401);
    expect((await signIn()).status).toBe(201);
    expect(await newestIn("action=account.resume")).toMatchObject({ subject: `account ${carl.username}` });
  });

  it("deletes an account, whose log stays to be read", async () => {
    const dora = await member("pro");
    await as(dora).post("/api/domains", { fqdn: "dora.certedge.test" });
    expect((await as(ada).delete(at(dora))).status).toBe(204);
    expect((await as(ada).get(at(dora))).status).toBe(404);
    expect((await as(dora).get("/api/account")).status).toBe(401);
    expect(await newestIn(`account=${dora.id}`)).toMatchObject({
      action: "account.close",
      actor: { username: ada.username },
    });
    expect((await as(ada).post("/api/domains", { fqdn: "dora.certedge.test" })).status).toBe(201);
  });

  it("sees how much there is in all", async () => {
    await as(ada).post("/api/certificates/create?wait=60", { domain: "totals.certedge.test" });
    const { json } = await as(ada).get("/api/admin/totals");
    const listed = (await as(ada).get("/api/admin/accounts?limit=200")).json.accounts;
    const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count);
    const has = (what: string) =>
      listed.reduce((total: number, { has }: { has: Record<string, number> }) => total + (has[what] ?? 0), 0);
    expect(sum(json.accounts)).toBe(listed.length);
    expect(json).toMatchObject({
      suspended: 0,
      certificates: { valid: 1, failed: 0 },
      domains: has("domains"),
      api_keys: has("api_keys"),
      orders_of_the_last_day: { valid: 1, failed: 0, under_way: 0 },
    });
  });

  it("is told what is wrong with a change", async () => {
    const eric = await member("free");
    for (const wrong of [{}, { plan: "gold" }, { role: "owner" }, { suspended: "yes" }, { email: "a@example.org" }]) {
      expect((await change(eric, wrong)).status).toBe(422);
    }
    expect((await change({ id: 4711 }, { plan: "pro" })).status).toBe(404);
  });
});

describe("the last administrator", () => {
  it("stays one, and is not suspended, until there is another", async () => {
    const { id } = (await as(ada).get("/api/account")).json;
    for (const what of [{ role: "member" }, { suspended: true }]) {
      const refused = await change({ id }, what);
      expect(refused.status).toBe(409);
      expect(refused.json.detail).toMatch(/^This is the last administrator\./);
    }
    expect((await as(ada).delete(`/api/admin/accounts/${id}`)).status).toBe(409);
    expect((await change({ id }, { role: "admin", suspended: false })).status).toBe(200);

    const second = await member("elite");
    await change(second, { role: "admin" });
    const both = await Promise.all([
      as(second).patch(`/api/admin/accounts/${id}`, { suspended: true }),
      as(ada).patch(at(second), { suspended: true }),
    ]);
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
    const [left, gone] = both[0]?.status === 200 ? [second, { id }] : [ada, second];
    await as(left).patch(at(gone), { suspended: false });
    expect((await as(ada).get("/api/admin/totals")).json.suspended).toBe(0);
  });
});

describe("a member", () => {
  it("administers nothing, with a session or a key", async () => {
    const fred = await member("elite");
    const { key } = (await as(fred).post("/api-keys/", { name: "laptop" })).json;
    for (const caller of [fred, { key }]) {
      for (const refused of [
        await as(caller).get("/api/admin/accounts"),
        await as(caller).get(at(fred)),
        await as(caller).patch(at(fred), { plan: "elite" }),
        await as(caller).delete(at(fred)),
        await as(caller).get("/api/admin/totals"),
      ]) {
        expect(refused.status).toBe(403);
        expect(refused.json.detail).toBe("Only an administrator of this certedge may do this.");
      }
    }
  });
});
