/** What becomes of what is told: tried at once, again, in digests, until it is delivered or has failed. */
import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AccountIdentity } from "../../src/accounts/identity";
import { createNotifications } from "../../src/notifications/service";
import { notificationChannels } from "../../src/storage/schema";
import { sqliteDatabase } from "../support/sqlite-database";
import {
  aWebhook,
  failed,
  HOUR,
  MINUTE,
  newChannel,
  newOwner,
  notificationsRig,
  type Rig,
  renewed,
  START,
} from "./rig";

let local: ReturnType<typeof sqliteDatabase>;
let rig: Rig;
let owner: AccountIdentity;

beforeAll(() => {
  local = sqliteDatabase();
});

afterAll(() => local.close());

beforeEach(async () => {
  await local.database.delete(notificationChannels);
  rig = notificationsRig(local);
  owner = await newOwner(local);
});

/** Tells, and waits for the first try. */
async function tell(notification = failed) {
  await rig.service.tell(owner.id, notification);
  await rig.settled();
}

const states = async () => (await rig.deliveriesOf(owner.id)).map(({ event, state }) => `${event} ${state}`).sort();

describe("a notification", () => {
  it("goes out at once, signed so that its receiver knows who sent it and when", async () => {
    const { madeSecret = "" } = await newChannel(rig, owner, "webhook", aWebhook);
    await tell();
    const [sent] = rig.posted;
    const header = (name: string) => sent?.headers.get(`webhook-${name}`) ?? "";
    const key = Buffer.from(madeSecret.replace(/^whsec_/, ""), "base64");
    expect(key).toHaveLength(32);
    const signed = `${header("id")}.${header("timestamp")}.${sent?.body}`;
    expect(header("signature")).toBe(`v1,${createHmac("sha256", key).update(signed).digest("base64")}`);
    expect(header("timestamp")).toBe(String(START / 1000));
    expect(JSON.parse(sent?.body ?? "")).toEqual({
      type: "certificate.failed",
      timestamp: "2026-03-04T07:00:00.000Z",
      data: {
        severity: "problem",
        subject: failed.subject,
        title: failed.title,
        detail: failed.detail,
        facts: failed.facts,
        account: owner.username,
        host: "certedge.example",
      },
    });
    expect(await rig.deliveriesOf(owner.id)).toMatchObject([{ state: "delivered", attempts: 1, answer: "200 ok" }]);
  });

  it("is tried again for about a day, ever more seldom, under one id, and then has failed", async () => {
    await newChannel(rig, owner, "webhook", aWebhook);
    rig.other.answer = () => new Response("down", { status: 503 });
    await tell();
    for (let tick = 0; tick < 12; tick++) {
      const [row] = await rig.deliveriesOf(owner.id);
      await rig.tickAfter((row?.nextAt ?? rig.clock.now + HOUR) - rig.clock.now);
    }
    const minutes = rig.posted.map(({ at }) => (at - START) / MINUTE);
    expect(minutes).toEqual([0, 1, 6, 21, 51, 111, 231, 471, 951, 1431]);
    expect(new Set(rig.posted.map(({ headers }) => headers.get("webhook-id"))).size).toBe(1);
    expect(new Set(rig.posted.map(({ headers }) => headers.get("webhook-timestamp"))).size).toBe(10);
    expect(await rig.deliveriesOf(owner.id)).toMatchObject([{ state: "failed", attempts: 10, answer: "503 down" }]);
  });

  it.each([
    ["seconds", "600", 10],
    ["a date", "Wed, 04 Mar 2026 08:00:00 GMT", 60],
    ["less than our own wait", "1", 1],
    ["nonsense", "soon", 1],
    ["more than a day", "999999", 24 * 60],
  ])("waits as long as the other end asks it to: %s", async (_, retryAfter, minutes) => {
    await newChannel(rig, owner, "webhook", aWebhook);
    rig.other.answer = () => new Response(null, { status: 429, headers: { "retry-after": retryAfter } });
    await tell();
    const [row] = await rig.deliveriesOf(owner.id);
    expect(((row?.nextAt ?? 0) - START) / MINUTE).toBe(minutes);
  });

  it("keeps what comes behind it back while a channel does not answer, and brings all of it once it does", async () => {
    await newChannel(rig, owner, "webhook", aWebhook);
    rig.other.answer = () => new Response(null, { status: 503, headers: { "retry-after": "3600" } });
    await tell();
    await tell(renewed);
    expect(rig.posted).toHaveLength(2);
    await rig.tickAfter(30 * MINUTE);
    expect(rig.posted).toHaveLength(2);
    rig.other.answer = () => new Response("ok");
    rig.posted.length = 0;
    await tell();
    await rig.tickAfter(MINUTE);
    expect(rig.posted).toHaveLength(3);
    expect(await states()).toEqual([
      "certificate.failed delivered",
      "certificate.failed delivered",
      "certificate.renewed delivered",
    ]);
  });

  it("is delivered after a crash between being told and being sent", async () => {
    await newChannel(rig, owner, "webhook", aWebhook);
    // Whatever was to be done in the background dies with the isolate.
    const dying = createNotifications({
      ...rig.ports,
      fetch: () => new Promise(() => undefined),
      background: () => undefined,
    });
    await dying.tell(owner.id, failed);
    expect(rig.posted).toEqual([]);
    await rig.tickAfter(2 * MINUTE);
    expect(rig.posted).toHaveLength(1);
    expect(await states()).toEqual(["certificate.failed delivered"]);
  });

  it("is sent once, however many ticks there are at once", async () => {
    await newChannel(rig, owner, "webhook", aWebhook);
    const silent = createNotifications({ ...rig.ports, fetch: () => Promise.reject(new Error("down")) });
    await silent.tell(owner.id, failed);
    await rig.settled();
    rig.clock.now += 2 * MINUTE;
    await Promise.all([1, 2, 3, 4].map(() => rig.service.tick()));
    expect(rig.posted).toHaveLength(1);
  });

  it("is not tried again where it will never be taken", async () => {
    await newChannel(rig, owner, "slack", { url: "https://hooks.slack.example/services/T0/B0/x" });
    rig.other.answer = () => new Response("invalid_blocks", { status: 400 });
    await tell();
    expect(await rig.deliveriesOf(owner.id)).toMatchObject([{ state: "failed", answer: "400 invalid_blocks" }]);
  });

  it("is not carried to where a redirect points", async () => {
    await newChannel(rig, owner, "webhook", aWebhook);
    rig.other.answer = () => new Response(null, { status: 307, headers: { location: "https://elsewhere.example/" } });
    await tell();
    expect(rig.posted).toHaveLength(1);
    const [row] = await rig.deliveriesOf(owner.id);
    expect(row).toMatchObject({ state: "waiting", answer: expect.stringMatching(/^307/) });
  });

  it("leaves nothing of a secret in its log, though the other end says it back", async () => {
    const token = "tk_averysecrettoken";
    await newChannel(rig, owner, "ntfy", { topic: "hard-to-guess", token });
    rig.other.answer = ({ headers, body }) => new Response(`${headers.get("authorization")} ${body}`, { status: 500 });
    await tell();
    const log = JSON.stringify(await rig.deliveriesOf(owner.id));
    expect(log).toContain("500 Bearer ***");
    expect(log).not.toMatch(/averysecret|hard-to-guess/);
  });

  it("ends with the channel's being disabled where nobody is there any more, which the owner hears by mail", async () => {
    const { row: channel } = await newChannel(rig, owner, "discord", {
      url: "https://discord.example/api/webhooks/1/x",
    });
    rig.other.answer = () => Response.json({ message: "Unknown Webhook", code: 10015 }, { status: 404 });
    await tell();
    await rig.settled();
    expect(await rig.service.find(owner.id, channel.id)).toMatchObject({
      disabledAt: START,
      disabledBecause: expect.stringContaining("Unknown Webhook"),
    });
    expect(rig.mails).toMatchObject([{ to: owner.email, subject: expect.stringContaining("does not exist any more") }]);
    // From then on the mail is the channel that there is.
    await tell();
    expect(rig.posted).toHaveLength(1);
    expect(rig.mails).toHaveLength(2);
  });

  it("moves with a Telegram group that has become another one", async () => {
    await newChannel(rig, owner, "telegram", { token: "1:aB_c", chat_id: "-5" });
    rig.other.answer = ({ body }) =>
      JSON.parse(body).chat_id === "-1007"
        ? Response.json({ ok: true })
        : Response.json(
            { ok: false, error_code: 400, description: "…", parameters: { migrate_to_chat_id: -1007 } },
            { status: 400 },
          );
    await tell();
    await rig.tickAfter(2 * MINUTE);
    expect(await states()).toEqual(["certificate.failed delivered"]);
  });

  it("is forgotten 30 days after its end, and not before", async () => {
    await newChannel(rig, owner, "webhook", aWebhook);
    await tell();
    await rig.tickAfter(30 * 24 * HOUR - MINUTE);
    expect(await states()).toHaveLength(1);
    await rig.tickAfter(2 * MINUTE);
    expect(await states()).toHaveLength(0);
  });
});

