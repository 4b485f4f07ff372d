/** Who is told of what, over a real D1. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Mailer } from "../../src/mail/mailer";
import { createChannelSettings } from "../../src/notifications/channel-settings";
import type { Notification } from "../../src/notifications/events";
import { type ChannelRow, createTelling } from "../../src/notifications/telling";
import { Problem } from "../../src/problems";
import { notificationChannels } from "../../src/storage/schema";
import { type LocalDatabase, localDatabase } from "../zones/local-database";
import { failed, START as NOW, newOwner, notificationsRig } from "./rig";

let local: LocalDatabase;

beforeAll(async () => {
  local = await localDatabase();
});

afterAll(() => local.close());

const ownerId = async (given = {}) => (await newOwner(local, given)).id;

async function newChannel(ownerId: number, differing: Partial<ChannelRow> = {}): Promise<string> {
  const id = crypto.randomUUID();
  await local.database.insert(notificationChannels).values({
    id,
    ownerId,
    name: id,
    kind: "webhook",
    sealedSettings: "",
    digest: "none",
    createdAt: NOW,
    updatedAt: NOW,
    ...differing,
  });
  return id;
}

async function tellAll(
  owner: number,
  notifications: Notification[],
  mailer: Mailer = notificationsRig(local).ports.mailer,
) {
  const { ports, deliveriesOf } = notificationsRig(local);
  const settings = createChannelSettings(ports);
  const { tell } = createTelling({ ...ports, settings, mailer, deliver: () => undefined });
  for (const notification of notifications) await tell(owner, notification);
  return deliveriesOf(owner);
}

describe("telling", () => {
  it("is at the account's own address, of what matters, for whoever has made no channel", async () => {
    const owner = await ownerId();
    const rows = await tellAll(owner, [failed, { ...failed, event: "certificate.renewed" }, failed]);
    expect(rows.map(({ event, state, nextAt }) => ({ event, state, nextAt }))).toEqual([
      { event: "certificate.failed", state: "waiting", nextAt: NOW },
      { event: "certificate.failed", state: "waiting", nextAt: NOW },
    ]);
    const channels = (await local.database.select().from(notificationChannels)).filter((row) => row.ownerId === owner);
    expect(channels).toMatchObject([{ kind: "email", name: "E-mail" }]);
  });

  it("keeps nothing where no mail can be sent, or the address was never verified", async () => {
    const off = new Problem(503, "No mail here.");
    expect(await tellAll(await ownerId(), [failed], { off, send: () => Promise.reject(off) })).toEqual([]);
    expect(await tellAll(await ownerId({ verified: false }), [failed])).toEqual([]);
  });

  it.each([
    ["every event", { events: null }, true],
    ["the event itself", { events: ["certificate.failed"] }, true],
    ["all events of its kind", { events: ["dns_account.failed", "certificate.*"] }, true],
    ["other events", { events: ["certificate.renewed", "ca.*"] }, false],
    ["no event", { events: [] }, false],
    ["a kind whose name begins alike", { events: ["cert.*"] }, false],
    ["its instance", { instanceIds: ["web"] }, true],
    ["another instance", { instanceIds: ["mail"] }, false],
    ["no more", { disabledAt: NOW }, false],
    ["an address that has not agreed", { kind: "email", agreedAt: null }, false],
  ] as const)("to a channel for %s", async (_, differing, isTold) => {
    const owner = await ownerId();
    await newChannel(owner, differing as unknown as Partial<ChannelRow>);
    const about = { ...failed, facts: { instance_id: "web" } };
    expect(await tellAll(owner, [about])).toHaveLength(isTold ? 1 : 0);
  });

  it("is not of what has no instance, where a channel is for some", async () => {
    const owner = await ownerId();
    await newChannel(owner, { instanceIds: ["web"] });
    expect(await tellAll(owner, [failed])).toEqual([]);
  });

  it("collects what goes out in one digest", async () => {
    const owner = await ownerId();
    const channel = await newChannel(owner, { digest: "daily" });
    const rows = await tellAll(owner, [failed, failed]);
    const id = `${channel}-${Date.parse("2026-03-04T08:00:00Z") / 1000}`;
    expect(rows.filter(({ event }) => event === "digest")).toMatchObject([
      { id, state: "waiting", nextAt: Date.parse("2026-03-04T08:00:00Z") },
    ]);
    expect(rows.filter(({ event }) => event !== "digest")).toMatchObject([
      { state: "collected", digestId: id, nextAt: null },
      { state: "collected", digestId: id, nextAt: null },
    ]);
  });

  it("costs two round trips, however many channels there are", async () => {
    const owner = await ownerId();
    for (let count = 0; count < 30; count++) await newChannel(owner);
    local.resetCount();
    expect(await tellAll(owner, [failed])).toHaveLength(30);
    expect(local.count).toMatchObject({ batches: 1, statements: 1 + 30 + 1 }); // the last one is the test's own
  });
});

describe("a tick", () => {
  it("costs nothing to speak of while nothing is due, however much waits or has ended", async () => {
    await local.database.delete(notificationChannels);
    const owner = await ownerId();
    await newChannel(owner, { digest: "weekly" });
    await tellAll(
      owner,
      Array.from({ length: 20 }, () => failed),
    );
    local.resetCount();
    await notificationsRig(local).service.tick();
    expect(local.count.statements).toBe(2);
    for (const query of local.queries()) {
      const plan = (await local.explain(query)).join("\n");
      expect(plan).not.toMatch(/SCAN notification_deliveries(?! USING)/);
      expect(plan).toMatch(/notification_deliveries_(due|ended)/);
    }
  });
});
