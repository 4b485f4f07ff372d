/** What the clock does to stored credentials: reminders, and trials again every week. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { storedCredentials as table } from "../../src/storage/schema";
import { type CredentialStore, DAY, OWNER, startCredentialStore } from "./credential-store";

let store: CredentialStore;
beforeAll(async () => {
  store = await startCredentialStore();
});
afterAll(() => store.local.close());
beforeEach(async () => {
  store.told.length = 0;
  await store.local.database.delete(table);
});

const TOKEN = "a token that is nobody's business";
const titles = () => store.told.map(({ title }) => title);

describe("The owner of a credential", () => {
  it("is told 14 days before it ends, and once more when it has ended", async () => {
    const { row } = await store.store("api_token", { token: TOKEN }, { expiresAt: store.clock.now + 30 * DAY });
    for (let day = 0; day <= 60; day++) {
      await store.reminders.sweep();
      store.clock.now += DAY;
    }
    expect(titles()).toEqual([
      `The stored credential "${row.name}" ends on 2026-07-01`,
      `The stored credential "${row.name}" has ended`,
    ]);
    expect(store.told[0]).toMatchObject({ event: "credential.expiring", facts: { credential_id: row.id } });
    expect(JSON.stringify(store.told)).not.toContain(TOKEN);
  });

  it("is told at once of one that ends within those days", async () => {
    await store.store("api_token", { token: TOKEN }, { expiresAt: store.clock.now + DAY });
    await store.reminders.sweep();
    expect(store.told).toHaveLength(1);
  });

  it("is reminded to change one that does not end, on the day that was asked for", async () => {
    const { row } = await store.store("api_token", { token: TOKEN }, { remindAt: store.clock.now + 90 * DAY });
    await store.reminders.sweep();
    expect(store.told).toEqual([]);
    store.clock.now += 90 * DAY;
    await store.reminders.sweep();
    await store.reminders.sweep();
    expect(titles()).toEqual([`It is time to change the stored credential "${row.name}"`]);
  });

  it("is told of many within a few ticks, each looking at no more than a few rows", async () => {
    const expiresAt = store.clock.now + DAY;
    for (let one = 0; one < 50; one++) await store.store("api_token", { token: TOKEN }, { expiresAt });
    for (let tick = 0; tick < 3; tick++) await store.reminders.sweep();
    expect(new Set(titles()).size).toBe(50);
  });
});

describe("A credential that was tried out", () => {
  const vault = { address: "https://vault.example.net", token: TOKEN };
  let works = true;
  let asked = 0;
  const trials = () =>
    store.trials(() => {
      asked += 1;
      if (works) return new Response(JSON.stringify({ data: { policies: [] } }));
      return new Response(JSON.stringify({ errors: [`no such token: ${TOKEN}`] }), { status: 403 });
    });

  beforeEach(() => {
    works = true;
    asked = 0;
  });

  it("is tried out again every week, and its owner told once when it has stopped working", async () => {
    const credential = await store.store("vault", vault);
    await trials().sweep();
    expect(asked).toBe(0); // one that nobody has tried out is left alone
    await trials().test(credential);
    for (let week = 0; week < 4; week++) {
      works = week === 0;
      store.clock.now += 7 * DAY + 1;
      await trials().sweep();
      await trials().sweep();
    }
    expect(asked).toBe(5);
    expect(store.told).toHaveLength(1);
    expect(store.told[0]).toMatchObject({ event: "credential.failed", subject: `credential ${credential.row.name}` });
    expect(JSON.stringify(store.told)).not.toContain(TOKEN);
    expect((await store.find(credential.row.id)).row.lastTest?.ok).toBe(false);
  });

  it("is not told of when the secret was changed while it was tried out", async () => {
    const credential = await store.store("vault", vault);
    await store.storedCredentials.change(OWNER.id, credential.row.id, { fields: { token: "another" } }, "ada");
    await trials().test(credential);
    expect((await store.find(credential.row.id)).row.lastTest).toBeNull();
  });

  it("is left alone where that would use it up", async () => {
    const role = await store.store("vault_approle", { address: vault.address, role_id: "r", secret_id: "s" });
    await store.trials(() => new Response(JSON.stringify({ auth: { client_token: "t", policies: [] } }))).test(role);
    expect((await store.find(role.row.id)).row).toMatchObject({ lastTest: { ok: true }, retestAt: null });
  });
});

it("What is due is found by an index: a minute costs nothing for the credentials that are not", async () => {
  store.local.resetCount();
  await store.reminders.sweep();
  await store.trials().sweep();
  const plans = await Promise.all(store.local.queries().map((query) => store.local.explain(query)));
  expect(plans.flat().join("\n")).toMatch(/stored_credentials_to_remind_of[\s\S]*stored_credentials_to_test/);
  expect(plans.flat().filter((step) => /SCAN stored_credentials/.test(step))).toEqual([]);
});
