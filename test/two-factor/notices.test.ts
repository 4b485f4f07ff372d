/** What an owner hears by mail of their second factors. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOf } from "../support/authenticator-app";
import { mailbox, tokenIn } from "../support/mail";
import { requestTo } from "../support/requests";
import { createAuthenticator } from "../support/software-authenticator";
import { type OpenCertedge, password, startOpenCertedge } from "./open-certedge";

let open: OpenCertedge;
let mails: ReturnType<typeof mailbox>;

beforeAll(async () => {
  open = await startOpenCertedge();
  mails = mailbox(open.worker.url, open.admin);
});

afterAll(() => open?.stop());

async function verifiedPerson() {
  const person = await open.newPerson();
  const email = `${person.username}@example.org`;
  await open.anybody.post("/api/email/verify", { token: tokenIn(await mails.mailTo(email, /Confirm/)) });
  return { ...person, email };
}

async function addApp({ me }: Awaited<ReturnType<typeof verifiedPerson>>) {
  const { secret } = (await me.post("/api/account/totp", { password })).json;
  await me.post("/api/account/totp/confirm", { code: codeOf(secret, Date.now()) });
  return secret as string;
}

describe("the owner of an account is written to", () => {
  it("when an authenticator app is added, and when it is removed", async () => {
    const person = await verifiedPerson();
    const secret = await addApp(person);
    const added = await mails.mailTo(person.email, /was added/);
    expect(added.text).toMatch(`An authenticator app was added to your account ${person.username}`);
    expect(added.text + added.html).not.toContain(secret);
    await person.me.delete("/api/account/totp", { password, code: codeOf(secret, Date.now(), 1) });
    expect((await mails.mailTo(person.email, /was removed/)).text).toMatch("The authenticator app was removed");
  });

  it("when a passkey is added, and when it is removed", async () => {
    const { me, email } = await verifiedPerson();
    const browser = createAuthenticator({ origin: open.url });
    const options = (await me.post("/api/account/passkeys/options", { password })).json;
    const { passkey, credential } = browser.create(options);
    await me.post("/api/account/passkeys", { name: "<b>laptop</b>", passkey: credential });
    const added = await mails.mailTo(email, /was added/);
    expect(added.text).toContain('The passkey "<b>laptop</b>" was added');
    expect(added.html).not.toContain("<b>laptop");
    await me.delete(`/api/account/passkeys/${passkey.id}`, { password });
    expect((await mails.mailTo(email, /was removed/)).text).toContain("was removed");
  });

  it("when an administrator removes them all", async () => {
    const person = await verifiedPerson();
    await addApp(person);
    const { id } = (await person.me.get("/api/account")).json;
    const administrator = requestTo(open.url, { cookie: open.admin.cookie });
    await administrator.delete(`/api/admin/accounts/${id}/second-factors`, { password: open.admin.password });
    expect((await mails.mailTo(person.email, /were removed/)).text).toContain("An administrator");
  });
});

describe("a sign-in that waits for its second step", () => {
  it("ends with the password that it was begun with", async () => {
    const { username, me, recoveryCodes } = await open.personWithApp();
    const { token } = (await open.signIn(username)).json.second_factor;
    const change = { current_password: password, new_password: "a river under the city" };
    expect((await me.put("/api/account/password", change)).status).toBe(204);
    expect((await open.secondStep(token, { code: recoveryCodes[0] })).status).toBe(401);
  });
});
