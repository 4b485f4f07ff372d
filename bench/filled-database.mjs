/** A local D1 with as many certificates as are wanted, of which some are due; it counts what is asked of it. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { getPlatformProxy } from "wrangler";
import { root } from "../scripts/set-up.mjs";
import { openDatabase } from "../src/storage/database.ts";

const DAY = 86_400_000;
const CHUNK = 50_000;

/** The certificates live for 90 days; of those that are not due, some are due each minute of the next 60 days. */
export async function filledDatabase(folder, { now, total, due, owners }) {
  mkdirSync(folder, { recursive: true });
  const configPath = path.join(folder, "wrangler.toml");
  const binding = 'binding = "DB"\ndatabase_name = "bench"\ndatabase_id = "bench"';
  writeFileSync(configPath, `name = "bench"\ncompatibility_date = "2026-10-20"\n[[d1_databases]]\n${binding}\n`);
  const { env, dispose } = await getPlatformProxy({ configPath, persist: { path: path.join(folder, "state") } });
  await migrate(env.DB);
  await fill(env.DB, { now, total, due, owners });
  const count = { queries: 0, rowsRead: 0, rowsWritten: 0 };
  return {
    database: openDatabase(counting(env.DB, count)),
    /** For what is no part of what is measured. */
    uncounted: env.DB,
    count,
    stop: dispose,
  };
}

async function migrate(d1) {
  const folder = path.join(root, "migrations");
  for (const file of readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort()) {
    const statements = readFileSync(path.join(folder, file), "utf8").split("--> statement-breakpoint");
    await d1.batch(statements.map((statement) => d1.prepare(statement)));
  }
}

/** By D1's own interface. */
export async function fill(d1, { now, total, due, owners }) {
  const series = "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)";
  await d1
    .prepare(
      `${series} INSERT INTO accounts (id, username, email, password_hash, role, plan, created_at)
       SELECT i + 1, 'owner' || i, 'owner' || i || '@example.com', '', 'member', 'elite', 0 FROM n`,
    )
    .bind(0, owners)
    .run();
  for (let from = 0; from < total; from += CHUNK) {
    const to = Math.min(from + CHUNK, total);
    const issued = now - 30 * DAY;
    await d1.batch([
      d1
        .prepare(
          `${series} INSERT INTO certificates (id, owner_id, domain, names, key_type, must_staple, status, current_version_id,
             not_after, renew_at, window_check_at, notice_at, failures, created_at, updated_at)
           SELECT printf('%08d-0000-4000-8000-000000000000', i), i % ?3 + 1, 'host' || i || '.domain' || (i % ?3) || '.example',
             json_array('host' || i || '.domain' || (i % ?3) || '.example'), 'p256', 0, 'valid', printf('version-%08d', i),
             ?4 + 90 * 86400000, iif(i < ?5, ?6 - i % 60000, ?6 + 60000 + (i * 7919) % (60 * 86400000)),
             iif(i < ?5, NULL, ?6 + 60000 + (i * 104729) % (6 * 3600000)), ?4 + 76 * 86400000, 0, ?4, ?4 FROM n`,
        )
        .bind(from, to, owners, issued, due, now),
      d1
        .prepare(
          `${series} INSERT INTO certificate_versions (id, certificate_id, owner_id, order_id, ca_account_id, serial, fingerprint,
             issuer, names, not_before, not_after, renewal_identifier, chain_pem, sealed_private_key, created_at)
           SELECT printf('version-%08d', i), printf('%08d-0000-4000-8000-000000000000', i), i % ?3 + 1, 'order-' || i,
             'ca-' || (i % ?3), printf('%032x', i), '', 'CN=Bench', '[]', ?4, ?4 + 90 * 86400000, printf('key.%08d', i), '', '', ?4
           FROM n`,
        )
        .bind(from, to, owners, issued),
    ]);
  }
}

/** Drizzle asks by `raw` where it reads; D1 tells of rows only by `all`, which is asked instead. */
function counting(d1, count) {
  const noted = ({ results, meta }) => {
    count.queries += 1;
    count.rowsRead += meta.rows_read;
    count.rowsWritten += meta.rows_written;
    return results;
  };
  const wrap = (statement, query) => ({
    bind: (...values) => wrap(statement.bind(...values), query),
    all: async () => ({ results: noted(await statement.all()) }),
    run: async () => ({ results: noted(await statement.run()) }),
    async raw() {
      // Columns of one name are one in objects: what reads is asked twice, once for its rows and once for their number.
      if (!/^\s*select/i.test(query)) return noted(await statement.all()).map((row) => Object.values(row));
      noted(await statement.all());
      return statement.raw();
    },
  });
  return { prepare: (query) => wrap(d1.prepare(query), query) };
}
