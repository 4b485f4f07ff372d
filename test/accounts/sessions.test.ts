/** What a session does as time goes by, over a real D1. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createAccounts } from "../../src/accounts/accounts";
import type { AccountIdentity } from "../../src/accounts/identity";
import { createSessions, type Sessions } from "../../src/accounts/sessions";
import { createSignIn, type SignIn } from "../../src/accounts/sign-in";
import { createAudit } from "../../src/audit/service";
import { accounts, sessions as stored } from "../../src/storage/schema";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

const DAY = 86_400_000;
const start = Date.parse("2026-01-01T00:00:00Z");
const from = { address: "203.0.113.7", client: "a browser" };

let clock = start;
let local: LocalDatabase;
let sessions: Sessions;
let signIn: SignIn;
let ada: AccountIdentity;

beforeAll(async () => {
  local = await localDatabase();
  const now = () => clock;
  const audit = createAudit({ database: local.database, now });
  const people = createAccounts({ database: local.database, audit, claimToken: "token", now });
  const claim = { token: "token", email: "a@example.com", username: "ada", password: "correct horse" };
  ada = await people.claim(claim, from);
  sessions = createSessions({ database: local.database, now });
  const unlimited = { before: async () => undefined, succeeded: async () => undefined };
  signIn = createSignIn({ database: local.database, sessions, audit, limits: unlimited });
});

beforeEach(() => {
  clock = start;
});

afterAll(() => local.close());

describe("a session", () => {
  it("lasts fourteen days, to the millisecond", async () => {
    const { token, expiresAt } = await sessions.open(ada, from);
    expect(expiresAt).toBe(start + 14 * DAY);
    clock = expiresAt - 1;
    expect(await sessions.authenticate(token)).toMatchObject({ account: ada });
    clock = expiresAt;
    expect(await sessions.authenticate(token)).toBeUndefined();
  });

  it("is found by one query", async () => {
    const { token } = await sessions.open(ada, from);
    local.resetCount();
    await sessions.authenticate(token);
    expect(local.count).toMatchObject({ statements: 1, batches: 0 });
  });

  it("is kept as a hash", async () => {
    const { token } = await sessions.open(ada, from);
    const rows = await local.database.select().from(stored);
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(token);
  });

  it("is forgotten once it has ended, and not before", async () => {
    await local.database.delete(stored);
    await sessions.open(ada, from);
    clock += DAY;
    const later = await sessions.open(ada, from);
    clock = start + 14 * DAY;
    await sessions.forgetExpired();
    expect(await local.database.select({ at: stored.expiresAt }).from(stored)).toEqual([{ at: later.expiresAt }]);
  });

  it("stops while its account is suspended, and nobody signs in to it", async () => {
    const { token } = await sessions.open(ada, from);
    await local.database.update(accounts).set({ suspendedAt: clock });
    expect(await sessions.authenticate(token)).toBeUndefined();
    await expect(signIn.checkPassword("ada", "correct horse", from)).rejects.toMatchObject({ status: 401 });
    await local.database.update(accounts).set({ suspendedAt: null });
    expect(await sessions.authenticate(token)).toBeDefined();
    expect(await signIn.checkPassword("ada", "correct horse", from)).toMatchObject({ username: "ada" });
  });
});
