/** Notification channels over the API, and the servers at their other ends. */
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { mailbox, tokenIn } from "../support/mail";
import { type Member, newMember } from "../support/members";
import { type Received, type Receiver, startReceiver } from "./receiver";

let receiver: Receiver;
let member: Member;

beforeAll(async () => {
  receiver = await startReceiver(inject("testRoot"));
});
afterAll(() => receiver.stop());

beforeEach(async () => {
  member = await newMember(certedge().url, admin(), "elite");
  receiver.received.length = 0;
  receiver.reply = () => ({ status: 200, body: "ok" });
});

const nothing: Received = { path: "", headers: {}, body: "" };

const me = () => request(member);
const channels = "/api/notifications/channels";
const mails = () => mailbox(certedge().url, admin());

async function make(kind: string, settings: object, rest: object = {}) {
  const made = await me().post(channels, { name: `my ${kind}`, kind, settings, ...rest });
  expect(made.status, made.text).toBe(201);
  return made.json;
}

const test = async ({ id }: { id: string }) => (await me().post(`${channels}/${id}/test`)).json;

/** Something that is told of. */
async function issue(): Promise<string> {
  const domain = uniqueName("told");
  expect((await me().post("/api/domains", { fqdn: domain })).status).toBe(201);
  const { json } = await me().post("/api/certificates/create?wait=60", { domain });
  expect(json.order.state).toBe("valid");
  return domain;
}

describe("an account", () => {
  it("is told at its own address of what matters, before it has made any channel", async () => {
    const { channels: listed } = (await me().get(channels)).json;
    expect(listed).toMatchObject([
      { name: "E-mail", kind: "email", settings: {}, enabled: true, awaits_confirmation: false, digest: "none" },
    ]);
    expect(listed[0].events).toContain("certificate.failed");
    expect(listed[0].events).not.toContain("certificate.renewed");
    expect(await test(listed[0])).toMatchObject({ ok: true, delivery: { state: "delivered", event: "test" } });
    const { text } = await mails().mailTo(member.email, /trial of the notification channel/);
    expect(text).toContain(member.username);
  });

  it("may change what it is told of there, and have none of it", async () => {
    const [{ id }] = (await me().get(channels)).json.channels;
    const changed = await me().patch(`${channels}/${id}`, { events: ["certificate.*"], enabled: false });
    expect(changed.json).toMatchObject({ events: ["certificate.*"], enabled: false });
    expect((await me().get(channels)).json.channels).toHaveLength(1);
    expect((await me().post(`${channels}/${id}/test`)).status).toBe(409);
  });

  it("may have webhooks and chats from the plan Plus on, and as many channels as its plan allows", async () => {
    const free = await newMember(certedge().url, admin(), "free");
    const hook = { name: "hook", kind: "webhook", settings: { url: `${receiver.url}/` } };
    const refused = await request(free).post(channels, hook);
    expect(refused.json).toMatchObject({ status: 403, detail: expect.stringContaining("Plus, Pro and Elite") });
    const plus = await newMember(certedge().url, admin(), "plus");
    const statuses: number[] = [];
    for (let count = 0; count < 7; count++) {
      statuses.push((await request(plus).post(channels, { ...hook, name: `hook ${count}` })).status);
    }
    expect(statuses).toEqual([201, 201, 201, 201, 201, 201, 403]);
  });
});

