/** What belongs to an account, read from the schema itself: the rows of every table that refers to it, however indirectly. */
import { eq, inArray, is, type SQL } from "drizzle-orm";
import { type ForeignKey, getTableConfig, type SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Database } from "../storage/database";
import * as schema from "../storage/schema";

export interface Belonging {
  name: string;
  table: SQLiteTable;
  of(accountId: number): SQL;
}

interface Reference {
  column: SQLiteColumn;
  target: SQLiteTable;
  targetColumn: SQLiteColumn;
}

const tables = Object.values(schema).filter((value) => is(value, SQLiteTable)) as SQLiteTable[];

const referencesOf = (table: SQLiteTable): Reference[] =>
  getTableConfig(table).foreignKeys.flatMap((key: ForeignKey) => {
    const { columns, foreignTable, foreignColumns } = key.reference();
    const [column, targetColumn] = [columns[0], foreignColumns[0]];
    return column && targetColumn ? [{ column, target: foreignTable as SQLiteTable, targetColumn }] : [];
  });

/** By which a table's rows are an account's: its own reference to it, else to what is the account's. */
function belongsBy(table: SQLiteTable): Reference | undefined {
  const references = referencesOf(table).filter(({ target }) => target !== table);
  return (
    references.find(({ target }) => target === schema.accounts) ?? references.find(({ target }) => belongsBy(target))
  );
}

/** What refers to another table comes before it: in this order the rows can be deleted. */
function inOrder(): SQLiteTable[] {
  const done = new Set<SQLiteTable>();
  const visit = (table: SQLiteTable) => {
    if (done.has(table)) return;
    for (const { target } of referencesOf(table)) if (target !== table) visit(target);
    done.add(table);
  };
  tables.forEach(visit);
  return [...done].reverse();
}

export function belongings(database: Database): Belonging[] {
  const rowsOf = (reference: Reference, accountId: number): SQL => {
    const { column, target, targetColumn } = reference;
    const above = belongsBy(target);
    if (!above) return eq(column, accountId);
    return inArray(column, database.select({ key: targetColumn }).from(target).where(rowsOf(above, accountId)));
  };
  return inOrder().flatMap((table) => {
    const reference = belongsBy(table);
    if (!reference) return [];
    return [{ name: getTableConfig(table).name, table, of: (accountId: number) => rowsOf(reference, accountId) }];
  });
}
