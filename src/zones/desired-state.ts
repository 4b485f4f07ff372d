/** The values that somebody placed in a zone beside what is there, as its DnsZone object keeps them. */
import type { RecordValue } from "../dns/provider";

/** A value, and who asked for it; the same value may be wanted by several. */
export interface PlacedValue extends RecordValue {
  owner: string;
  attempts: number;
}

/** When values are due that stay until they are given up: the last instant that there is. */
export const NEVER = 8_640_000_000_000_000;

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS placed (
    name TEXT NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL, ttl INTEGER NOT NULL, owner TEXT NOT NULL,
    unwanted INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL,
    PRIMARY KEY (owner, name, type, value))`,
];

/** What objects that were made earlier do not have yet. */
const ADDED_COLUMNS = ["challenge TEXT"];

type Row = Record<string, SqlStorageValue>;

export class DesiredState {
  constructor(private readonly sql: SqlStorage) {
    for (const statement of SCHEMA) sql.exec(statement);
    const there = sql.exec<Row>("SELECT name FROM pragma_table_info('placed')").toArray();
    for (const column of ADDED_COLUMNS) {
      if (!there.some(({ name }) => column.startsWith(`${name} `))) sql.exec(`ALTER TABLE placed ADD COLUMN ${column}`);
    }
  }

  /** Notes that `owner` wants these values; nobody coming back for them, they are removed at `strayAt`. */
  want(owner: string, values: RecordValue[], strayAt: number): void {
    for (const { name, type, value, ttl, challenge } of values) {
      this.sql.exec(
        `INSERT INTO placed (name, type, value, ttl, challenge, owner, due_at) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET unwanted = 0, attempts = 0, due_at = excluded.due_at`,
        name,
        type,
        value,
        ttl,
        challenge ? JSON.stringify(challenge) : null,
        owner,
        strayAt,
      );
    }
  }

  /** Whether somebody wants this value, or it is still to be removed: it may be there. */
  mayBeThere({ name, type, value }: RecordValue): boolean {
    const asked = this.sql.exec("SELECT 1 FROM placed WHERE name = ? AND type = ? AND value = ?", name, type, value);
    return asked.toArray().length > 0;
  }

  /** Notes that `owner` wants none of its values any more; they are due for removal at once. */
  unwant(owner: string, now: number): void {
    this.sql.exec("UPDATE placed SET unwanted = 1, attempts = 0, due_at = ? WHERE owner = ?", now, owner);
  }

  /** Values that must go by now: given up by their owner, or strays whose owner never came back. */
  removals(now: number): PlacedValue[] {
    return this.sql.exec<Row>("SELECT * FROM placed WHERE due_at <= ?", now).toArray().map(toPlaced);
  }

  /** Whether somebody else still wants this value. */
  wantedByAnother({ name, type, value, owner }: PlacedValue): boolean {
    const others = this.sql.exec(
      "SELECT 1 FROM placed WHERE name = ? AND type = ? AND value = ? AND owner <> ? AND unwanted = 0",
      name,
      type,
      value,
      owner,
    );
    return others.toArray().length > 0;
  }

  /** The values that others than `owner` still want. */
  wantedByOthers(owner: string): string[] {
    const rows = this.sql.exec<Row>("SELECT value FROM placed WHERE owner <> ? AND unwanted = 0", owner);
    return rows.toArray().map(({ value }) => String(value));
  }

  /** For values that are written over: removing them later would remove what has come in their place. */
  forgetUnwanted(): void {
    this.sql.exec("DELETE FROM placed WHERE unwanted = 1");
  }

  forget({ name, type, value, owner }: PlacedValue): void {
    this.sql.exec(
      "DELETE FROM placed WHERE name = ? AND type = ? AND value = ? AND owner = ?",
      name,
      type,
      value,
      owner,
    );
  }

  postponeRemoval({ name, type, value, owner }: PlacedValue, until: number): void {
    this.sql.exec(
      "UPDATE placed SET unwanted = 1, attempts = attempts + 1, due_at = ? WHERE name = ? AND type = ? AND value = ? AND owner = ?",
      until,
      name,
      type,
      value,
      owner,
    );
  }

  forgetAll(): void {
    this.sql.exec("DELETE FROM placed");
  }

  /** When something is due next, or nothing. */
  nextDue(): number | undefined {
    const [row] = this.sql
      .exec<{ due: number | null }>("SELECT min(due_at) AS due FROM placed WHERE due_at < ?", NEVER)
      .toArray();
    return row?.due ?? undefined;
  }
}

const toPlaced = (row: Row): PlacedValue => ({
  name: String(row.name),
  type: row.type as RecordValue["type"],
  value: String(row.value),
  ttl: Number(row.ttl),
  owner: String(row.owner),
  attempts: Number(row.attempts),
  ...(row.challenge ? { challenge: JSON.parse(String(row.challenge)) } : {}),
});
