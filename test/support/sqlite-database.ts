/**
 * The schema in an SQLite of this process, behind as much of D1's interface as Drizzle uses. For tests that ask thousands of
 * times: D1 itself, which local-database.ts has, answers through two processes.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync as Statement } from "node:sqlite";
import { type Database, openDatabase } from "../../src/storage/database";

/** The types of the oldest Node that is supported do not know it. */
type StatementSync = Statement & { setReturnArrays(on: boolean): void };

const migrations = join(import.meta.dirname, "../../migrations");

export function sqliteDatabase(): { database: Database; d1: D1Database; close(): void } {
  const sqlite = new DatabaseSync(":memory:");
  for (const file of readdirSync(migrations)
    .filter((name) => name.endsWith(".sql"))
    .sort()) {
    sqlite.exec(readFileSync(join(migrations, file), "utf8"));
  }
  sqlite.exec("PRAGMA foreign_keys = ON");
  const prepared = new Map<string, StatementSync>();
  const d1 = {
    prepare(query: string) {
      const statement = prepared.get(query) ?? (sqlite.prepare(query) as StatementSync);
      prepared.set(query, statement);
      return new Bound(statement, []);
    },
    async batch(statements: Bound[]) {
      sqlite.exec("BEGIN");
      try {
        const results = statements.map((statement) => statement.answer());
        sqlite.exec("COMMIT");
        return results;
      } catch (error) {
        sqlite.exec("ROLLBACK");
        throw error;
      }
    },
  };
  const shaped = d1 as unknown as D1Database;
  return { database: openDatabase(shaped), d1: shaped, close: () => sqlite.close() };
}

class Bound {
  constructor(
    private readonly statement: StatementSync,
    private readonly values: SQLInputValue[],
  ) {}

  bind(...values: unknown[]) {
    return new Bound(
      this.statement,
      values.map((value) => (typeof value === "boolean" ? Number(value) : value)) as SQLInputValue[],
    );
  }

  answer() {
    this.statement.setReturnArrays(false);
    return { success: true, results: this.statement.all(...this.values), meta: {} };
  }

  all = async () => this.answer();
  run = async () => this.answer();
  first = async () => this.answer().results[0] ?? null;

  async raw() {
    this.statement.setReturnArrays(true);
    return this.statement.all(...this.values);
  }
}
