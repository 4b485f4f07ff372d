/** Signing up, on a certedge that is open to all. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Admin, claim } from "../support/claim";
import { mailbox, tokenIn } from "../support/mail";
import { type Answer, requestTo } from "../support/requests";
import { startProcess, type WorkerProcess } from "../support/worker-process";

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-sign-up-"));
const password = "plenty of wild horses";

let worker: WorkerProcess;
let admin: Admin;
let mails: ReturnType<typeof mailbox>;
let early: Answer;

const anybody = () => requestTo(worker.url);
const signUp = (username: string, changes: object = {}) =>
  anybody().post("/api/accounts", { username, email: `${username}@example.org`, password, ...changes });
const signIn = (username: string, secret = password) => anybody().post("/api/sessions", { username, password: secret });
const cookieOf = ({ headers }: Answer) => (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
const verify = (token: string) => anybody().post("/api/email/verify", { token });

beforeAll(async () => {
  worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "open", RATE_LIMITS: "off" } });
  early = await signUp("eve");
  admin = await claim(worker);
  mails = mailbox(worker.url, admin);
});

afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

describe("signing up", () => {
  it("waits for the claim", () => {
    expect(early.status).toBe(403);
    expect(early.json.detail).toContain("not claimed yet");
  });

  it("makes a member's account on the plan free, whose address is verified by the link of a mail", async () => {
    const made = await signUp("Grace", { email: "Grace@Example.org" });
    expect(made.status, made.text).toBe(201);
    expect(made.json).toEqual({
      id: expect.any(Number),
      username: "grace",
      email: "grace@example.org",
      email_verified: false,
      role: "member",
      plan: "free",
    });
    expect(made.headers.get("set-cookie")).toBeNull();
    const mail = await mails.mailTo("grace@example.org", /Confirm your e-mail address/);
    expect(mail.text).toContain(`${worker.url}/verify?token=`);
    const verified = await verify(tokenIn(mail));
    expect(verified.json).toEqual({ ...made.json, email_verified: true });
    expect((await verify(tokenIn(mail))).status).toBe(403);
    const me = requestTo(worker.url, { cookie: cookieOf(await signIn("grace@example.org")) });
    expect((await me.get("/api/account")).json).toEqual(verified.json);
  });

  it("does not tell whose address it is: the answer, the account and the number of mails are the same", async () => {
    await signUp("holder");
    await verify(tokenIn(await mails.mailTo("holder@example.org", /Confirm/)));
    const free = await signUp("one", { email: "nobody-has-it@example.org" });
    const taken = await signUp("two", { email: "holder@example.org" });
    const shapeOf = ({ status, json, headers }: Answer) => ({
      status,
      headers: [...headers.keys()],
      json: { ...json, id: 0, username: "", email: "" },
    });
    expect(shapeOf(taken)).toEqual(shapeOf(free));
    expect((await signUp("two")).status).toBe(409);
    expect([(await signIn("one")).status, (await signIn("two")).status]).toEqual([201, 201]);
    const told = await mails.mailTo("holder@example.org", /You have an account already/);
    expect(told.text).toContain("holder");
    expect(told.text).not.toContain("token=");
    expect(await mails.mailsTo("nobody-has-it@example.org")).toHaveLength(1);
    expect(await mails.mailsTo("holder@example.org")).toHaveLength(2);
    expect((await signIn("holder@example.org")).json.account.username).toBe("holder");
  });

  it("keeps nobody from an address that somebody else has only claimed to have", async () => {
    await signUp("squatter", { email: "wanted@example.org" });
    const squatted = tokenIn(await mails.mailTo("wanted@example.org", /Confirm/));
    await signUp("rightful", { email: "wanted@example.org" });
    const own = await mails.mailTo("wanted@example.org", /Confirm/, 2);
    expect((await verify(tokenIn(own))).json).toMatchObject({ username: "rightful", email_verified: true });
    expect((await verify(squatted)).status).toBe(409);
    expect((await signIn("wanted@example.org")).json.account.username).toBe("rightful");
  });

  it("says that a user name is taken", async () => {
    const refused = await signUp("ADA", { email: "other@example.org" });
    expect(refused.status).toBe(409);
    expect(refused.json.detail).toBe("The user name ADA is taken. Choose another one.");
    expect(await mails.mailsTo("other@example.org")).toEqual([]);
  });

  it("gives one of ten who want a user name at once the name", async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => signUp("popular", { email: `popular-${index}@example.org` })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
  });

  it("writes ten times an hour at most to an address, whoever gives it for however many accounts", async () => {
    const email = "flooded@example.org";
    for (let count = 0; count < 12; count++) {
      expect((await signUp(`flooding-${count}`, { email })).status).toBe(201);
      await expect.poll(async () => (await mails.mailsTo(email)).length).toBe(Math.min(count + 1, 10));
    }
    await signUp("after-the-flood");
    await mails.mailTo("after-the-flood@example.org", /Confirm/);
    expect(await mails.mailsTo(email)).toHaveLength(10);
  });

  it("sends the link again when it is asked to, five times within an hour", async () => {
    await signUp("again");
    const me = requestTo(worker.url, { cookie: cookieOf(await signIn("again")) });
    const first = await mails.mailTo("again@example.org", /Confirm/);
    const statuses: number[] = [];
    for (let count = 0; count < 5; count++) statuses.push((await me.post("/api/email/verification")).status);
    expect(statuses).toEqual([202, 202, 202, 202, 429]);
    const refused = await me.post("/api/email/verification");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3000);
    expect(await mails.mailsTo("again@example.org")).toHaveLength(5);
    expect((await verify(tokenIn(first))).status).toBe(200);
    expect((await me.post("/api/email/verification")).status).toBe(409);
  });

  it.each([
    ["no token", {}, 422],
    ["an empty token", { token: "" }, 422],
    ["a token of nobody", { token: "A".repeat(43) }, 403],
  ])("verifies nothing with %s", async (_what, body, status) => {
    expect((await anybody().post("/api/email/verify", body)).status).toBe(status);
  });

  it("makes no API key before the address is verified", async () => {
    await signUp("keyless");
    const id = (await signIn("keyless")).json.account.id;
    await requestTo(worker.url, admin).patch(`/api/admin/accounts/${id}`, { plan: "pro" });
    const me = requestTo(worker.url, { cookie: cookieOf(await signIn("keyless")) });
    expect((await me.post("/api-keys/", { name: "early" })).status).toBe(403);
  });
});

describe("the pages of signing up", () => {
  const form = (at: string, fields: Record<string, string>) =>
    requestTo(worker.url, { headers: { "content-type": "application/x-www-form-urlencoded" } }).post(
      at,
      new URLSearchParams(fields).toString(),
    );

  it("lead from the form over the mail's link to a verified address", async () => {
    const empty = await anybody().get("/sign-up");
    expect(empty.text).toContain('action="/sign-up"');
    const made = await form("/sign-up", { username: "paged", email: "paged@example.org", password });
    expect(made.status, made.text).toBe(201);
    const mail = await mails.mailTo("paged@example.org", /Confirm/);
    const link = /https?:\S+/.exec(mail.text)?.[0] ?? "";
    const page = await requestTo("").get(link);
    expect(page.status).toBe(200);
    // Looking at a link, as scanners of mail do, uses nothing up.
    expect((await requestTo("").get(link)).text).toBe(page.text);
    const done = await form("/verify", { token: tokenIn(mail) });
    expect(done.status).toBe(200);
    expect((await signIn("paged@example.org")).json.account.email_verified).toBe(true);
    expect((await form("/verify", { token: tokenIn(mail) })).status).toBe(403);
  });

  it("show again what was wrong, and no password", async () => {
    const refused = await form("/sign-up", { username: "paged", email: "other@example.org", password: "short" });
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("At least 12 characters.");
    expect(refused.text).not.toContain("short");
    const markup = await anybody().get(`/verify?token=${encodeURIComponent('"><script>')}`);
    expect(markup.text).not.toContain("<script>");
  });
});
