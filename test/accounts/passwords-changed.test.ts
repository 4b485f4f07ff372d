/** Passwords: chosen, changed, forgotten, on a certedge of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Admin, claim } from "../support/claim";
import { mailbox, tokenIn } from "../support/mail";
import { type Answer, requestTo } from "../support/requests";
import { startProcess, type WorkerProcess } from "../support/worker-process";

const data = mkdtempSync(path.join(os.tmpdir(), "certedge-passwords-"));
const first = "plenty of wild horses";
const second = "a river under the city";

let worker: WorkerProcess;
let admin: Admin;
let mails: ReturnType<typeof mailbox>;

const anybody = () => requestTo(worker.url);
const by = (cookie: string) => requestTo(worker.url, { cookie });
const signIn = (username: string, password: string) => anybody().post("/api/sessions", { username, password });
const cookieOf = ({ headers }: Answer) => (headers.get("set-cookie") ?? "").split(";")[0] ?? "";
const isAlive = async (cookie: string) => (await by(cookie).get("/api/account")).status === 200;

/** A member with a verified address and two sessions. */
async function member(username: string) {
  const email = `${username}@example.org`;
  await anybody().post("/api/accounts", { username, email, password: first });
  await anybody().post("/api/email/verify", { token: tokenIn(await mails.mailTo(email, /Confirm/)) });
  const [one, two] = [cookieOf(await signIn(username, first)), cookieOf(await signIn(username, first))];
  return { username, email, one, two };
}

const reset = (token: string, new_password: string) =>
  anybody().post("/api/password-reset/confirm", { token, new_password });

beforeAll(async () => {
  worker = await startProcess({ data, testRoot: "", variables: { SIGN_UP: "open", RATE_LIMITS: "off" } });
  admin = await claim(worker);
  mails = mailbox(worker.url, admin);
});

afterAll(async () => {
  await worker?.stop();
  rmSync(data, { recursive: true, force: true });
});

describe("a changed password", () => {
  it("is taken with the old one; every other session ends, and the owner is told", async () => {
    const { username, email, one, two } = await member("grace");
    const changed = await by(one).put("/api/account/password", { current_password: first, new_password: second });
    expect(changed.status, changed.text).toBe(204);
    expect([await isAlive(one), await isAlive(two)]).toEqual([true, false]);
    expect([(await signIn(username, first)).status, (await signIn(username, second)).status]).toEqual([401, 201]);
    const told = await mails.mailTo(email, /Your password was changed/);
    expect(told.text).not.toContain(second);
  });

  it("is not taken with a wrong one", async () => {
    const { one, two } = await member("wrongly");
    const refused = await by(one).put("/api/account/password", { current_password: second, new_password: second });
    expect(refused.status).toBe(403);
    expect(refused.json.errors).toEqual([{ pointer: "/current_password", detail: "The password is wrong." }]);
    expect(await isAlive(two)).toBe(true);
  });

  it.each([
    ["11 characters", "elevenchars"],
    ["one of the commonest", "Peanutbutter"],
    ["the user name and little more", "weakling-weakling1"],
    ["one piece over and over", "hunter2hunter2"],
  ])("is not %s", async (_what, weak) => {
    const { one } = await weakling();
    const refused = await by(one).put("/api/account/password", { current_password: first, new_password: weak });
    expect(refused.status).toBe(422);
    expect(refused.json.errors).toMatchObject([{ pointer: "/new_password" }]);
    expect(refused.text).not.toContain(weak);
  });

  let made: ReturnType<typeof member> | undefined;
  const weakling = () => {
    made ??= member("weakling");
    return made;
  };

  it("takes a session: a key changes neither it nor the address, and closes nothing", async () => {
    const key = requestTo(worker.url, { key: admin.key });
    const answers = [
      await key.put("/api/account/password", { current_password: admin.password, new_password: second }),
      await key.put("/api/account/email", { email: "other@example.org", password: admin.password }),
      await key.delete("/api/account", { password: admin.password }),
      await key.delete("/api/sessions"),
    ];
    for (const { status, json } of answers) {
      expect(status).toBe(403);
      expect(json.detail).toContain("Sign in");
    }
    expect((await signIn(admin.username, admin.password)).status).toBe(201);
  });
});

