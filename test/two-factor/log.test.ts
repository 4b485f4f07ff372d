/** What the logs say of second factors, and what they never say. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOf } from "../support/authenticator-app";
import { requestTo } from "../support/requests";
import { createAuthenticator } from "../support/software-authenticator";
import { type OpenCertedge, password, startOpenCertedge } from "./open-certedge";

interface LogEntry {
  action: string;
  subject: string;
  actor: { username: string };
}

/** The entries of the caller's audit log, newest first. */
async function logOf(caller: ReturnType<typeof requestTo>): Promise<LogEntry[]> {
  return (await caller.get("/api/audit?limit=100")).json.entries;
}

let open: OpenCertedge;

beforeAll(async () => {
  open = await startOpenCertedge();
});

afterAll(() => open?.stop());

describe("the log of the account", () => {
  it("has what was set up, made, used and removed, and each wrong code", async () => {
    const { username, me, secret, recoveryCodes } = await open.personWithApp();
    const { token } = (await open.signIn(username)).json.second_factor;
    await open.secondStep(token, { code: "000000" });
    await open.secondStep(token, { code: recoveryCodes[0] });
    await me.post("/api/account/recovery-codes", { password });
    const options = (await me.post("/api/account/passkeys/options", { password })).json;
    const { passkey, credential } = createAuthenticator({ origin: open.url }).create(options);
    await me.post("/api/account/passkeys", { name: "laptop", passkey: credential });
    await me.delete(`/api/account/passkeys/${passkey.id}`, { password });
    await me.delete("/api/account/totp", { password, code: codeOf(secret, Date.now(), 1) });
    const entries = (await logOf(me)).reverse();
    const setUp = entries.findIndex(({ action }) => action === "second_factor.add");
    expect(entries.slice(setUp).map(({ action, subject }) => `${action}: ${subject}`)).toEqual([
      "second_factor.add: authenticator app",
      "recovery_codes.make: recovery codes",
      "sign_in.failed: second factor",
      `recovery_code.use: account ${username}`,
      `sign_in: account ${username}`,
      "recovery_codes.make: recovery codes",
      "second_factor.add: passkey laptop",
      "second_factor.remove: passkey laptop",
      "second_factor.remove: authenticator app",
    ]);
  });

  it("and the Worker's log have no secret in them", async () => {
    const { username, me, secret, recoveryCodes } = await open.personWithApp();
    const [first, second] = [await open.signIn(username), await open.signIn(username)];
    const tokens = [first, second].map(({ json }) => json.second_factor.token as string);
    const codes = [codeOf(secret, Date.now(), 1), ...recoveryCodes];
    for (const [index, token] of tokens.entries()) await open.secondStep(token, { code: codes[index] });
    const entries = await logOf(me);
    expect(entries.map(({ action }) => action)).toContain("recovery_code.use");
    const logs = JSON.stringify(entries) + open.worker.log();
    for (const word of [password, secret, ...tokens, ...recoveryCodes]) expect(logs).not.toContain(word);
  });

  it("has that an administrator removed them all, and who", async () => {
    const { me } = await open.personWithApp();
    const { id } = (await me.get("/api/account")).json;
    const administrator = requestTo(open.url, { cookie: open.admin.cookie });
    await administrator.delete(`/api/admin/accounts/${id}/second-factors`, { password: open.admin.password });
    const [newest] = await logOf(me);
    expect(newest).toMatchObject({ action: "second_factor.remove", actor: { username: open.admin.username } });
  });
});
