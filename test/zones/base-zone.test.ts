/** The zone that the installation offers. */
import type { SQL } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { answerQuestion } from "../../src/dns/zone-answers";
import type { Database } from "../../src/storage/database";
import { zones } from "../../src/storage/schema";
import { createBaseZone, withBaseZone } from "../../src/zones/base-zone";
import { zoneLookup } from "../../src/zones/records";
import { type LocalDatabase, localDatabase } from "./local-database";

let local: LocalDatabase;

beforeAll(async () => {
  local = await localDatabase();
});
beforeEach(() => local.database.delete(zones));
afterAll(() => local.close());

const offering = (builtinZone: string, database = local.database) =>
  withBaseZone(zoneLookup(local.database), createBaseZone({ database, builtinZone, now: () => 1_000 }));
const rcodeOf = async (lookup: ReturnType<typeof offering>) => (await answerQuestion(lookup, "home.test", "SOA")).rcode;

it("is answered for at the first question, before anybody had an order", async () => {
  expect(await rcodeOf(offering("home.test"))).toBe("NOERROR");
  expect(await offering("home.test").withoutAlias(["www.home.test"])).toEqual(new Set(["www.home.test"]));
});

it("is made once, and keeps its serial", async () => {
  await offering("home.test").zones();
  await local.database.update(zones).set({ serial: 7 });
  expect(await offering("home.test").zones()).toMatchObject([{ name: "home.test", serial: 7 }]);
});

it("is none where the operator offers none", async () => {
  expect(await rcodeOf(offering(""))).toBe("REFUSED");
});

it("is made by the next question where the first found no database", async () => {
  let isAway = true;
  const run = (query: SQL) => (isAway ? Promise.reject(new Error("D1 is away")) : local.database.run(query));
  const flickering = { run } as unknown as Database;
  const lookup = offering("home.test", flickering);
  await expect(rcodeOf(lookup)).rejects.toThrow("D1 is away");
  isAway = false;
  expect(await rcodeOf(lookup)).toBe("NOERROR");
});
