/** What the cron finds due, each claimed for a while so that two ticks do not take the same. All by index: what is not due costs nothing. */
import { sql } from "drizzle-orm";
import type { Database } from "../storage/database";

/** A claim that nothing came of runs out, and the certificate is due again. */
const CLAIM = 3_600_000;
/** Of what is due, so many are looked at to deal out turns. */
const LOOK_AHEAD = 20_000;

/**
 * Certificates that are due for renewal: the first of each owner, then the second of each, the longest due first. So one with
 * a single certificate waits behind nobody's thousands.
 */
export async function claimRenewals(database: Database, now: number, limit: number): Promise<string[]> {
  const claimed = await database.all<{ id: string }>(sql`
    UPDATE certificates SET renew_at = ${now + CLAIM} WHERE rowid IN (
      SELECT number FROM (
        SELECT number, renew_at, row_number() OVER (PARTITION BY owner_id ORDER BY renew_at) AS turn FROM (
          SELECT rowid AS number, owner_id, renew_at FROM certificates
          WHERE renew_at IS NOT NULL AND renew_at <= ${now} ORDER BY renew_at LIMIT ${LOOK_AHEAD}))
      ORDER BY turn, renew_at LIMIT ${limit})
    RETURNING id`);
  return claimed.map(({ id }) => id);
}

/** Certificates whose owners are to be reminded of their end, or whose CA is to be asked for its renewal window. */
export async function claimDue(
  database: Database,
  what: "notice_at" | "window_check_at",
  now: number,
  limit: number,
): Promise<string[]> {
  const column = sql.identifier(what);
  const claimed = await database.all<{ id: string }>(sql`
    UPDATE certificates SET ${column} = ${now + CLAIM} WHERE rowid IN (
      SELECT rowid FROM certificates WHERE ${column} IS NOT NULL AND ${column} <= ${now} ORDER BY ${column} LIMIT ${limit})
    RETURNING id`);
  return claimed.map(({ id }) => id);
}

/** Certificates with an order that has been open for long: a part of them, another one each time, so that none hides behind the rest. */
export async function findLeftOpen(database: Database, before: number, limit: number, random: number) {
  const found = await database.all<{ id: string }>(sql`
    WITH oldest AS (SELECT min(created_at) AS at FROM orders WHERE finished_at IS NULL AND created_at < ${before}),
    many AS (SELECT count(*) > ${limit} AS so FROM (
      SELECT 1 FROM orders WHERE finished_at IS NULL AND created_at < ${before} LIMIT ${limit + 1}))
    SELECT certificate_id AS id FROM orders, oldest, many
    WHERE finished_at IS NULL AND created_at < ${before}
      AND created_at >= oldest.at + CASE WHEN many.so THEN (${before} - oldest.at) * ${random} ELSE 0 END
    ORDER BY created_at LIMIT ${limit}`);
  return found.map(({ id }) => id);
}
