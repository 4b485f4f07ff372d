/** Everything that an account owns, in the words of the database, without its secrets. */
import { eq, getTableColumns, type SQL } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Database } from "../storage/database";
import { accounts } from "../storage/schema";
import { belongings } from "./belongings";

export type ExportedRow = Record<string, unknown>;

/** Sealed values, and hashes by which something is recognised. */
const SECRET = /^sealed_|_hash$/;
const INSTANT = /_at$|^not_(before|after)$/;

/** What is of no worth tomorrow, or without its secret. */
const PASSING = new Set(["ceremonies", "email_tokens", "recovery_codes", "update_counts"]);

export async function exportAccount(database: Database, accountId: number) {
  const [account = {}] = await rowsOf(database, accounts, eq(accounts.id, accountId));
  const owned: Record<string, ExportedRow[]> = {};
  for (const { name, table, of } of belongings(database)) {
    if (!PASSING.has(name)) owned[name] = await rowsOf(database, table, of(accountId));
  }
  return { account, owned };
}

async function rowsOf(database: Database, table: SQLiteTable, where: SQL): Promise<ExportedRow[]> {
  const shown = Object.entries(getTableColumns(table)).filter(([, { name }]) => !SECRET.test(name));
  const rows: ExportedRow[] = await database.select(Object.fromEntries(shown)).from(table).where(where);
  return rows.map((row) => Object.fromEntries(shown.map(([key, { name }]) => [name, shownAs(name, row[key])])));
}

const shownAs = (name: string, value: unknown) =>
  INSTANT.test(name) && typeof value === "number" ? new Date(value).toISOString() : value;
