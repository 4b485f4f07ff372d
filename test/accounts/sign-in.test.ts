/** What a sign-in does beside its answer, over a real D1. */
import { createHash, scryptSync } from "node:crypto";
import { eq } from "drizzle-orm";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createSessions } from "../../src/accounts/sessions";
import { createSignIn, type SignIn } from "../../src/accounts/sign-in";
import { createAudit, INSTALLATION } from "../../src/audit/service";
import { Problem } from "../../src/problems";
import { accounts, auditEntries } from "../../src/storage/schema";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

const password = "plenty of wild horses";
const origin = { address: "203.0.113.7", client: "a browser" };

let local: LocalDatabase;
let signIn: SignIn;
let calls: string[];
let refusal: Problem | undefined;
let untold: Problem | undefined;

/** As it was made when less work was enough. */
function weakHash(): string {
  const salt = createHash("sha256").update("salt").digest().subarray(0, 16);
  const key = scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 });
  return ["scrypt", "1024,8,1", salt.toString("hex"), key.toString("hex")].join("$");
}

const stored = async () => (await local.database.select().from(accounts))[0];
const entriesOf = (ownerId: number) =>
  local.database.select().from(auditEntries).where(eq(auditEntries.ownerId, ownerId)).orderBy(auditEntries.sequence);

// The log takes nothing back: each test has one of its own.
beforeEach(async () => {
  calls = [];
  refusal = undefined;
  untold = undefined;
  local = await localDatabase();
  const { database } = local;
  const now = Date.now;
  const before = async (name: string) => {
    calls.push(`before ${name}`);
    if (refusal) throw refusal;
    return untold;
  };
  const succeeded = async ({ username }: { username: string }) => void calls.push(`succeeded ${username}`);
  const limits = { before, succeeded };
  const sessions = createSessions({ database, now });
  signIn = createSignIn({ database, limits, sessions, audit: createAudit({ database, now }) });
  const made = { role: "member", plan: "free", emailVerifiedAt: 0, createdAt: 0 } as const;
  await database
    .insert(accounts)
    .values({ id: 7, username: "ada", email: "ada@example.org", passwordHash: weakHash(), ...made });
});

afterEach(() => local.close());

it("a password that was kept with less work is kept with today's from the next sign-in on", async () => {
  await signIn.checkPassword("ada", password, origin);
  const raised = (await stored())?.passwordHash;
  expect(raised).toMatch(/^scrypt\$16384,8,1\$/);
  await signIn.checkPassword("ada", password, origin);
  expect((await stored())?.passwordHash).toBe(raised);
});

it("a wrong password raises nothing", async () => {
  await expect(signIn.checkPassword("ada", "wild horses, plenty", origin)).rejects.toMatchObject({ status: 401 });
  expect((await stored())?.passwordHash).toBe(weakHash());
});

it("an attempt is counted before the password is looked at, and forgiven once there is a session", async () => {
  const ada = await signIn.checkPassword(" ADA ", password, origin);
  await signIn.checkPassword("ada", "wrong", origin).catch(() => undefined);
  await signIn.checkPassword("nobody", password, origin).catch(() => undefined);
  expect(calls).toEqual(["before ada", "before ada", "before nobody"]);
  await signIn.open(ada, origin);
  expect(calls.at(-1)).toBe("succeeded ada");
});

it("an attempt that comes too soon for another name of the account hears what a wrong password hears", async () => {
  untold = new Problem(429, "Too many attempts.");
  const words = { status: 401, detail: "The user name or the password is wrong." };
  await expect(signIn.checkPassword("ada", password, origin)).rejects.toMatchObject(words);
});

it("an attempt that comes too soon is refused though the password is right", async () => {
  refusal = new Problem(429, "Too many attempts.");
  await expect(signIn.checkPassword("ada", password, origin)).rejects.toBe(refusal);
  expect(await entriesOf(7)).toEqual([]);
});

it("a failure is in the log of whose name it was, and never what was typed", async () => {
  await signIn.checkPassword("ada", "a password in the wrong place", origin).catch(() => undefined);
  await signIn.checkPassword("a password in the wrong field", "x", origin).catch(() => undefined);
  expect(await entriesOf(7)).toMatchObject([{ action: "sign_in.failed", subject: "account ada", ...origin }]);
  expect(await entriesOf(INSTALLATION)).toMatchObject([{ action: "sign_in.failed", subject: "no account", ...origin }]);
  expect(JSON.stringify(await local.database.select().from(auditEntries))).not.toContain("wrong");
});

it("a success is in the log with its session", async () => {
  const session = await signIn.open(await signIn.checkPassword("ada@example.org", password, origin), origin);
  expect(await entriesOf(7)).toMatchObject([
    { action: "sign_in", actor: { account_id: 7, via: "password", credential_id: session.id }, ...origin },
  ]);
});

it("an address that nobody has verified names no account", async () => {
  await local.database.update(accounts).set({ emailVerifiedAt: null });
  await expect(signIn.checkPassword("ada@example.org", password, origin)).rejects.toMatchObject({ status: 401 });
  expect(await signIn.checkPassword("ada", password, origin)).toMatchObject({ emailVerified: false });
});
