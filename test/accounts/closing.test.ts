/** What is left of an account that is closed, over a real D1: nothing, whatever else it may have owned. */
import { eq, is } from "drizzle-orm";
import { getTableConfig, SQLiteTable } from "drizzle-orm/sqlite-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { belongings } from "../../src/accounts/belongings";
import { createClosing, type Outside } from "../../src/accounts/closing";
import { createLetters } from "../../src/accounts/letters";
import { createAudit, INSTALLATION } from "../../src/audit/service";
import type { Mail } from "../../src/mail/mailer";
import * as schema from "../../src/storage/schema";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

const DAY = 86_400_000;
const start = Date.parse("2026-01-01T00:00:00Z");

let clock = start;
let local: LocalDatabase;
const sent: Mail[] = [];
/** Names that are still there, and what their removal does. */
let held: string[] = [];
let removal: () => Promise<void> = async () => {};

const nothing: Outside = { names: async () => [], remove: async () => {} };
const stubborn: Outside = {
  names: async () => held,
  remove: async (_account, name) => {
    await removal();
    held = held.filter((other) => other !== name);
  },
};

function closing(outside: { domains?: Outside; certificates?: Outside } = {}) {
  const mailer = { send: async (mail: Mail) => void sent.push(mail) };
  const letters = createLetters("https://certedge.example");
  return createClosing({
    database: local.database,
    audit: createAudit({ database: local.database, now: () => clock }),
    domains: nothing,
    certificates: nothing,
    ...outside,
    mailer,
    letters,
    now: () => clock,
  });
}

async function account(username: string, role: "admin" | "member" = "member"): Promise<number> {
  const row = { username, email: `${username}@example.org`, emailVerifiedAt: start, createdAt: start };
  const [made] = await local.database
    .insert(schema.accounts)
    .values({ ...row, passwordHash: "", role, plan: "free" })
    .returning();
  return made?.id ?? 0;
}

const names = async () => (await local.database.select().from(schema.accounts)).map(({ username }) => username);

beforeAll(async () => {
  local = await localDatabase();
});

beforeEach(async () => {
  clock = start;
  held = [];
  removal = async () => {};
  sent.length = 0;
  await local.database.delete(schema.accounts);
  vi.spyOn(console, "error").mockImplementation(() => {});
});

afterAll(() => local.close());

it("what belongs to an account is every table that refers to it, those that refer to others first", () => {
  const tables = Object.values(schema).filter((value) => is(value, SQLiteTable)) as SQLiteTable[];
  const nameOf = (table: SQLiteTable) => getTableConfig(table).name;
  const targetsOf = (table: SQLiteTable) =>
    getTableConfig(table).foreignKeys.map((key) => nameOf(key.reference().foreignTable as SQLiteTable));
  const known = belongings(local.database).map(({ name }) => name);
  expect(new Set(known).size).toBe(known.length);
  for (const table of tables) {
    const targets = targetsOf(table);
    const isOwned = targets.some((target) => target === "accounts" || known.includes(target));
    expect(known.includes(nameOf(table)), nameOf(table)).toBe(isOwned);
    for (const target of targets.filter((name) => known.includes(name))) {
      expect(known.indexOf(nameOf(table)), `${nameOf(table)} before ${target}`).toBeLessThan(known.indexOf(target));
    }
  }
  expect(known).toEqual(
    expect.arrayContaining(["domain_record_sets", "domain_changes", "domains", "records", "zones", "certificates"]),
  );
  // An entry of the audit log outlives whom it is about; the built-in CA's accounts are its own.
  expect(known).not.toEqual(expect.arrayContaining(["audit_entries"]));
  expect(known).not.toEqual(expect.arrayContaining(["acme_orders"]));
});

