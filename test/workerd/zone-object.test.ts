/** The DnsZone object: what it does on its own, later. */
import { applyD1Migrations, type D1Migration, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { DesiredState } from "../../src/zones/desired-state";

/** Of vitest.config.ts. */
const { DB, DNS_ZONE, TEST_MIGRATIONS } = env as typeof env & { TEST_MIGRATIONS: D1Migration[] };

beforeAll(() => applyD1Migrations(DB, TEST_MIGRATIONS));

describe("The zone of a DNS account that was deleted", () => {
  const zone = () => DNS_ZONE.getByName(`${crypto.randomUUID()}/example.com`);
  const gone = { ok: false, failure: { kind: "credential", detail: "The DNS account was deleted." } };
  const home = { name: "home.example.com", ttl: 60 };

  it("is told so, and is not written to again and again", async () => {
    const object = zone();
    const set = { ...home, type: "A" as const, values: ["192.0.2.1"], domainId: "d", version: 1 };
    expect(await object.publish([set])).toMatchObject([gone]);
    expect(await object.place("order", [{ ...home, type: "TXT", value: "proof" }])).toMatchObject(gone);
    expect(await runInDurableObject(object, (_, state) => state.storage.getAlarm())).toBeNull();
  });

  it("gives up what was waiting when its account went", async () => {
    const object = zone();
    await runInDurableObject(object, async (_, { storage }) => {
      storage.sql.exec(
        `INSERT INTO host_sets (name, type, record_values, ttl, domain_id, version, due_at)
         VALUES ('home.example.com', 'A', '["192.0.2.1"]', 60, 'd', 1, 0)`,
      );
      await storage.setAlarm(Date.now() + 60_000);
    });
    expect(await runDurableObjectAlarm(object)).toBe(true);
    const left = await runInDurableObject(object, async (_, { storage }) => ({
      sets: storage.sql.exec("SELECT * FROM host_sets").toArray(),
      alarm: await storage.getAlarm(),
    }));
    expect(left).toEqual({ sets: [], alarm: null });
  });
});

describe("The zone of an older version", () => {
  it("keeps what it is to remove, and takes those that come with a challenge", async () => {
    const record = { name: "_acme-challenge.example.com", type: "TXT" as const, ttl: 60 };
    const challenge = { domain: "example.com", token: "token", keyAuthorization: "token.thumbprint" };
    const removals = await runInDurableObject(DNS_ZONE.getByName("builtin/example.com"), (_, { storage: { sql } }) => {
      sql.exec("ALTER TABLE placed DROP COLUMN challenge");
      sql.exec(
        `INSERT INTO placed (name, type, value, ttl, owner, due_at)
         VALUES ('_acme-challenge.example.com', 'TXT', 'old', 60, 'order', 5)`,
      );
      const state = new DesiredState(sql);
      state.want("order", [{ ...record, value: "new", challenge }], 5);
      return state.removals(5);
    });
    const placed = { ...record, owner: "order", attempts: 0 };
    expect(removals).toEqual([
      { ...placed, value: "old" },
      { ...placed, value: "new", challenge },
    ]);
  });
});

describe("A value whose order never came back for it", () => {
  const DAY = 86_400_000;
  const zone = "strays.test";
  const values = async () => {
    const found = await DB.prepare("SELECT value FROM records WHERE name = ?").bind(`_acme-challenge.${zone}`).all();
    return found.results.map(({ value }) => value);
  };

  it("is removed a day later, and no sooner; what is kept for good stays", async () => {
    await DB.prepare("INSERT INTO zones (name, serial, created_at) VALUES (?, 1, 0)").bind(zone).run();
    const object = DNS_ZONE.getByName(`builtin/${zone}`);
    const record = { name: `_acme-challenge.${zone}`, type: "TXT" as const, ttl: 60 };
    expect(await object.place("order", [{ ...record, value: "stray" }])).toEqual({ ok: true });
    expect(await object.keep("certificate", [{ ...record, value: "standing" }])).toEqual({ ok: true });
    const alarm = await runInDurableObject(object, (_, { storage }) => storage.getAlarm());
    expect(Math.abs((alarm ?? 0) - (Date.now() + DAY))).toBeLessThan(60_000);
    expect((await values()).sort()).toEqual(["standing", "stray"]);

    // A day goes by.
    await runInDurableObject(object, (_, { storage }) => {
      storage.sql.exec("UPDATE placed SET due_at = due_at - ? WHERE owner = 'order'", DAY);
    });
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect(await values()).toEqual(["standing"]);
    expect(await runInDurableObject(object, (_, { storage }) => storage.getAlarm())).toBeNull();
  });
});

describe("A value that is to be placed", () => {
  it("may be there while somebody wants it or it is still to go, and is new to the provider else", async () => {
    const value = { name: "_acme-challenge.example.com", type: "TXT" as const, value: "proof", ttl: 60 };
    await runInDurableObject(DNS_ZONE.getByName("builtin/example.net"), (_, { storage: { sql } }) => {
      const state = new DesiredState(sql);
      expect(state.mayBeThere(value)).toBe(false);
      state.want("order", [value], 9);
      expect(state.mayBeThere(value)).toBe(true);
      expect(state.mayBeThere({ ...value, value: "another" })).toBe(false);
      state.unwant("order", 5);
      expect(state.mayBeThere(value)).toBe(true);
      for (const gone of state.removals(5)) state.forget(gone);
      expect(state.mayBeThere(value)).toBe(false);
    });
  });
});