describe("a webhook", () => {
  it("gets what happened, with a signature that its secret proves; the secret is shown once", async () => {
    const made = await make("webhook", { url: `${receiver.url}/in?from=certedge` }, { events: ["certificate.*"] });
    expect(made.webhook_secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const domain = await issue();
    await expect.poll(() => receiver.received.length, { timeout: 10_000 }).toBe(1);
    const { path, headers, body } = receiver.received[0] ?? nothing;
    expect(path).toBe("/in?from=certedge");
    const key = Buffer.from(made.webhook_secret.slice("whsec_".length), "base64");
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
    expect(Math.abs(Number(headers["webhook-timestamp"]) - Date.now() / 1000)).toBeLessThan(60);
    expect(JSON.parse(body)).toMatchObject({
      type: "certificate.issued",
      data: { subject: `certificate ${domain}`, account: member.username, facts: { domain } },
    });
    await expect
      .poll(async () => (await me().get(`${channels}/${made.id}/deliveries`)).json.deliveries)
      .toMatchObject([
        { id: headers["webhook-id"], event: "certificate.issued", state: "delivered", answer: "200 ok" },
      ]);
    const seen = [
      await me().get(channels),
      await me().get(`${channels}/${made.id}`),
      await me().patch(`${channels}/${made.id}`, { settings: { secret: "***masked***" }, name: "renamed" }),
      await me().get(`${channels}/${made.id}/deliveries`),
      await me().get("/api/audit"),
      await me().get("/api/account/export"),
    ];
    for (const { status, text } of seen) {
      expect(status).toBe(200);
      expect(text).not.toContain(made.webhook_secret.slice(6));
    }
    const { webhook_secret: next } = (await me().patch(`${channels}/${made.id}`, { settings: { secret: null } })).json;
    expect(next).toMatch(/^whsec_/);
    expect(next).not.toBe(made.webhook_secret);
  });

  it("may take its secret from a stored credential, which then cannot be deleted", async () => {
    const secret = "a secret of sixteen characters or more";
    const credential = (
      await me().post("/api/credentials", { name: "hook", kind: "webhook_secret", fields: { secret } })
    ).json;
    const made = await make("webhook", { url: `${receiver.url}/` }, { credential_id: credential.id });
    expect(made).toMatchObject({ credential_id: credential.id, settings: { url: `${receiver.url}/` } });
    expect(made.webhook_secret).toBeUndefined();
    await test(made);
    const [{ headers, body } = nothing] = receiver.received;
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    expect(headers["webhook-signature"]).toBe(`v1,${createHmac("sha256", secret).update(signed).digest("base64")}`);
    expect((await me().delete(`/api/credentials/${credential.id}`)).status).toBe(409);
    const token = (await me().post("/api/credentials", { name: "token", kind: "api_token", fields: { token: "t" } }))
      .json;
    const wrong = await me().patch(`${channels}/${made.id}`, { credential_id: token.id });
    expect(wrong.json).toMatchObject({ status: 422, errors: [{ pointer: "/credential_id" }] });
    const without = await me().patch(`${channels}/${made.id}`, { credential_id: null });
    expect(without.json).toMatchObject({ credential_id: null, webhook_secret: expect.stringMatching(/^whsec_/) });
    const key = (await me().post("/api-keys/", { name: "narrow", scopes: ["notifications:write"] })).json.key;
    const refused = await request({ key }).patch(`${channels}/${made.id}`, { credential_id: credential.id });
    expect(refused.json.detail).toContain("credentials:write");
  });

  it.each([
    ["fails", { status: 500, body: "a database is down" }, "500 a database is down"],
    ["limits", { status: 429, headers: { "retry-after": "30" } }, "429"],
    ["sends elsewhere", { status: 302, headers: { location: "https://example.com/" } }, "302"],
    ["floods", { status: 503, body: "x".repeat(3_000_000) }, "503 xxx"],
  ])("that %s is told of in the answer to a trial", async (_, reply, answer) => {
    const made = await make("webhook", { url: `${receiver.url}/` });
    receiver.reply = () => reply;
    const { ok, delivery } = await test(made);
    expect({ ok, state: delivery.state }).toEqual({ ok: false, state: "failed" });
    expect(delivery.answer.slice(0, answer.length)).toBe(answer);
    expect(delivery.answer.length).toBeLessThanOrEqual(300);
    expect(receiver.received).toHaveLength(1);
  });

  it("that does not answer in time is given up for now", async () => {
    const made = await make("webhook", { url: `${receiver.url}/` });
    receiver.reply = () => undefined;
    expect(await test(made)).toMatchObject({ ok: false, delivery: { answer: "No answer within 15 seconds." } });
  });

  it("that is not there is tried again by hand, from the first try on", async () => {
    const made = await make("webhook", { url: "https://127.0.0.1:1/" });
    const { delivery } = await test(made);
    expect(delivery.answer).toBe("It could not be reached.");
    await me().patch(`${channels}/${made.id}`, { settings: { url: `${receiver.url}/` } });
    const again = await me().post(`/api/notifications/deliveries/${delivery.id}/retry`);
    expect(again.json).toMatchObject({ id: delivery.id, state: "delivered", attempts: 1 });
    expect(receiver.received[0]?.headers["webhook-id"]).toBe(delivery.id);
  });

  it("that is gone is disabled, and tells so by mail", async () => {
    const made = await make("webhook", { url: `${receiver.url}/` });
    receiver.reply = () => ({ status: 410, body: "nobody here" });
    await issue();
    await expect
      .poll(async () => (await me().get(`${channels}/${made.id}`)).json, { timeout: 10_000 })
      .toMatchObject({
        enabled: false,
        disabled_because: "410 nobody here",
      });
    const { text } = await mails().mailTo(member.email, /does not exist any more/);
    expect(text).toContain("410 nobody here");
    const enabled = await me().patch(`${channels}/${made.id}`, { enabled: true });
    expect(enabled.json).toMatchObject({ enabled: true, disabled_because: null });
  });
});

describe("another e-mail address", () => {
  it("gets nothing but a question, until whoever reads it has agreed", async () => {
    const to = `team-${member.username}@example.net`;
    const made = await make("email", { to });
    expect(made).toMatchObject({ settings: { to }, awaits_confirmation: true });
    expect(await test(made)).toMatchObject({
      ok: false,
      delivery: { answer: expect.stringContaining("not confirmed") },
    });
    await issue();
    const asked = await mails().mailTo(to, /Shall you get notifications/);
    expect(await mails().mailsTo(to)).toHaveLength(1);
    const form = (token: string) =>
      fetch(`${certedge().url}/agree`, { method: "POST", body: new URLSearchParams({ token }) });
    expect((await fetch(`${certedge().url}/agree?token=${tokenIn(asked)}`)).status).toBe(200);
    expect((await me().get(`${channels}/${made.id}`)).json.awaits_confirmation).toBe(true);
    expect((await form("wrong")).status).toBe(403);
    const agreed = await form(tokenIn(asked));
    expect(await agreed.text()).toContain(to);
    expect((await form(tokenIn(asked))).status).toBe(403);
    expect((await me().get(`${channels}/${made.id}`)).json.awaits_confirmation).toBe(false);
    await test(made);
    const { text } = await mails().mailTo(to, /trial/);
    const [, path = ""] = /(\/no-more-mail\S+)/.exec(text) ?? [];
    const stop = (link: string) =>
      fetch(`${certedge().url}/no-more-mail`, { method: "POST", body: new URL(link, certedge().url).searchParams });
    expect((await stop(path.replace(/proof=./, "proof=_"))).status).toBe(403);
    expect((await me().get(`${channels}/${made.id}`)).json.awaits_confirmation).toBe(false);
    expect((await fetch(certedge().url + path)).status).toBe(200);
    expect(await (await stop(path)).text()).toContain(to);
    expect((await me().get(`${channels}/${made.id}`)).json.awaits_confirmation).toBe(true);
    expect(await test(made)).toMatchObject({ ok: false });
    // Another one is asked anew.
    const moved = await me().patch(`${channels}/${made.id}`, { settings: { to: `x-${to}` } });
    expect(moved.json.awaits_confirmation).toBe(true);
    await mails().mailTo(`x-${to}`, /Shall you get notifications/);
  });

  it("is asked a few times within an hour at most", async () => {
    const to = `many-${member.username}@example.net`;
    const made = await make("email", { to });
    const statuses: number[] = [];
    for (let count = 0; count < 5; count++)
      statuses.push((await me().post(`${channels}/${made.id}/confirmation`)).status);
    expect(statuses).toEqual([202, 202, 202, 202, 429]);
    expect(await mails().mailsTo(to)).toHaveLength(5);
  });

  it("is the account's own where it is the same", async () => {
    expect(await make("email", { to: member.email.toUpperCase() })).toMatchObject({
      settings: {},
      awaits_confirmation: false,
    });
  });
});

describe("a channel", () => {
  it.each([
    ["an unknown event", { events: ["certificate.exploded"] }, "/events/0"],
    ["an unknown kind of events", { events: ["certificates.*"] }, "/events/0"],
    ["an instance that is not there", { instance_ids: [crypto.randomUUID()] }, "/instance_ids/0"],
    [
      "an unknown time zone",
      { digest: "daily", digest_time: { hour: 8, time_zone: "Mars/Olympus" } },
      "/digest_time/time_zone",
    ],
    ["an unknown setting", { settings: { url: "https://example.com/", uri: "x" } }, "/settings/uri"],
    ["http", { settings: { url: "http://example.com/" } }, "/settings/url"],
    ["a URL with a password", { settings: { url: "https://a:b@example.com/" } }, "/settings/url"],
    ["a secret that is too short", { settings: { url: "https://example.com/", secret: "short" } }, "/settings/secret"],
    [
      "a secret that is not base64",
      { settings: { url: "https://example.com/", secret: `whsec_${"?".repeat(30)}` } },
      "/settings/secret",
    ],
    ["a credential that is not there", { credential_id: crypto.randomUUID() }, "/credential_id"],
  ])("is refused with %s", async (_, wrong, pointer) => {
    const whole = { name: "wrong", kind: "webhook", settings: { url: "https://example.com/" }, ...wrong };
    const { status, json } = await me().post(channels, whole);
    expect({ status, pointers: json.errors?.map((error: { pointer: string }) => error.pointer) }).toEqual({
      status: 422,
      pointers: [pointer],
    });
  });

  it("has a name that no other one has", async () => {
    await make("webhook", { url: `${receiver.url}/` });
    const second = { name: "my webhook", kind: "email" };
    expect((await me().post(channels, second)).status).toBe(409);
    const other = await make("email", {}, { name: "other" });
    expect((await me().patch(`${channels}/${other.id}`, { name: "my webhook" })).status).toBe(409);
  });

  it("does not carry its token to another server", async () => {
    const made = await make("ntfy", { server: receiver.url, topic: "certs", token: "tk_secret" });
    expect(made.settings).toEqual({ server: receiver.url, topic: "***masked***", token: "***masked***" });
    const moved = await me().patch(`${channels}/${made.id}`, { settings: { server: "https://evil.example" } });
    expect(moved.json).toMatchObject({ status: 422, errors: [{ pointer: "/settings/server" }] });
    await test(made);
    expect(receiver.received[0]).toMatchObject({ path: "/", headers: { authorization: "Bearer tk_secret" } });
  });

  it("has a log that is turned over page by page", async () => {
    const made = await make("webhook", { url: `${receiver.url}/` });
    const sent: string[] = [];
    for (let count = 0; count < 5; count++) sent.unshift((await test(made)).delivery.id);
    const seen: string[] = [];
    let next = `${channels}/${made.id}/deliveries?limit=2`;
    while (next) {
      const { json } = await me().get(next);
      seen.push(...json.deliveries.map(({ id }: { id: string }) => id));
      next = json.next;
    }
    expect(seen).toEqual(sent);
  });

  it("is gone with its log when it is deleted", async () => {
    const made = await make("webhook", { url: `${receiver.url}/` });
    const { delivery } = await test(made);
    expect((await me().delete(`${channels}/${made.id}`)).status).toBe(204);
    expect((await me().get(`${channels}/${made.id}/deliveries`)).status).toBe(404);
    expect((await me().post(`/api/notifications/deliveries/${delivery.id}/retry`)).status).toBe(404);
  });
});