describe("an account that is closed", () => {
  it("is gone, and its owner is told", async () => {
    const id = await account("grace");
    await account("ada", "admin");
    expect(await closing().close(id)).toEqual([]);
    expect(await names()).toEqual(["ada"]);
    expect(sent.map(({ to, subject }) => ({ to, subject }))).toEqual([
      { to: "grace@example.org", subject: "Your account is closed" },
    ]);
    await expect(closing().close(id)).rejects.toMatchObject({ status: 404 });
  });

  it("waits for an order that is under way, and is of no use meanwhile", async () => {
    const id = await account("grace");
    held = ["home.example.org"];
    removal = () => Promise.reject(new Error("under way"));
    const service = closing({ certificates: stubborn });
    expect(await service.close(id)).toEqual(["certificate home.example.org"]);
    const [row] = await local.database.select().from(schema.accounts);
    expect(row).toMatchObject({ closingAt: start, suspendedAt: start });
    await expect(service.close(id)).rejects.toMatchObject({ status: 404 });
    await service.resume();
    expect(await names()).toEqual(["grace"]);
    removal = async () => {};
    await service.resume();
    expect(await names()).toEqual([]);
  });

  it("waits a week for a DNS server that says no, and then no longer", async () => {
    const id = await account("grace");
    held = ["home.example.org"];
    removal = () => Promise.reject(new Error("refused"));
    const service = closing({ domains: stubborn });
    expect(await service.close(id)).toEqual(["domain home.example.org"]);
    clock = start + 7 * DAY - 1;
    await service.resume();
    expect(await names()).toEqual(["grace"]);
    clock = start + 7 * DAY;
    await service.resume();
    expect(await names()).toEqual([]);
  });

  it("may be the last administrator's only when it is the last account", async () => {
    const [ada, grace] = [await account("ada", "admin"), await account("grace")];
    await expect(closing().close(ada)).rejects.toMatchObject({ status: 409 });
    await closing().close(grace);
    expect(await closing().close(ada)).toEqual([]);
    expect(await names()).toEqual([]);
  });

  it("leaves one of two administrators who close theirs at once", async () => {
    const ids = [await account("ada", "admin"), await account("eve", "admin")];
    await account("grace");
    const outcomes = await Promise.allSettled(ids.map((id) => closing().close(id)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    expect(await names()).toHaveLength(2);
  });

  it("is not left to a suspended administrator", async () => {
    const ada = await account("ada", "admin");
    await account("eve", "admin");
    await local.database.update(schema.accounts).set({ suspendedAt: start }).where(eq(schema.accounts.username, "eve"));
    await expect(closing().close(ada)).rejects.toMatchObject({ status: 409 });
  });
});

describe("an account whose address was never verified", () => {
  const signUp = async (username: string, changes: Partial<typeof schema.accounts.$inferInsert> = {}) => {
    const id = await account(username);
    const never = { emailVerifiedAt: null, ...changes };
    await local.database.update(schema.accounts).set(never).where(eq(schema.accounts.id, id));
  };

  it("is gone after a week, with what it has, and the installation's log says why", async () => {
    await account("ada", "admin");
    await signUp("abandoned");
    held = ["abandoned.certedge.test"];
    clock = start + 7 * DAY - 1;
    await closing({ domains: stubborn }).sweepUnverified();
    expect(await names()).toEqual(["ada", "abandoned"]);
    clock += 1;
    await closing({ domains: stubborn }).sweepUnverified();
    expect([await names(), held, sent]).toEqual([["ada"], [], []]);
    const [entry] = await createAudit({ database: local.database, now: () => clock }).list(INSTALLATION, {}, 1);
    expect(entry).toMatchObject({ action: "account.close", subject: "account abandoned", actor: { via: "system" } });
  });

  it("stays where it is the operator's own, or was suspended", async () => {
    await signUp("root", { role: "admin" });
    await signUp("spammer", { suspendedAt: start });
    clock = start + 8 * DAY;
    await closing().sweepUnverified();
    expect(await names()).toEqual(["root", "spammer"]);
  });
});
