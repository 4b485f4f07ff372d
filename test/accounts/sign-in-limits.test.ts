/** Guessing passwords, over a real D1 and with a clock that stands until it is moved. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createSignInLimits } from "../../src/accounts/sign-in-limits";
import { Problem } from "../../src/problems";
import { accounts, signInFailures } from "../../src/storage/schema";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

const SECOND = 1000;
const HOUR = 3_600_000;

let local: LocalDatabase;
let clock = Date.parse("2026-01-01T00:00:00Z");
let last = 0;
let ada: string;
let account: { id: number; username: string; email: string };

const limits = (door: "sign-in" | "update" = "sign-in") =>
  createSignInLimits({ database: local.database, pepper: "pepper", door, isOn: true, now: () => clock });
const from = (address: string) => ({ address, client: null });
const home = from("192.0.2.1");
const stranger = from("198.51.100.1");

/** Seconds that a guess has to wait, 0 where it is taken. */
async function guess(name: string, origin = stranger, door?: "update"): Promise<number> {
  try {
    await limits(door).before(name, origin);
    return 0;
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 429) throw error;
    return Number(error.options.headers?.["retry-after"]);
  }
}

/** Guesses as fast as is let; gives the waits that were asked for. */
async function guessOften(name: string, times: number, origin = stranger): Promise<number[]> {
  const waits: number[] = [];
  for (let index = 0; index < times; index++) {
    const wait = await guess(name, origin);
    waits.push(wait);
    if (wait === 0) continue;
    clock += wait * SECOND;
    expect(await guess(name, origin)).toBe(0);
  }
  return waits;
}

beforeAll(async () => {
  local = await localDatabase();
});

beforeEach(async () => {
  await local.database.delete(signInFailures);
  ada = `ada-${++last}`;
  const made = local.database.insert(accounts).values({
    username: ada,
    email: `${ada}@example.com`,
    emailVerifiedAt: clock,
    passwordHash: "",
    role: "member",
    plan: "free",
    createdAt: clock,
  });
  const [row] = await made.returning({ id: accounts.id, username: accounts.username, email: accounts.email });
  if (!row) throw new Error("no account was made");
  account = row;
});

afterAll(() => local.close());

describe("guessing the password of an account", () => {
  it("is free five times, and then slower each time, up to a quarter of an hour", async () => {
    expect(await guessOften(ada, 17)).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  });

  it("is as slow for a name that nobody has", async () => {
    expect(await guessOften("nobody", 10)).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16]);
  });

  it("is counted for guesses that come at once", async () => {
    const waits = await Promise.all(Array.from({ length: 20 }, () => guess(ada)));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(5);
  });

  it("from one network does not keep the owner away from another", async () => {
    await guessOften(ada, 20);
    expect(await guess(ada, stranger)).toBeGreaterThan(0);
    expect(await guess(ada, home)).toBe(0);
  });

  it("from everywhere slows down every network but those that the owner has signed in from", async () => {
    await limits().before(ada, home);
    await limits().succeeded(account, home);
    for (let index = 1; index <= 20; index++) expect(await guess(ada, from(`203.0.${index}.1`))).toBe(0);
    expect(await guess(ada, from("203.0.100.1"))).toBe(1);
    expect(await guess(ada, from("192.0.2.77"))).toBe(0);
  });

  it("by the user name tells nothing of other accounts, nor of routers with a password", async () => {
    await guessOften(ada, 8);
    expect(await guess("grace")).toBe(0);
    expect(await guess(ada, stranger, "update")).toBe(0);
  });

  it("by its user name and by its address is one budget, and neither is slow for what was tried with the other", async () => {
    for (let index = 0; index < 5; index++) expect(await limits().before(ada, stranger)).toBeUndefined();
    expect(await limits().before(account.email, stranger)).toMatchObject({ status: 429 });
    expect(await limits().before("nobody@example.com", stranger)).toBeUndefined();
    await limits().succeeded(account, stranger);
    expect(await limits().before(account.email, stranger)).toBeUndefined();
  });

  it("is forgotten after an hour", async () => {
    await guessOften(ada, 8);
    clock += HOUR;
    await limits().forgetExpired();
    expect(await local.database.select().from(signInFailures)).toEqual([]);
    expect(await guess(ada)).toBe(0);
  });
});

describe("an owner who has signed in", () => {
  it("has the wrong ones before forgiven", async () => {
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 4; index++) expect(await guess(ada, home)).toBe(0);
      await limits().before(ada, home);
      await limits().succeeded(account, home);
    }
  });

  it("by an address that is theirs is known by their network, too", async () => {
    await limits().before(account.email, home);
    await limits().succeeded(account, home);
    for (let index = 1; index <= 20; index++) await guess(ada, from(`203.0.${index}.1`));
    expect(await guess(ada, home)).toBe(0);
  });
});

describe("a network from which all accounts are tried", () => {
  it("is slowed down whatever the name", async () => {
    for (let index = 0; index < 100; index++) expect(await guess(`name-${index}`)).toBe(0);
    expect(await guess("another")).toBe(1);
    expect(await guess("another", home)).toBe(0);
  });
});

describe("what is kept of failures", () => {
  it("has neither names nor networks in it", async () => {
    await guess(ada);
    const kept = JSON.stringify(await local.database.select().from(signInFailures));
    expect(kept).not.toContain(ada);
    expect(kept).not.toContain("198.51.100");
  });
});
