/** The UpdateLog object: one for each domain. It keeps the last attempts to update it, those that were refused apart. */
import { DurableObject } from "cloudflare:workers";
import type { Attempt } from "./update-log";

/** Of each kind: who is refused a thousand times does not push out what the router itself did. */
const KEPT = 50;

const SCHEMA = `CREATE TABLE IF NOT EXISTS attempts (
  refused INTEGER NOT NULL, slot INTEGER NOT NULL, sequence INTEGER NOT NULL, attempt TEXT NOT NULL,
  PRIMARY KEY (refused, slot)) WITHOUT ROWID`;

export class UpdateLog extends DurableObject<Env> {
  private readonly sql = this.ctx.storage.sql;

  constructor(context: DurableObjectState, environment: Env) {
    super(context, environment);
    this.sql.exec(SCHEMA);
  }

  /** One row is written: the newest takes the place of the oldest. */
  note(attempt: Attempt): void {
    const refused = Number(attempt.refused);
    const { last } = this.sql
      .exec<{ last: number | null }>("SELECT max(sequence) AS last FROM attempts WHERE refused = ?", refused)
      .one();
    const sequence = (last ?? 0) + 1;
    this.sql.exec(
      "INSERT OR REPLACE INTO attempts (refused, slot, sequence, attempt) VALUES (?, ?, ?, ?)",
      refused,
      sequence % KEPT,
      sequence,
      JSON.stringify(attempt),
    );
  }

  /** The newest first. */
  list(): Attempt[] {
    const rows = this.sql.exec<{ attempt: string }>("SELECT attempt FROM attempts").toArray();
    return rows.map(({ attempt }): Attempt => JSON.parse(attempt)).sort((one, other) => other.at - one.at);
  }

  async forget(): Promise<void> {
    await this.ctx.storage.deleteAll();
    this.sql.exec(SCHEMA);
  }
}
