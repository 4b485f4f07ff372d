/** A real D1 database, empty but for the migrations, that counts its round trips. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getPlatformProxy } from "wrangler";
import { type Database, openDatabase } from "../../src/storage/database";

const CONFIG = `
name = "test"
compatibility_date = "2026-10-20"
[[d1_databases]]
binding = "DB"
database_name = "test"
database_id = "test"
`;

export interface LocalDatabase {
  database: Database;
  /** The same without being counted. */
  uncounted: Database;
  /** Statements that were made, batches that were sent, rows that the batches read and wrote; since the last reset. */
  count: { statements: number; batches: number; batched: number; rowsRead: number; rowsWritten: number };
  /** How often the database was asked: a batch, or a statement that was in none. */
  roundTrips(): number;
  resetCount(): void;
  /** The texts of those statements. */
  queries(): string[];
  /** How SQLite goes about a statement: "SEARCH accounts USING …". */
  explain(query: string): Promise<string[]>;
  close(): Promise<void>;
}

export async function localDatabase(): Promise<LocalDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "certedge-d1-"));
  const configPath = join(folder, "wrangler.toml");
  await writeFile(configPath, CONFIG);
  const { env, dispose } = await getPlatformProxy<{ DB: D1Database }>({ configPath, persist: false });
  await migrate(env.DB);

  const nothing = { statements: 0, batches: 0, batched: 0, rowsRead: 0, rowsWritten: 0 };
  const count = { ...nothing };
  let queries: string[] = [];
  const counted = {
    prepare(query: string) {
      count.statements += 1;
      queries.push(query);
      return env.DB.prepare(query);
    },
    async batch(statements: D1PreparedStatement[]) {
      count.batches += 1;
      count.batched += statements.length;
      const results = await env.DB.batch(statements);
      for (const { meta } of results) {
        count.rowsRead += meta.rows_read;
        count.rowsWritten += meta.rows_written;
      }
      return results;
    },
  };
  return {
    database: openDatabase(counted as unknown as D1Database),
    uncounted: openDatabase(env.DB),
    count,
    roundTrips: () => count.batches + count.statements - count.batched,
    resetCount() {
      Object.assign(count, nothing);
      queries = [];
    },
    queries: () => queries,
    async explain(query) {
      const values = query.match(/\?/g) ?? [];
      const statement = env.DB.prepare(`EXPLAIN QUERY PLAN ${query}`).bind(...values);
      return (await statement.all<{ detail: string }>()).results.map(({ detail }) => detail);
    },
    async close() {
      await dispose();
      await rm(folder, { recursive: true });
    },
  };
}

async function migrate(d1: D1Database): Promise<void> {
  const folder = join(import.meta.dirname, "../../migrations");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  for (const file of files) {
    const statements = (await readFile(join(folder, file), "utf8")).split("--> statement-breakpoint");
    await d1.batch(statements.map((statement) => d1.prepare(statement)));
  }
}
