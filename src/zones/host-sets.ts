/** The record sets of hosts as their DnsZone object keeps them: what should be there, and what is not known to be there yet. */
import type { RecordSet } from "../dns/provider";

/** A set of a domain, as of one version of it: of two versions the higher one counts, whichever comes first. */
export interface HostSet extends RecordSet {
  domainId: string;
  version: number;
}

export interface PendingSet extends HostSet {
  attempts: number;
}

/** What is to be noted of a domain's sets of one type: the newest version, and what was said against it. */
export interface SyncReport {
  domainId: string;
  type: RecordSet["type"];
  version: number;
  at: number;
  /** Null: the zone has it. */
  problem: string | null;
}

const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS host_sets (
    name TEXT NOT NULL, type TEXT NOT NULL, record_values TEXT NOT NULL, ttl INTEGER NOT NULL,
    domain_id TEXT NOT NULL, version INTEGER NOT NULL, agreed INTEGER NOT NULL DEFAULT 0, agreed_at INTEGER,
    problem TEXT, reported INTEGER NOT NULL DEFAULT 1, attempts INTEGER NOT NULL DEFAULT 0, due_at INTEGER NOT NULL,
    PRIMARY KEY (name, type))`,
  "CREATE INDEX IF NOT EXISTS host_sets_due ON host_sets (due_at) WHERE agreed = 0",
  "CREATE INDEX IF NOT EXISTS host_sets_unreported ON host_sets (domain_id, type) WHERE reported = 0",
  "CREATE INDEX IF NOT EXISTS host_sets_by_domain ON host_sets (domain_id, type)",
];

/** Of a set that is gone, the version is remembered for so long: an update that was under way may still come. */
const REMEMBERED = 86_400_000;

type Row = Record<string, SqlStorageValue>;
type Key = Pick<RecordSet, "name" | "type">;

export class HostSets {
  constructor(private readonly sql: SqlStorage) {
    for (const statement of SCHEMA) sql.exec(statement);
    this.takeOver();
  }

  /** Objects that are older than this table have theirs under another name, without versions of domains. */
  private takeOver(): void {
    const [old] = this.sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'sets'").toArray();
    if (!old) return;
    this.sql.exec(
      `INSERT OR IGNORE INTO host_sets (name, type, record_values, ttl, domain_id, version, agreed, attempts, due_at)
       SELECT name, type, record_values, ttl, '', version, agreed, attempts, due_at FROM sets`,
    );
    this.sql.exec("DROP TABLE sets");
  }

  /** Makes it what should be there, unless a newer version is. Says whether it is still to be written. */
  want({ name, type, values, ttl, domainId, version }: HostSet, dueAt: number): boolean {
    this.sql.exec(
      `INSERT INTO host_sets (name, type, record_values, ttl, domain_id, version, due_at) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET record_values = excluded.record_values, ttl = excluded.ttl,
         domain_id = excluded.domain_id, version = excluded.version, agreed = 0, attempts = 0, problem = NULL,
         reported = 1, due_at = excluded.due_at
       WHERE excluded.version > version`,
      name,
      type,
      JSON.stringify(values),
      ttl,
      domainId,
      version,
      dueAt,
    );
    return this.pending({ name, type }) !== undefined;
  }

  /** The set as it should be, or nothing when the provider agrees already. */
  pending({ name, type }: Key): PendingSet | undefined {
    const [row] = this.sql
      .exec<Row>("SELECT * FROM host_sets WHERE name = ? AND type = ? AND agreed = 0", name, type)
      .toArray();
    return row ? toSet(row) : undefined;
  }

  due(now: number): PendingSet[] {
    return this.sql.exec<Row>("SELECT * FROM host_sets WHERE agreed = 0 AND due_at <= ?", now).toArray().map(toSet);
  }

  /** The provider has this version; a newer one stays pending. */
  agree({ name, type, version }: PendingSet, now: number): void {
    this.sql.exec(
      `UPDATE host_sets SET agreed = 1, agreed_at = ?, problem = NULL, attempts = 0, reported = iif(domain_id = '', 1, 0)
       WHERE name = ? AND type = ? AND version = ?`,
      now,
      name,
      type,
      version,
    );
  }

  /** The provider did not take it now. What it says is reported when it is another thing than before. */
  postpone({ name, type, version }: PendingSet, until: number, problem: string): void {
    this.sql.exec(
      `UPDATE host_sets SET attempts = attempts + 1, due_at = ?, problem = ?,
         reported = iif(domain_id = '' OR problem IS ?, reported, 0)
       WHERE name = ? AND type = ? AND version = ?`,
      until,
      problem,
      problem,
      name,
      type,
      version,
    );
  }

  /**
   * What is to be noted, at most so many at once. A domain has two sets of a type where the names below it have its
   * addresses, too: the zone has them when it has both.
   */
  reports(limit: number, now: number): SyncReport[] {
    const open = `SELECT DISTINCT domain_id, type FROM host_sets WHERE reported = 0 LIMIT ?`;
    return this.sql
      .exec<Row>(
        `SELECT domain_id, type, max(version) AS version, max(agreed_at) AS agreed_at, min(agreed) AS agreed,
           max(problem) AS problem
         FROM host_sets WHERE (domain_id, type) IN (${open}) GROUP BY domain_id, type
         HAVING min(agreed) = 1 OR max(problem) IS NOT NULL`,
        limit,
      )
      .toArray()
      .map((row) => ({
        domainId: String(row.domain_id),
        type: row.type as RecordSet["type"],
        version: Number(row.version),
        at: row.agreed === 1 ? Number(row.agreed_at) : now,
        problem: row.agreed === 1 ? null : String(row.problem),
      }));
  }

  reported({ domainId, type, version }: SyncReport): void {
    this.sql.exec(
      "UPDATE host_sets SET reported = 1 WHERE domain_id = ? AND type = ? AND version <= ?",
      domainId,
      type,
      version,
    );
  }

  /** Nobody can write any more what should be there. */
  forgetAll(): void {
    this.sql.exec("DELETE FROM host_sets");
  }

  forgetGone(now: number): void {
    this.sql.exec(
      "DELETE FROM host_sets WHERE agreed = 1 AND reported = 1 AND record_values = '[]' AND agreed_at < ?",
      now - REMEMBERED,
    );
  }

  /** When something is due next, or nothing. */
  nextDue(): number | undefined {
    const [row] = this.sql
      .exec<{ due: number | null }>("SELECT min(due_at) AS due FROM host_sets WHERE agreed = 0")
      .toArray();
    return row?.due ?? undefined;
  }
}

const toSet = (row: Row): PendingSet => ({
  name: String(row.name),
  type: row.type as RecordSet["type"],
  values: JSON.parse(String(row.record_values)),
  ttl: Number(row.ttl),
  domainId: String(row.domain_id),
  version: Number(row.version),
  attempts: Number(row.attempts),
});
