/** How often addresses may be changed: counted exactly, for the account and for each host, and told in the protocol's own word. */
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { plans } from "../../src/accounts/plans";
import { domains, updateCounts } from "../../src/storage/schema";
import { type LocalDomains, localDomains, type Person } from "./local-domains";

const HOUR = 3_600_000;
const { hostUpdatesPerHour, updatesPerHour } = plans.pro;

let local: LocalDomains;
let ada: Person;
let count = 0;
let host = "";
let other = "";

beforeAll(async () => {
  local = await localDomains();
});
afterAll(() => local.close());

beforeEach(async () => {
  ada = await local.join(`ada-${count++}`, "pro");
  [host, other] = [`host-${count}.certedge.test`, `other-${count}.certedge.test`];
  for (const name of [host, other]) await local.take(ada, name, "203.0.113.1");
  await local.afterwards();
});

const hour = () => Math.floor(Date.now() / HOUR);
const changed = (fqdn: string, changes: number, changesHour = hour()) =>
  local.database.update(domains).set({ changes, changesHour }).where(eq(domains.fqdn, fqdn));
const accountChanged = (updates: number, inHour = hour()) =>
  local.spend({ ownerId: ada.identity.id, hour: inHour, updates });
const set = (address: string, hosts = host) => local.update(ada, `hostname=${hosts}&myip=${address}`);

describe("A host that was changed as often as may be", () => {
  it("hears abuse for one more change, and nochg for none, as often as it likes", async () => {
    await changed(host, hostUpdatesPerHour);
    expect(await set("203.0.113.2")).toBe("abuse");
    for (let times = 0; times < 5; times++) expect(await set("203.0.113.1")).toBe("nochg 203.0.113.1");
    expect(await local.resolve(host)).toEqual(["203.0.113.1"]);
  });

  it("keeps no other host from being changed, in the same request even", async () => {
    await changed(host, hostUpdatesPerHour);
    expect(await set("203.0.113.2", `${host},${other}`)).toBe("abuse\ngood 203.0.113.2");
    expect(await local.resolve(other)).toEqual(["203.0.113.2"]);
  });

  it("is changed again in the next hour", async () => {
    await changed(host, hostUpdatesPerHour, hour() - 1);
    expect(await set("203.0.113.2")).toBe("good 203.0.113.2");
  });

  it("finds in its log how many are allowed, and when", async () => {
    await changed(host, hostUpdatesPerHour);
    await set("203.0.113.2");
    expect((await local.attempts(ada, host))[0]?.note).toMatch(
      /^The Pro plan allows 120 changes of a host's address an hour/,
    );
  });

  it("is told 429 by the API, and what the limit is", async () => {
    await changed(host, hostUpdatesPerHour);
    await expect(local.set(ada, host, "203.0.113.2")).rejects.toMatchObject({
      status: 429,
      options: { extra: { limit: hostUpdatesPerHour } },
    });
    await expect(local.set(ada, host, "203.0.113.1")).resolves.toBeDefined();
  });
});

describe("An account that has changed as much as it may", () => {
  it("hears abuse for every host", async () => {
    await accountChanged(updatesPerHour);
    expect(await set("203.0.113.2", `${host},${other}`)).toBe("abuse\nabuse");
    expect((await local.attempts(ada, host))[0]?.note).toMatch(
      /^The Pro plan allows 1000 changes of addresses an hour/,
    );
    await accountChanged(updatesPerHour, hour() - 1);
    expect(await set("203.0.113.2")).toBe("good 203.0.113.2");
  });

  it("has used one change for all hosts of a request", async () => {
    await accountChanged(updatesPerHour - 1);
    expect(await set("203.0.113.2", `${host},${other}`)).toBe("good 203.0.113.2\ngood 203.0.113.2");
    expect(await set("203.0.113.3")).toBe("abuse");
  });

  it("gets no more than is left, however many ask at once", async () => {
    await accountChanged(updatesPerHour - 3);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => set(`203.0.113.${index + 10}`)));
    expect(answers.filter((answer) => answer.startsWith("good"))).toHaveLength(3);
    expect(answers.filter((answer) => answer === "abuse")).toHaveLength(7);
    const [row] = await local.database.select().from(updateCounts).where(eq(updateCounts.ownerId, ada.identity.id));
    expect(row?.updates).toBe(updatesPerHour);
  });
});
