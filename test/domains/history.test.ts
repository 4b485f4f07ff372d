/** Every change is kept, with who made it and what became of it; and a domain says whether its zone has it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { DnsProviderError } from "../../src/dns/errors";
import { syncStatusOf } from "../../src/domains/record-sets";
import { type LocalDomains, localDomains, type Person } from "./local-domains";

let local: LocalDomains;
let ada: Person;
let count = 0;
let host = "";

beforeAll(async () => {
  local = await localDomains();
  ada = await local.join("ada");
});
afterAll(() => local.close());

beforeEach(async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  local.beforeWrite(async () => undefined);
  local.onTheWay(async () => undefined);
  host = `history-${count++}.certedge.test`;
  await local.take(ada, host);
  return () => vi.restoreAllMocks();
});

const update = (address: string) =>
  local.update(ada, `hostname=${host}&myip=${address}`, {
    headers: { "user-agent": "ddclient/3.10.0", "cf-connecting-ip": "198.51.100.9" },
  });
const fail = (detail = "It is away.") =>
  local.beforeWrite(async () => {
    throw new DnsProviderError("unavailable", "PowerDNS", detail);
  });

const domain = () => local.domains.find(ada.identity.id, host);

async function history(page: { before?: number; limit?: number } = {}) {
  await local.afterwards();
  return local.domains.history((await domain()).row.id, { limit: 50, ...page });
}

async function status() {
  await local.afterwards();
  return syncStatusOf(await domain());
}

describe("A change", () => {
  it("is kept with what was and what is, who made it, and from where", async () => {
    await update("203.0.113.1");
    await update("203.0.113.2,2001:db8::2");
    const ours = { actor: { username: "ada", via: "api_key" }, address: "198.51.100.9", client: "ddclient/3.10.0" };
    expect(await history()).toMatchObject([
      { type: "AAAA", before: [], after: ["2001:db8::2"], outcome: "live", problem: null, ...ours },
      { type: "A", before: ["203.0.113.1"], after: ["203.0.113.2"], outcome: "live", ...ours },
      { type: "A", before: [], after: ["203.0.113.1"], outcome: "live", ...ours },
    ]);
    for (const { at, settledAt } of await history()) expect(settledAt).toBeGreaterThanOrEqual(at);
  });

  it("that is none leaves no trace", async () => {
    for (let times = 0; times < 3; times++) await update("203.0.113.1");
    expect(await history()).toHaveLength(1);
  });

  it("comes a page at a time, the newest first", async () => {
    for (let last = 1; last <= 5; last++) await update(`203.0.113.${last}`);
    const [first, second] = await history({ limit: 2 });
    expect([first?.after, second?.after]).toEqual([["203.0.113.5"], ["203.0.113.4"]]);
    expect((await history({ before: second?.id ?? 0 })).map(({ after }) => after[0])).toEqual([
      "203.0.113.3",
      "203.0.113.2",
      "203.0.113.1",
    ]);
  });

  it("that its provider does not take is failed, with what it said, and live once it does", async () => {
    fail();
    expect(await update("203.0.113.1")).toBe("dnserr");
    expect(await status()).toEqual({ status: "failed", problem: "PowerDNS: It is away." });
    expect(await history()).toMatchObject([{ outcome: "failed", problem: "PowerDNS: It is away.", settledAt: null }]);
    local.beforeWrite(async () => undefined);
    await local.retry();
    expect(await status()).toEqual({ status: "live", problem: null });
    expect(await history()).toMatchObject([{ outcome: "live", problem: "PowerDNS: It is away." }]);
    expect(await local.resolve(host)).toEqual(["203.0.113.1"]);
    expect(await update("203.0.113.1")).toBe("nochg 203.0.113.1");
  });

  it("that another one has overtaken says so", async () => {
    fail();
    await update("203.0.113.1");
    await update("203.0.113.2");
    local.beforeWrite(async () => undefined);
    expect(await update("203.0.113.3")).toBe("good 203.0.113.3");
    expect((await history()).map(({ outcome }) => outcome)).toEqual(["live", "overtaken", "overtaken"]);
    expect(await status()).toMatchObject({ status: "live" });
  });

  it("is pending until its zone has heard of it", async () => {
    const held = Promise.withResolvers<void>();
    local.onTheWay(() => held.promise);
    const updating = update("203.0.113.1");
    await vi.waitFor(async () => expect(syncStatusOf(await domain())).toMatchObject({ status: "pending" }));
    held.resolve();
    await updating;
    expect(await status()).toMatchObject({ status: "live" });
  });

  it("is gone with its domain", async () => {
    await update("203.0.113.1");
    await local.afterwards();
    const { row } = await domain();
    await local.domains.remove(ada.identity.id, host);
    expect(await local.domains.history(row.id, { limit: 50 })).toEqual([]);
  });
});

describe("What is below a host", () => {
  const below = () => local.resolve(`anything.${host}`);

  it("has its address while the router says so, through every change", async () => {
    await update("203.0.113.1");
    expect(await below()).toEqual([]);
    const ask = (query: string) => local.update(ada, `hostname=${host}&${query}`);
    expect(await ask("myip=203.0.113.1&wildcard=ON")).toBe("good 203.0.113.1");
    expect(await below()).toEqual(["203.0.113.1"]);
    expect(await ask("myip=203.0.113.1&wildcard=ON")).toBe("nochg 203.0.113.1");
    expect(await ask("myip=203.0.113.2&wildcard=NOCHG")).toBe("good 203.0.113.2");
    expect(await below()).toEqual(["203.0.113.2"]);
    expect(await ask("myip=203.0.113.2&wildcard=OFF")).toBe("good 203.0.113.2");
    expect(await below()).toEqual([]);
    expect(await local.resolve(host)).toEqual(["203.0.113.2"]);
  });

  it("is asked for by a name with a star, too", async () => {
    expect(await local.update(ada, `hostname=*.${host}&myip=203.0.113.3`)).toBe("good 203.0.113.3");
    expect([await below(), await local.resolve(host)]).toEqual([["203.0.113.3"], ["203.0.113.3"]]);
  });

  it("goes with it", async () => {
    await local.update(ada, `hostname=*.${host}&myip=203.0.113.3`);
    await local.domains.remove(ada.identity.id, host);
    expect(await below()).toEqual([]);
  });
});

describe("The text of a host's challenge", () => {
  it("is set and taken away in Duck DNS's form, beside its addresses", async () => {
    await update("203.0.113.1");
    const token = await local.hostPassword(ada, host);
    const ask = async (query: string) =>
      (await local.ask(`domains=${host}&token=${token}&${query}`, { path: "/update" })).text();
    expect(await ask("txt=proof")).toBe("OK");
    expect([...local.texts.values()].flat()).toContain(`_acme-challenge.${host} proof`);
    expect(await ask("txt=another")).toBe("OK");
    expect([...local.texts.values()].flat()).not.toContain(`_acme-challenge.${host} proof`);
    expect(await ask("txt=&clear=true")).toBe("OK");
    expect([...local.texts.values()].flat().join()).not.toContain(host);
    expect(await local.resolve(host)).toEqual(["203.0.113.1"]);
    expect(await ask("clear=true&verbose=true")).toBe("OK\n\n\nUPDATED");
    expect(await local.resolve(host)).toEqual([]);
  });
});
