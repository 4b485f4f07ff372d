/** Sessions, invitations, the outbox, and how an account ends; on a certedge that takes those who are invited. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Admin, claim } from "../support/claim";
import { mailbox, tokenIn } from "../support/mail";
import { type Answer, requestTo } from "../support/requests";
import { startProcess, type WorkerProcess } from "../support/worker-process";

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-leaving-"));
const password = "plenty of wild horses";

let worker: WorkerProcess;
let admin: Admin;
let mails: ReturnType<typeof mailbox>;

const anybody = () => requestTo(worker.url);
const by = (cookie: string) => requestTo(worker.url, { cookie });
const operator = () => requestTo(worker.url, { cookie: admin.cookie });
const cookieOf = ({ headers }: Answer) => (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
const signIn = (username: string, client = "test", secret = password) =>
  requestTo(worker.url, { headers: { "user-agent": client } }).post("/api/sessions", { username, password: secret });

async function invited(email: string, plan = "elite"): Promise<string> {
  const made = await operator().post("/api/admin/invitations", { email, plan });
  expect(made.status, made.text).toBe(201);
  return tokenIn(await mails.mailTo(email, /You are invited/));
}

const signUp = (username: string, invitation: string | undefined, changes: object = {}) =>
  anybody().post("/api/accounts", { username, email: `${username}@example.org`, password, invitation, ...changes });

async function member(username: string) {
  const { json } = await signUp(username, await invited(`${username}@example.org`));
  return { id: json.id as number, cookie: cookieOf(await signIn(username)) };
}

beforeAll(async () => {
  worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "invitation", RATE_LIMITS: "off" } });
  admin = await claim(worker);
  mails = mailbox(worker.url, admin);
});

afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

describe("an invitation", () => {
  it("makes one account, of its plan, with a verified address", async () => {
    const invitation = await invited("Guest@example.org", "pro");
    const made = await signUp("guest", invitation);
    expect(made.json).toMatchObject({ email: "guest@example.org", email_verified: true, role: "member", plan: "pro" });
    expect((await signUp("guest2", invitation, { email: "guest@example.org" })).status).toBe(422);
    expect(await mails.mailsTo("guest@example.org")).toHaveLength(1);
  });

  it("is needed, and for its own address alone", async () => {
    expect((await signUp("uninvited", undefined)).json.detail).toContain("by invitation");
    const refused = await signUp("other", await invited("theirs@example.org"));
    expect(refused.status).toBe(422);
    expect(refused.json.errors).toMatchObject([{ pointer: "/email" }]);
    expect((await signUp("forger", "A".repeat(43))).json.errors).toMatchObject([{ pointer: "/invitation" }]);
  });

  it("lets one of ten in who use it at once", async () => {
    const invitation = await invited("crowd@example.org");
    const names = Array.from({ length: 10 }, (_, index) => `crowd-${index}`);
    const answers = await Promise.all(names.map((name) => signUp(name, invitation, { email: "crowd@example.org" })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  });

  it("is listed until it is taken, and can be taken back", async () => {
    const invitation = await invited("regretted@example.org", "plus");
    const listed = await operator().get("/api/admin/invitations");
    const found = listed.json.invitations.find(({ email }: { email: string }) => email === "regretted@example.org");
    expect(found).toMatchObject({ plan: "plus" });
    expect(listed.text).not.toContain(invitation);
    expect((await operator().delete(`/api/admin/invitations/${found.id}`)).status).toBe(204);
    expect((await operator().delete(`/api/admin/invitations/${found.id}`)).status).toBe(404);
    expect((await signUp("regretted", invitation)).status).toBe(422);
  });

  it("is an administrator's to make, and not for who has an account", async () => {
    const { cookie } = await member("ordinary");
    for (const refused of [
      await by(cookie).post("/api/admin/invitations", { email: "friend@example.org" }),
      await by(cookie).get("/api/admin/invitations"),
    ]) {
      expect(refused.status).toBe(403);
    }
    expect((await operator().post("/api/admin/invitations", { email: "ordinary@example.org" })).status).toBe(409);
  });
});

describe("sessions", () => {
  it("are listed with where they came from, and end one by one", async () => {
    await member("traveller");
    const [laptop, phone] = [
      cookieOf(await signIn("traveller", "laptop")),
      cookieOf(await signIn("traveller", "phone")),
    ];
    const { json, text } = await by(laptop).get("/api/sessions");
    expect(json.sessions.map(({ client, current }: Record<string, unknown>) => ({ client, current }))).toEqual(
      expect.arrayContaining([
        { client: "laptop", current: true },
        { client: "phone", current: false },
      ]),
    );
    expect(text).not.toContain(phone.split("=")[1]);
    const other = json.sessions.find(({ client }: { client: string }) => client === "phone");
    expect((await operator().delete(`/api/sessions/${other.id}`)).status).toBe(404);
    expect((await by(laptop).delete(`/api/sessions/${other.id}`)).status).toBe(204);
    expect((await by(phone).get("/api/account")).status).toBe(401);
    expect((await by(laptop).get("/api/account")).status).toBe(200);
  });

  it("end everywhere at once, and nobody else's", async () => {
    const { cookie } = await member("everywhere");
    const another = cookieOf(await signIn("everywhere"));
    const out = await by(cookie).delete("/api/sessions");
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toMatch(/^__Host-certedge=; Max-Age=0/);
    for (const ended of [cookie, another]) expect((await by(ended).get("/api/account")).status).toBe(401);
    expect((await operator().get("/api/account")).status).toBe(200);
  });

  it("end from our own pages only", async () => {
    const { cookie } = await member("tricked");
    const foreign = requestTo(worker.url, { cookie, headers: { origin: "https://evil.example" } });
    expect((await foreign.delete("/api/sessions")).status).toBe(403);
    expect((await by(cookie).get("/api/account")).status).toBe(200);
  });
});

describe("the outbox of a local certedge", () => {
  it("is an administrator's alone", async () => {
    const { cookie } = await member("curious");
    expect((await by(cookie).get("/dev/outbox")).status).toBe(403);
    expect((await anybody().get("/dev/outbox")).status).toBe(401);
    const page = requestTo(worker.url, { cookie: admin.cookie, headers: { accept: "text/html" } });
    expect((await page.get("/dev/outbox")).text).toContain("You are invited to certedge");
  });

  it("is printed as well", async () => {
    await invited("printed@example.org");
    await expect.poll(() => worker.log()).toContain("Mail to printed@example.org: You are invited to certedge");
  });
});

describe("an account", () => {
  it("is exported with all that it owns, and nothing secret", async () => {
    const { cookie } = await member("owner");
    const me = by(cookie);
    const { key } = (await me.post("/api-keys/", { name: "laptop" })).json;
    await me.post("/api/domains", { fqdn: "owner.certedge.test", record_ip: "203.0.113.7" });
    await me.post("/api/dns/powerdns/accounts", {
      account_id: "home",
      credentials: { base_url: "https://127.0.0.1:9", api_key: "a secret of PowerDNS" },
    });
    const ordered = await me.post("/api/certificates/create?wait=60", { domain: "owner.certedge.test" });
    expect(ordered.status, ordered.text).toBeLessThan(300);
    const exported = await me.get("/api/account/export");
    expect(exported.status, exported.text).toBe(200);
    expect(exported.json.account).toMatchObject({ username: "owner", email: "owner@example.org", plan: "elite" });
    expect(exported.json.owned).toMatchObject({
      sessions: [{ client: "test" }],
      api_keys: [{ name: "laptop" }],
      domains: [{ fqdn: "owner.certedge.test" }],
      domain_record_sets: [{ type: "A", record_values: ["203.0.113.7"] }],
      dns_accounts: [{ provider: "powerdns", account_id: "home" }],
      certificates: [{ domain: "owner.certedge.test", status: "valid" }],
      certificate_versions: [{ chain_pem: expect.stringContaining("BEGIN CERTIFICATE") }],
    });
    expect(exported.json.left_out).toContain("private keys");
    expect(exported.text).not.toMatch(/PRIVATE KEY|a secret of PowerDNS|scrypt|_hash|sealed/);
    for (const secret of [key, cookie.split("=")[1], password]) expect(exported.text).not.toContain(secret);
  });

  it("is closed with all that it owned: names, certificates, keys and sessions are gone, and others' are not", async () => {
    const cookie = cookieOf(await signIn("owner"));
    const me = by(cookie);
    const { key } = (await me.post("/api-keys/", { name: "router" })).json;
    expect((await me.delete("/api/account", { password: "not the password" })).status).toBe(403);
    expect((await me.delete("/api/account", {})).status).toBe(422);
    const closed = await me.delete("/api/account", { password });
    expect(closed.status, closed.text).toBe(204);
    expect(closed.headers.get("set-cookie")).toMatch(/^__Host-certedge=; Max-Age=0/);
    expect((await me.get("/api/account")).status).toBe(401);
    expect((await requestTo(worker.url, { key }).get("/api/account")).status).toBe(401);
    expect((await signIn("owner")).status).toBe(401);
    await mails.mailTo("owner@example.org", /Your account is closed/);
    // The name is free again: for another account, too, and without its address.
    const taken = await operator().post("/api/domains", { fqdn: "owner.certedge.test" });
    expect(taken.status, taken.text).toBeLessThan(300);
    expect(taken.text).not.toContain("203.0.113.7");
    expect((await operator().get("/api/account")).status).toBe(200);
    const again = await member("owner");
    expect((await by(again.cookie).get("/api/certificates")).text).not.toContain("owner.certedge.test");
  });

  it("is not closed by the last administrator while there are others", async () => {
    await member("left-behind");
    const refused = await operator().delete("/api/account", { password: admin.password });
    expect(refused.status).toBe(409);
    expect(refused.json.detail).toContain("last administrator");
    expect((await operator().get("/api/account")).status).toBe(200);
  });
});