describe("a digest", () => {
  const daily = { digest: "daily", digestTime: { hour: 20, weekday: "mon", timeZone: "UTC" } } as const;

  it("brings what was collected in one message at its hour, the most important first", async () => {
    await newChannel(rig, owner, "webhook", aWebhook, daily);
    await tell(renewed);
    await tell({ ...renewed, event: "ca.failover", title: "It went elsewhere" });
    await tell(failed);
    await rig.tickAfter(12 * HOUR);
    expect(rig.posted).toEqual([]);
    await rig.tickAfter(HOUR);
    expect(rig.posted).toHaveLength(1);
    const { type, data } = JSON.parse(rig.posted[0]?.body ?? "");
    expect(type).toBe("digest");
    expect(data.title).toBe("Digest: 1 problem, 1 warning, 1 piece of good news");
    expect(data.entries.map((entry: { type: string }) => entry.type)).toEqual([
      "certificate.failed",
      "ca.failover",
      "certificate.renewed",
    ]);
    expect(new Set(await states())).toEqual(
      new Set([
        "digest delivered",
        "certificate.failed delivered",
        "ca.failover delivered",
        "certificate.renewed delivered",
      ]),
    );
    await rig.tickAfter(24 * HOUR);
    expect(rig.posted).toHaveLength(1);
  });

  it("is tried again as one message", async () => {
    await newChannel(rig, owner, "webhook", aWebhook, daily);
    await tell();
    rig.other.answer = () => new Response(null, { status: 500 });
    await rig.tickAfter(13 * HOUR);
    rig.other.answer = () => new Response("ok");
    await tell(renewed); // part of the next one
    await rig.tickAfter(2 * MINUTE);
    const bodies = rig.posted.map(({ body }) => JSON.parse(body).data.entries.length);
    expect(bodies).toEqual([1, 1]);
    expect(rig.posted[0]?.headers.get("webhook-id")).toBe(rig.posted[1]?.headers.get("webhook-id"));
    await rig.tickAfter(24 * HOUR);
    expect(JSON.parse(rig.posted[2]?.body ?? "").data.entries).toMatchObject([{ type: "certificate.renewed" }]);
  });

  it("goes out at once when the channel is to have another time, or none", async () => {
    const { row } = await newChannel(rig, owner, "webhook", aWebhook, daily);
    await tell();
    await rig.service.change(owner, row.id, { digest: "none" });
    await rig.tickAfter(MINUTE);
    expect(rig.posted).toHaveLength(1);
    await tell();
    expect(rig.posted).toHaveLength(2);
  });

  it("says how many there are beside those that it shows", async () => {
    await newChannel(rig, owner, "webhook", aWebhook, { ...daily, events: ["certificate.*"] });
    for (let count = 0; count < 60; count++) await rig.service.tell(owner.id, count % 2 ? failed : renewed);
    await rig.tickAfter(13 * HOUR);
    const { data } = JSON.parse(rig.posted[0]?.body ?? "");
    expect(data).toMatchObject({ title: "Digest: 30 problems, 30 pieces of good news", more: 10 });
    expect(data.entries).toHaveLength(50);
  });

  it("is made of a flood, so that an outage is not a thousand messages; programs get each one", async () => {
    await newChannel(rig, owner, "slack", { url: "https://hooks.slack.example/services/T0/B0/x" });
    await newChannel(rig, owner, "webhook", aWebhook);
    for (let count = 0; count < 40; count++) {
      await tell();
      rig.clock.now += 10;
    }
    const sent = (host: string) => rig.posted.filter(({ url }) => new URL(url).host === host).length;
    expect({ slack: sent("hooks.slack.example"), webhook: sent("hook.example") }).toEqual({ slack: 30, webhook: 40 });
    await rig.tickAfter(20 * MINUTE);
    expect(sent("hooks.slack.example")).toBe(31);
    expect(rig.posted.at(-1)?.body).toContain("Digest: 10 problems");
  });
});

describe("a tick", () => {
  it("sends a bounded share, and the rest in the next ones", async () => {
    const dying = createNotifications({
      ...rig.ports,
      background: () => undefined,
      fetch: () => new Promise(() => undefined),
    });
    await newChannel(rig, owner, "webhook", aWebhook);
    for (let count = 0; count < 250; count++) await dying.tell(owner.id, failed);
    const ticks: number[] = [];
    for (let tick = 0; tick < 2; tick++) {
      const before = rig.posted.length;
      await rig.tickAfter(2 * MINUTE);
      ticks.push(rig.posted.length - before);
    }
    expect(ticks).toEqual([200, 50]);
  });
});
