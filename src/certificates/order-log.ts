/** The orders of one certificate in its object's SQLite: every state is a row here before its step is taken. */
import type { ZoneLocation } from "../zones/location";
import {
  isWorking,
  type Order,
  type OrderInput,
  type OrderState,
  type OrderStep,
  type ProgressChange,
} from "./order-state";

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, input TEXT NOT NULL, state TEXT NOT NULL, progress TEXT NOT NULL, created_at INTEGER NOT NULL,
    finished_at INTEGER, attempts INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL DEFAULT 0)`,
  `CREATE TABLE IF NOT EXISTS steps (
    number INTEGER PRIMARY KEY AUTOINCREMENT, order_id TEXT NOT NULL, state TEXT NOT NULL, started_at INTEGER NOT NULL,
    finished_at INTEGER, detail TEXT NOT NULL)`,
  "CREATE INDEX IF NOT EXISTS steps_by_order ON steps (order_id, number)",
  "CREATE TABLE IF NOT EXISTS standing (location TEXT PRIMARY KEY)",
];

/** Orders kept for people to read; older ones are forgotten. */
const KEPT_ORDERS = 20;

type Row = Record<string, SqlStorageValue>;

export class OrderLog {
  private readonly sql: SqlStorage;

  constructor(private readonly storage: DurableObjectStorage) {
    this.sql = storage.sql;
    for (const statement of SCHEMA) this.sql.exec(statement);
  }

  create(input: OrderInput, state: OrderState, now: number): Order {
    this.storage.transactionSync(() => {
      this.sql.exec(
        "INSERT INTO orders (id, input, state, progress, created_at) VALUES (?, ?, ?, '{}', ?)",
        input.id,
        JSON.stringify(input),
        state,
        now,
      );
      this.begin(input.id, state, now);
      this.sql.exec(
        "DELETE FROM orders WHERE finished_at IS NOT NULL AND id NOT IN (SELECT id FROM orders ORDER BY created_at DESC LIMIT ?)",
        KEPT_ORDERS,
      );
      this.sql.exec("DELETE FROM steps WHERE order_id NOT IN (SELECT id FROM orders)");
    });
    return this.read(input.id) as Order;
  }

  /** The order that is under way; there is never more than one. */
  open(): Order | undefined {
    const [row] = this.sql.exec<Row>("SELECT * FROM orders WHERE finished_at IS NULL").toArray();
    return row && toOrder(row);
  }

  read(id: string): Order | undefined {
    const [row] = this.sql.exec<Row>("SELECT * FROM orders WHERE id = ?", id).toArray();
    return row && toOrder(row);
  }

  steps(id: string): OrderStep[] {
    return this.sql.exec<Row>("SELECT * FROM steps WHERE order_id = ? ORDER BY number", id).toArray().map(toStep);
  }

  /** Puts other wishes in the place of those of an order that has not begun, and lets it begin at once. */
  replaceInput(input: OrderInput): void {
    this.sql.exec(
      "UPDATE orders SET input = ?, attempts = 0, not_before = 0 WHERE id = ?",
      JSON.stringify(input),
      input.id,
    );
  }

  /** Keeps what a step is about to do or has found, without leaving its state. */
  note(id: string, progress: ProgressChange): void {
    this.sql.exec("UPDATE orders SET progress = json_patch(progress, ?) WHERE id = ?", JSON.stringify(progress), id);
  }

  /** Ends the present step and begins the next one, in one transaction. */
  advance(id: string, next: OrderState, progress: ProgressChange, detail: Record<string, unknown>, now: number): void {
    this.storage.transactionSync(() => {
      this.note(id, { stepFailures: null, ...progress });
      this.sql.exec(
        "UPDATE orders SET state = ?, attempts = 0, not_before = 0, finished_at = ? WHERE id = ?",
        next,
        isWorking(next) ? null : now,
        id,
      );
      this.sql.exec(
        "UPDATE steps SET finished_at = ?, detail = json_patch(detail, ?) WHERE order_id = ? AND finished_at IS NULL",
        now,
        JSON.stringify(detail),
        id,
      );
      this.begin(id, next, now);
    });
  }

  /** The present step has to wait, for the CA or after a passing failure. */
  postpone(id: string, until: number, attempts: number, detail: Record<string, unknown>): void {
    this.storage.transactionSync(() => {
      this.sql.exec("UPDATE orders SET attempts = ?, not_before = ? WHERE id = ?", attempts, until, id);
      this.sql.exec(
        "UPDATE steps SET detail = json_patch(detail, ?) WHERE order_id = ? AND finished_at IS NULL",
        JSON.stringify(detail),
        id,
      );
    });
  }

  /** Notes a zone that records of dns-persist-01 are written to: they outlive the order. */
  noteStanding(location: ZoneLocation): void {
    this.sql.exec("INSERT OR IGNORE INTO standing (location) VALUES (?)", JSON.stringify(location));
  }

  standing(): ZoneLocation[] {
    const rows = this.sql.exec<Row>("SELECT location FROM standing").toArray();
    return rows.map(({ location }) => JSON.parse(String(location)));
  }

  forgetStanding(): void {
    this.sql.exec("DELETE FROM standing");
  }

  private begin(id: string, state: OrderState, now: number): void {
    this.sql.exec(
      "INSERT INTO steps (order_id, state, started_at, finished_at, detail) VALUES (?, ?, ?, ?, '{}')",
      id,
      state,
      now,
      isWorking(state) ? null : now,
    );
  }
}

const toOrder = (row: Row): Order => ({
  input: JSON.parse(String(row.input)),
  state: row.state as OrderState,
  progress: JSON.parse(String(row.progress)),
  createdAt: Number(row.created_at),
  finishedAt: row.finished_at === null ? null : Number(row.finished_at),
  attempts: Number(row.attempts),
  notBefore: Number(row.not_before),
});

const toStep = (row: Row): OrderStep => ({
  state: row.state as OrderState,
  startedAt: Number(row.started_at),
  finishedAt: row.finished_at === null ? null : Number(row.finished_at),
  detail: JSON.parse(String(row.detail)),
});
