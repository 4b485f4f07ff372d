/** Second factors from outside: set up, signed in by, removed. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeOf } from "../support/authenticator-app";
import { requestTo } from "../support/requests";
import { cookieOf, type OpenCertedge, password, startOpenCertedge } from "./open-certedge";

let open: OpenCertedge;

beforeAll(async () => {
  open = await startOpenCertedge();
});

afterAll(() => open?.stop());

describe("an account with an authenticator app", () => {
  it("is signed in to in two steps, and only the second one gives a session", async () => {
    const { username, secret, me } = await open.personWithApp();
    const first = await open.signIn(username);
    expect(first.status).toBe(200);
    expect(first.headers.get("set-cookie")).toBeNull();
    expect(first.json).toEqual({
      second_factor: {
        token: expect.stringMatching(/^[\w-]{43}$/),
        methods: ["totp", "recovery_code"],
        passkey_options: null,
      },
    });
    const { token } = first.json.second_factor;
    expect((await requestTo(open.url, { cookie: `__Host-certedge=${token}` }).get("/api/account")).status).toBe(401);
    const second = await open.secondStep(token, { code: codeOf(secret, Date.now(), 1) });
    expect(second.status, second.text).toBe(201);
    expect(second.json.account).toEqual((await me.get("/api/account")).json);
    expect(second.headers.get("set-cookie")).toMatch(/^__Host-certedge=[\w-]{43}; .*HttpOnly; Secure; SameSite=Lax$/);
    const signedIn = requestTo(open.url, { cookie: cookieOf(second) });
    expect((await signedIn.get("/api/account/second-factors")).json).toEqual({
      totp: { confirmed_at: expect.stringMatching(/Z$/) },
      passkeys: [],
      recovery_codes_left: 10,
    });
    expect((await open.secondStep(token, { code: codeOf(secret, Date.now(), 1) })).status).toBe(401);
  });

  it("lets one of ten in that bring one code at once", async () => {
    const { username, secret } = await open.personWithApp();
    const steps = await Promise.all(Array.from({ length: 10 }, () => open.signIn(username)));
    const code = codeOf(secret, Date.now(), 1);
    const ends = await Promise.all(steps.map(({ json }) => open.secondStep(json.second_factor.token, { code })));
    expect(ends.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(401)]);
    expect(ends.filter(({ headers }) => headers.has("set-cookie"))).toHaveLength(1);
  });

  it("lets in by a recovery code, once", async () => {
    const { username, recoveryCodes } = await open.personWithApp();
    const [code] = recoveryCodes;
    const [first, second] = [await open.signIn(username), await open.signIn(username)];
    expect((await open.secondStep(first.json.second_factor.token, { code })).status).toBe(201);
    const again = await open.secondStep(second.json.second_factor.token, { code });
    expect(again.status).toBe(401);
    expect(again.json.detail).toBe("This was not accepted: it is wrong, or was used already.");
  });

  it("says the same to a wrong password as any other account", async () => {
    const { username } = await open.personWithApp();
    const wrong = { password: "wrong wrong wrong" };
    const refused = await open.anybody.post("/api/sessions", { username, ...wrong });
    const unknown = await open.anybody.post("/api/sessions", { username: "nobody-at-all", ...wrong });
    expect([refused.status, refused.text]).toEqual([unknown.status, unknown.text]);
  });

  it("is rid of it by the password and a code, and is then signed in to in one step", async () => {
    const { username, me, secret, recoveryCodes } = await open.personWithApp();
    const [code] = recoveryCodes;
    const wrong = await me.delete("/api/account/totp", { password: "wrong", code });
    expect([wrong.status, wrong.json.errors]).toEqual([
      403,
      [{ pointer: "/password", detail: "The password is wrong." }],
    ]);
    expect((await me.delete("/api/account/totp", { password, code: "000000" })).status).toBe(422);
    const removed = await me.delete("/api/account/totp", { password, code: codeOf(secret, Date.now(), 1) });
    expect(removed.status, removed.text).toBe(204);
    expect((await open.signIn(username)).status).toBe(201);
    expect((await me.get("/api/account/second-factors")).json).toEqual({
      totp: null,
      passkeys: [],
      recovery_codes_left: 0,
    });
  });

  it("gets new recovery codes for its password", async () => {
    const { me, username, recoveryCodes } = await open.personWithApp();
    expect((await me.post("/api/account/recovery-codes", { password: "wrong" })).status).toBe(403);
    const made = await me.post("/api/account/recovery-codes", { password });
    expect(made.json.recovery_codes).toHaveLength(10);
    const { token } = (await open.signIn(username)).json.second_factor;
    expect((await open.secondStep(token, { code: recoveryCodes[0] })).status).toBe(401);
    expect((await open.secondStep(token, { code: made.json.recovery_codes[0] })).status).toBe(201);
  });
});

describe("setting up an authenticator app", () => {
  it("takes the password, and gives the secret, its URI and a picture", async () => {
    const { me, username } = await open.newPerson();
    expect((await me.post("/api/account/totp", { password: "wrong" })).status).toBe(403);
    const { status, json, headers } = await me.post("/api/account/totp", { password });
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(json).toEqual({
      secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
      otpauth_uri: expect.stringContaining(`otpauth://totp/certedge:${username}?secret=${json.secret}&`),
      qr_svg: expect.stringMatching(/^<svg .*<\/svg>$/s),
    });
    expect((await open.signIn(username)).status).toBe(201);
  });

  it.each([
    ["POST", "/api/account/totp", { password }],
    ["POST", "/api/account/totp/confirm", { code: "123456" }],
    ["DELETE", "/api/account/totp", { password, code: "123456" }],
    ["POST", "/api/account/recovery-codes", { password }],
    ["POST", "/api/account/passkeys/options", { password }],
    ["POST", "/api/account/passkeys", { name: "x", passkey: {} }],
    ["DELETE", "/api/account/passkeys/x", { password }],
  ] as const)("%s %s is not for an API key, which passes by second factors", async (method, at, body) => {
    const caller = requestTo(open.url, { key: open.admin.key });
    const refused = await (method === "POST" ? caller.post(at, body) : caller.delete(at, body));
    expect(refused.status).toBe(403);
    expect(refused.json.detail).toMatch(/API key/);
  });
});

describe("a passkey", () => {
  it("is registered, listed and asked for as the second step, which it is good for", async () => {
    const { username, me, browser, passkey, made } = await open.personWithPasskey();
    expect(made.status, made.text).toBe(201);
    const laptop = {
      id: passkey.id,
      name: "laptop",
      created_at: expect.stringMatching(/Z$/),
      last_used_at: null,
    };
    expect(made.json).toEqual({ passkey: laptop, recovery_codes: expect.arrayContaining([expect.any(String)]) });
    expect((await me.get("/api/account/passkeys")).json).toEqual({ passkeys: [laptop] });
    const { token, methods, passkey_options } = (await open.signIn(username)).json.second_factor;
    expect(methods).toEqual(["passkey", "recovery_code"]);
    const answer = browser.get(passkey, passkey_options);
    expect((await open.secondStep(token, { passkey: answer })).status).toBe(201);
    expect((await open.secondStep(token, { passkey: answer })).status).toBe(401);
  });

  it.each(["ES256", "EdDSA", "RS256"] as const)("of %s signs in without user name and password", async (algorithm) => {
    const { browser, passkey, me } = await open.personWithPasskey(algorithm);
    const options = (await open.anybody.post("/api/passkeys/sign-in/options")).json;
    expect(options).toMatchObject({ rpId: "localhost", userVerification: "required", allowCredentials: [] });
    const answer = { passkey: browser.get(passkey, options) };
    const signedIn = await open.anybody.post("/api/passkeys/sign-in", answer);
    expect(signedIn.status, signedIn.text).toBe(201);
    expect((await requestTo(open.url, { cookie: cookieOf(signedIn) }).get("/api/account")).json).toEqual(
      (await me.get("/api/account")).json,
    );
    expect((await open.anybody.post("/api/passkeys/sign-in", answer)).status).toBe(401);
  });

  it("of another site does not sign in", async () => {
    const { browser, passkey } = await open.personWithPasskey();
    const options = (await open.anybody.post("/api/passkeys/sign-in/options")).json;
    const foreign = browser.get(passkey, options, { origin: "https://evil.example" });
    const refused = await open.anybody.post("/api/passkeys/sign-in", { passkey: foreign });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("set-cookie")).toBeNull();
  });

  it("is removed by the password", async () => {
    const { me, passkey, username } = await open.personWithPasskey();
    expect((await me.delete(`/api/account/passkeys/${passkey.id}`, { password: "wrong" })).status).toBe(403);
    expect((await me.delete("/api/account/passkeys/unknown", { password })).status).toBe(404);
    expect((await me.delete(`/api/account/passkeys/${passkey.id}`, { password })).status).toBe(204);
    expect((await open.signIn(username)).status).toBe(201);
  });

  it("is not to be had at an IP address, and the answer says where it is", async () => {
    const at = requestTo(open.worker.url);
    const refused = await at.post("/api/passkeys/sign-in/options");
    expect(refused.status).toBe(409);
    expect(refused.json.detail).toContain(`on this machine, ${open.url}.`);
  });
});

describe("a sign-in from another site", () => {
  it("is refused in each of its steps, with all that it takes", async () => {
    const { username, browser, passkey } = await open.personWithPasskey();
    const { token, passkey_options } = (await open.signIn(username)).json.second_factor;
    const alone = (await open.anybody.post("/api/passkeys/sign-in/options")).json;
    const steps = [
      ["/api/sessions/second-factor", { token, passkey: browser.get(passkey, passkey_options) }],
      ["/api/passkeys/sign-in/options", undefined],
      ["/api/passkeys/sign-in", { passkey: browser.get(passkey, alone) }],
    ] as const;
    for (const [at, body] of steps) {
      for (const headers of [{ "sec-fetch-site": "cross-site" }, { origin: "https://evil.example" }]) {
        const refused = await requestTo(open.url, { headers }).post(at, body);
        expect(refused.status, `${at}: ${refused.text}`).toBe(403);
        expect(refused.headers.get("set-cookie")).toBeNull();
      }
    }
  });
});

describe("somebody who has lost every factor", () => {
  it("is let in by the password again once an administrator has removed them", async () => {
    const { username, me } = await open.personWithApp();
    const { id } = (await me.get("/api/account")).json;
    const at = `/api/admin/accounts/${id}/second-factors`;
    const proof = { password: open.admin.password };
    expect((await me.delete(at, { password })).status).toBe(403);
    expect((await requestTo(open.url, { key: open.admin.key }).delete(at, proof)).status).toBe(403);
    const administrator = requestTo(open.url, { cookie: open.admin.cookie });
    expect((await administrator.delete("/api/admin/accounts/999999/second-factors", proof)).status).toBe(404);
    expect((await administrator.delete(at, { password })).status).toBe(403);
    expect((await administrator.delete(at, proof)).status).toBe(204);
    expect((await open.signIn(username)).status).toBe(201);
    expect((await me.get("/api/account/second-factors")).json).toMatchObject({ totp: null, recovery_codes_left: 0 });
  });
});
