/** What the cron does for domains: it tells zones that were not told, and owners whose zones take too long. */
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { DnsProviderError } from "../../src/dns/errors";
import { createDomainUpkeep } from "../../src/domains/upkeep";
import type { Notification } from "../../src/notifications/events";
import { domainRecordSets } from "../../src/storage/schema";
import { type LocalDomains, localDomains, type Person } from "./local-domains";

let local: LocalDomains;
let ada: Person;
const HOST = "upkeep.certedge.test";
const MINUTE = 60_000;

beforeAll(async () => {
  local = await localDomains();
  ada = await local.join("ada");
  await local.take(ada, HOST, "203.0.113.1");
  await local.afterwards();
});
afterAll(() => local.close());

/** A tick, as if so many minutes had passed. */
async function tick(minutes: number): Promise<Notification[]> {
  const told: Notification[] = [];
  const tell = async (_owner: number, notification: Notification) => void told.push(notification);
  const now = () => Date.now() + minutes * MINUTE;
  await createDomainUpkeep({ database: local.database, zones: local.zones, tell, now }).sweep();
  await local.afterwards();
  return told;
}

it("A change whose Worker ended before its zone was told reaches the zone all the same", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  local.onTheWay(async () => {
    throw new Error("the Worker ends here");
  });
  await expect(local.put(ada, HOST, { type: "TXT", values: ["text"] })).rejects.toThrow();
  local.onTheWay(async () => undefined);
  await tick(0);
  expect(await local.resolve(HOST, "TXT")).toEqual([]); // it may still be on its way
  expect(await tick(3)).toEqual([]);
  expect(await local.resolve(HOST, "TXT")).toEqual(["text"]);
});

it("An owner is told once of a zone that takes too long, and again when it happens again", async () => {
  const fail = async () => {
    local.beforeWrite(async () => {
      throw new DnsProviderError("unavailable", "PowerDNS", "It is away.");
    });
    await expect(local.set(ada, HOST, `203.0.113.${Math.floor(Math.random() * 200) + 2}`)).rejects.toThrow();
    await local.afterwards();
  };
  await fail();
  expect(await tick(14)).toEqual([]);
  const [notice, ...others] = await tick(16);
  expect(others).toEqual([]);
  expect(notice).toMatchObject({ event: "domain.failed", subject: `domain ${HOST}` });
  expect(notice?.detail).toContain("has not taken its A records: PowerDNS: It is away.");
  expect(await tick(60)).toEqual([]);

  local.beforeWrite(async () => undefined);
  await local.retry();
  await local.afterwards();
  const [set] = await local.database.select().from(domainRecordSets).where(eq(domainRecordSets.type, "A"));
  expect(set).toMatchObject({ openSince: null, toldAt: null, problem: null });
  expect(await tick(60)).toEqual([]);
  await fail();
  expect(await tick(16)).toHaveLength(1);
});
