/** What a CA account's object remembers of its CA in its own SQLite: the circuit, what was taken of the limits, what the CA refused. */
import type { RateLimit } from "../storage/tables/authorities";
import { type Circuit, closedCircuit } from "./circuit";
import type { Buckets } from "./rate-budget";

const SCHEMA = [
  "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
  "CREATE TABLE IF NOT EXISTS buckets (key TEXT PRIMARY KEY, full_at INTEGER NOT NULL)",
  "CREATE INDEX IF NOT EXISTS buckets_by_time ON buckets (full_at)",
  "CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, charges TEXT NOT NULL, at INTEGER NOT NULL)",
  "CREATE TABLE IF NOT EXISTS failed_authorizations (url TEXT PRIMARY KEY, at INTEGER NOT NULL)",
  `CREATE TABLE IF NOT EXISTS refusals (
    names TEXT PRIMARY KEY, domains TEXT NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL)`,
];

/** An order that has its place in the limits, from an instant on. */
export interface ChargedOrder {
  charges: { key: string; rate: RateLimit }[];
  at: number;
}

/** That the CA said an order was beyond its limits. */
export interface Refusal {
  /** A digest; empty for whatever names. */
  names: string;
  /** The registered domains of the names. */
  domains: string[];
  detail: string;
  at: number;
  until: number;
}

/** That an order went elsewhere, and that its owner was told so. */
export interface Announcement {
  orderId: string;
  at: number;
}

const DAY = 86_400_000;
/** An order that was begun is settled long before. */
const KEPT_ORDERS = 30 * DAY;

type Row = Record<string, SqlStorageValue>;

export class AccountLedger implements Buckets {
  constructor(private readonly sql: SqlStorage) {
    for (const statement of SCHEMA) sql.exec(statement);
  }

  circuit(): Circuit {
    return this.note<Circuit>("circuit") ?? closedCircuit;
  }

  keepCircuit(circuit: Circuit): void {
    this.keepNote("circuit", circuit);
  }

  announcement(): Announcement | undefined {
    return this.note<Announcement>("announcement");
  }

  keepAnnouncement(announcement: Announcement | undefined): void {
    this.keepNote("announcement", announcement);
  }

  fullAt(key: string): number {
    const [row] = this.rows("SELECT full_at FROM buckets WHERE key = ?", key);
    return Number(row?.full_at ?? 0);
  }

  fill(key: string, at: number): void {
    this.sql.exec("INSERT OR REPLACE INTO buckets (key, full_at) VALUES (?, ?)", key, Math.round(at));
  }

  order(id: string): ChargedOrder | undefined {
    const [row] = this.rows("SELECT charges, at FROM orders WHERE id = ?", id);
    return row && { charges: JSON.parse(String(row.charges)), at: Number(row.at) };
  }

  keepOrder(id: string, { charges, at }: ChargedOrder): void {
    const kept = JSON.stringify(charges.map(({ key, rate }) => ({ key, rate })));
    this.sql.exec("INSERT OR REPLACE INTO orders (id, charges, at) VALUES (?, ?, ?)", id, kept, Math.round(at));
  }

  forgetOrder(id: string): void {
    this.sql.exec("DELETE FROM orders WHERE id = ?", id);
  }

  /** False for one that was noted already. */
  noteFailedAuthorization(url: string, now: number): boolean {
    const before = this.rows("SELECT 1 FROM failed_authorizations WHERE url = ?", url);
    this.sql.exec("INSERT OR IGNORE INTO failed_authorizations (url, at) VALUES (?, ?)", url, now);
    return before.length === 0;
  }

  /** Those that hold. */
  refusals(now: number): Refusal[] {
    return this.rows("SELECT * FROM refusals WHERE until > ? ORDER BY at DESC LIMIT 50", now).map((row) => ({
      names: String(row.names),
      domains: JSON.parse(String(row.domains)),
      detail: String(row.detail),
      at: Number(row.at),
      until: Number(row.until),
    }));
  }

  keepRefusal({ names, domains, detail, at, until }: Refusal): void {
    this.sql.exec(
      "INSERT OR REPLACE INTO refusals (names, domains, detail, at, until) VALUES (?, ?, ?, ?, ?)",
      ...[names, JSON.stringify(domains), detail, at, until],
    );
  }

  /** What is past and counts no more. */
  tidy(now: number): void {
    this.sql.exec("DELETE FROM buckets WHERE full_at <= ?", now);
    this.sql.exec("DELETE FROM refusals WHERE until <= ?", now);
    this.sql.exec("DELETE FROM orders WHERE at <= ?", now - KEPT_ORDERS);
    this.sql.exec("DELETE FROM failed_authorizations WHERE at <= ?", now - DAY);
  }

  clear(): void {
    for (const table of ["notes", "buckets", "orders", "failed_authorizations", "refusals"]) {
      this.sql.exec(`DELETE FROM ${table}`);
    }
  }

  private note<Value>(name: string): Value | undefined {
    const [row] = this.rows("SELECT value FROM notes WHERE name = ?", name);
    return row && JSON.parse(String(row.value));
  }

  private keepNote(name: string, value: unknown): void {
    if (value === undefined) this.sql.exec("DELETE FROM notes WHERE name = ?", name);
    else this.sql.exec("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", name, JSON.stringify(value));
  }

  private rows(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.sql.exec<Row>(query, ...bindings).toArray();
  }
}