describe("a forgotten password", () => {
  it("is replaced by the link of a mail, once; every session ends", async () => {
    const { username, email, one, two } = await member("forgetful");
    expect((await anybody().post("/api/password-reset", { email: email.toUpperCase() })).status).toBe(202);
    const mail = await mails.mailTo(email, /Choose a new password/);
    expect(mail.text).toContain(`${worker.url}/reset?token=`);
    expect((await reset(tokenIn(mail), "short")).status).toBe(422);
    expect((await reset(tokenIn(mail), "passwordpassword")).status).toBe(422);
    expect((await reset(tokenIn(mail), second)).status).toBe(204);
    expect([await isAlive(one), await isAlive(two)]).toEqual([false, false]);
    expect([(await signIn(username, first)).status, (await signIn(username, second)).status]).toEqual([401, 201]);
    const again = await reset(tokenIn(mail), "yet another password");
    expect(again.status).toBe(403);
    expect(again.headers.get("set-cookie")).toBeNull();
  });

  it("is replaced by one of ten who use the link at once", async () => {
    const { email, username } = await member("raced");
    await anybody().post("/api/password-reset", { email });
    const token = tokenIn(await mails.mailTo(email, /Choose a new password/));
    const wanted = Array.from({ length: 10 }, (_, index) => `a river under city ${index}`);
    const statuses = (await Promise.all(wanted.map((password) => reset(token, password)))).map(({ status }) => status);
    expect([...statuses].sort()).toEqual([204, ...Array(9).fill(403)]);
    expect((await signIn(username, wanted[statuses.indexOf(204)] ?? "")).status).toBe(201);
  });

  it("says the same of an address that nobody has, and writes to nobody", async () => {
    const { email } = await member("existing");
    const known = await anybody().post("/api/password-reset", { email });
    const unknown = await anybody().post("/api/password-reset", { email: "nobody@example.org" });
    const shapeOf = ({ status, text, headers }: Answer) => ({ status, text, headers: [...headers.keys()] });
    expect(shapeOf(unknown)).toEqual(shapeOf(known));
    await mails.mailTo(email, /Choose a new password/);
    expect(await mails.mailsTo("nobody@example.org")).toEqual([]);
  });

  it("sends nothing to an address that is not verified", async () => {
    const email = "unverified@example.org";
    await anybody().post("/api/accounts", { username: "unverified", email, password: first });
    await mails.mailTo(email, /Confirm/);
    const other = await member("verified");
    await anybody().post("/api/password-reset", { email });
    await anybody().post("/api/password-reset", { email: other.email });
    await mails.mailTo(other.email, /Choose a new password/);
    expect(await mails.mailsTo(email)).toHaveLength(1);
  });

  it("fills no mailbox: five links within an hour, and no word of it", async () => {
    const { email } = await member("pestered");
    for (let count = 0; count < 7; count++) {
      expect((await anybody().post("/api/password-reset", { email })).status).toBe(202);
      await mails.mailTo(email, /Choose a new password/, Math.min(count + 1, 5));
    }
    const other = await member("unpestered");
    await anybody().post("/api/password-reset", { email: other.email });
    await mails.mailTo(other.email, /Choose a new password/);
    expect((await mails.mailsTo(email)).filter(({ subject }) => /new password/.test(subject))).toHaveLength(5);
  });

  it("leads nowhere but to the address that was configured, whatever the request calls it", async () => {
    const { email } = await member("hosted");
    const headers = { "x-forwarded-host": "evil.example", forwarded: "host=evil.example" };
    const elsewhere = worker.url.replace("127.0.0.1", "localhost");
    await requestTo(elsewhere, { headers }).post("/api/password-reset", { email });
    const mail = await mails.mailTo(email, /Choose a new password/);
    expect(`${mail.text}${mail.html}`).not.toMatch(/evil|localhost/);
    expect(mail.text).toContain(`${worker.url}/reset?token=`);
  });

  it("is replaced on the page of the link", async () => {
    const { email, username } = await member("paged");
    await anybody().post("/api/password-reset", { email });
    const token = tokenIn(await mails.mailTo(email, /Choose a new password/));
    const page = await anybody().get(`/reset?token=${token}`);
    expect(page.text).toContain(`value="${token}"`);
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const form = (fields: Record<string, string>, more: Record<string, string> = {}) =>
      requestTo(worker.url, { headers: { ...headers, ...more } }).post(
        "/reset",
        new URLSearchParams(fields).toString(),
      );
    expect((await form({ token, password: "short" })).status).toBe(422);
    expect((await form({ token, password: second }, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await form({ token, password: second })).status).toBe(200);
    expect((await signIn(username, second)).status).toBe(201);
    expect((await form({ token, password: second })).status).toBe(403);
  });
});

describe("another e-mail address", () => {
  it("is the account's once it has confirmed it, and the old one is told", async () => {
    const { username, email, one } = await member("mover");
    const asked = await by(one).put("/api/account/email", { email: "Moved@example.org", password: first });
    expect(asked.status, asked.text).toBe(202);
    expect((await by(one).get("/api/account")).json.email).toBe(email);
    const told = await mails.mailTo(email, /is to be changed/);
    expect(told.text).toContain("moved@example.org");
    expect(told.text).not.toContain("token=");
    const token = tokenIn(await mails.mailTo("moved@example.org", /Confirm your new/));
    expect((await anybody().post("/api/email/verify", { token })).json).toMatchObject({
      username,
      email: "moved@example.org",
      email_verified: true,
    });
    expect((await signIn("moved@example.org", first)).status).toBe(201);
    expect((await signIn(email, first)).status).toBe(401);
  });

  it("takes the password", async () => {
    const { one } = await member("thief");
    const refused = await by(one).put("/api/account/email", { email: "thief2@example.org", password: second });
    expect(refused.status).toBe(403);
    expect(await mails.mailsTo("thief2@example.org")).toEqual([]);
  });

  it("is not told to be somebody else's, but to them", async () => {
    const { email } = await member("resident");
    const { one } = await member("newcomer");
    expect((await by(one).put("/api/account/email", { email, password: first })).status).toBe(202);
    const told = await mails.mailTo(email, /You have an account already/);
    expect(told.text).toContain("resident");
    expect(told.text).not.toContain("token=");
  });

  it("is stopped by a new password", async () => {
    const { one } = await member("alarmed");
    await by(one).put("/api/account/email", { email: "attacker@example.org", password: first });
    const token = tokenIn(await mails.mailTo("attacker@example.org", /Confirm your new/));
    await by(one).put("/api/account/password", { current_password: first, new_password: second });
    expect((await anybody().post("/api/email/verify", { token })).status).toBe(403);
    expect((await by(one).get("/api/account")).json.email).toBe("alarmed@example.org");
  });
});
