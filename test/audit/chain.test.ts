/** The log in the database: nothing changes it, and what went around that is found. */
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Audit, createAudit } from "../../src/audit/service";
import { type LocalDatabase, localDatabase } from "../zones/local-database";

let local: LocalDatabase;
let audit: Audit;
let owner = 0;

beforeAll(async () => {
  local = await localDatabase();
  let time = Date.parse("2026-01-01T00:00:00Z");
  audit = createAudit({ database: local.database, now: () => time++, pageSize: 2 });
});
afterAll(() => local.close());

const actor = { account_id: 1, username: "ada", via: "session" as const, credential_id: "s" };
const origin = { address: "192.0.2.1", client: "a test" };
const record = (subject: string) =>
  audit.record({ ownerId: owner, actor, ...origin, action: "domain.create", subject, after: { ipv4: "192.0.2.1" } });

/** Five entries in a log of its own for each test. */
beforeEach(async () => {
  owner += 1;
  for (const name of ["a", "b", "c", "d", "e"]) await record(`domain ${name}`);
});

describe("the log", () => {
  it("is whole as it was written", async () => {
    const [newest] = await audit.list(owner, {}, 1);
    expect(await audit.verify(owner)).toEqual({ entries: 5, head: newest?.hash, broken: null });
  });

  it.each([
    ["changed", sql`UPDATE audit_entries SET subject = 'domain z'`],
    ["deleted", sql`DELETE FROM audit_entries`],
    ["changed to what it is", sql`UPDATE audit_entries SET action = action`],
  ])("refuses to be %s", async (_what, statement) => {
    await expect(local.database.run(sql`${statement} WHERE owner_id = ${owner} AND sequence = 3`)).rejects.toThrow();
    expect((await audit.verify(owner)).broken).toBeNull();
  });

  it("takes many writers at once, each entry behind the one before it", async () => {
    await Promise.all(Array.from({ length: 12 }, (_, index) => record(`domain at-once-${index}`)));
    expect(await audit.verify(owner)).toMatchObject({ entries: 17, broken: null });
  });

  it("is gone through in pages, every entry of it", async () => {
    const seen: number[] = [];
    for await (const { sequence } of audit.all(owner)) seen.push(sequence);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("a change around the database's refusal", () => {
  /** As somebody would who holds the database itself. */
  async function tamper(...statements: ReturnType<typeof sql>[]) {
    const stay = (await local.database.all<{ name: string; sql: string }>(
      sql`SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entries'`,
    )) as { name: string; sql: string }[];
    expect(stay).toHaveLength(2);
    for (const { name } of stay) await local.database.run(sql.raw(`DROP TRIGGER ${name}`));
    for (const statement of statements) await local.database.run(statement);
    for (const trigger of stay) await local.database.run(sql.raw(trigger.sql));
  }

  it.each([
    ["subject", sql`'domain z'`],
    ["at", sql`at + 1`],
    ["actor", sql`json_set(actor, '$.username', 'eve')`],
    ["address", sql`NULL`],
    ["client", sql`''`],
    ["action", sql`'domain.delete'`],
    ["before", sql`'{}'`],
    ["after", sql`json_set(after, '$.ipv4', '192.0.2.2')`],
    ["previous_hash", sql`hash`],
    ["hash", sql`previous_hash`],
  ])("is found in %s, at the entry", async (column, value) => {
    await tamper(
      sql`UPDATE audit_entries SET ${sql.identifier(column)} = ${value} WHERE owner_id = ${owner} AND sequence = 3`,
    );
    expect(await audit.verify(owner)).toMatchObject({ entries: 5, broken: { sequence: 3 } });
  });

  it("is found where an entry is missing, also the first", async () => {
    for (const sequence of [3, 1]) {
      await tamper(sql`DELETE FROM audit_entries WHERE owner_id = ${owner} AND sequence = ${sequence}`);
      const { broken } = await audit.verify(owner);
      expect(broken).toEqual({ sequence, reason: `Entry ${sequence} is missing: ${sequence + 1} comes next.` });
    }
  });

  it("is found where an entry was changed with its hash: the next one does not follow it", async () => {
    const [forged] = await audit.list(owner, {}, 1);
    await tamper(
      sql`UPDATE audit_entries SET hash = ${forged?.hash ?? ""}, subject = 'domain z' WHERE owner_id = ${owner} AND sequence = 2`,
    );
    expect((await audit.verify(owner)).broken?.sequence).toBe(2);
  });

  it("is found where entries of another log were put in", async () => {
    owner += 1;
    await tamper(
      sql`INSERT INTO audit_entries SELECT ${owner}, sequence, at, actor, address, client, action, subject, before, after,
          previous_hash, hash FROM audit_entries WHERE owner_id = ${owner - 1}`,
    );
    expect((await audit.verify(owner)).broken?.sequence).toBe(1);
  });

  it("is told by the head where the last entries were cut off", async () => {
    const { head } = await audit.verify(owner);
    await tamper(sql`DELETE FROM audit_entries WHERE owner_id = ${owner} AND sequence > 3`);
    const cut = await audit.verify(owner);
    expect(cut).toMatchObject({ entries: 3, broken: null });
    expect(cut.head).not.toBe(head);
  });
});
