/** What administrators see and change of the accounts of the installation: never their secrets. */
import { and, asc, eq, getTableColumns, gt, gte, or, type SQL, sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, apiKeys, caAccounts, certificates, dnsAccounts, domains, orders, sessions } from "../storage/schema";
import type { Plan } from "./identity";

type Role = "admin" | "member";

export interface AccountChange {
  plan?: Plan | undefined;
  role?: Role | undefined;
  suspended?: boolean | undefined;
}

const DAY = 86_400_000;

/** How many of something the account of the row has; the table stands in an index by its owner. */
const ownedBy = (table: SQLiteTable, also = sql``) =>
  sql<number>`(SELECT count(*) FROM ${table} WHERE owner_id = "accounts"."id" ${also})`;

const counts = {
  certificates: ownedBy(certificates),
  domains: ownedBy(domains),
  apiKeys: ownedBy(apiKeys, sql`AND is_active = 1`),
  dnsAccounts: ownedBy(dnsAccounts),
  caAccounts: ownedBy(caAccounts),
};

const { passwordHash, sealedTotpSecret, totpLastStep, ...shown } = getTableColumns(accounts);
const columns = { ...shown, ...counts };

/** Every name with its count, those that nothing has with 0. */
const filled = <Name extends string>(rows: { name: string; count: number }[], names: Name[]) =>
  Object.fromEntries(names.map((name) => [name, rows.find((row) => row.name === name)?.count ?? 0])) as Record<
    Name,
    number
  >;

export type AdministeredAccount = Awaited<ReturnType<Administration["find"]>>;
export type Administration = ReturnType<typeof createAdministration>;

export function createAdministration({ database, now }: { database: Database; now: () => number }) {
  /** Throws 404. */
  async function find(id: number) {
    const [row] = await database.select(columns).from(accounts).where(eq(accounts.id, id));
    if (!row) throw new Problem(404, "Account not found");
    return row;
  }

  const tally = (table: typeof certificates | typeof accounts | typeof orders, column: SQL, where?: SQL) =>
    database
      .select({ name: sql<string>`${column}`.as("name"), count: sql<number>`count(*)`.as("count") })
      .from(table)
      .where(where)
      .groupBy(column);

  return {
    find,

    /** In the order of their ids, from behind `after` on. */
    list: (search: string | undefined, after: number, limit: number) => {
      const part = search?.toLowerCase();
      // Not LIKE: D1 takes patterns of 50 bytes at most.
      const matches = (column: typeof accounts.username | typeof accounts.email) => sql`instr(${column}, ${part}) > 0`;
      return database
        .select(columns)
        .from(accounts)
        .where(and(gt(accounts.id, after), part ? or(matches(accounts.username), matches(accounts.email)) : undefined))
        .orderBy(asc(accounts.id))
        .limit(limit);
    },

    /** Gives the account before and after. Throws 404; 409 where nobody would be left to run the installation. */
    async change(id: number, { plan, role, suspended }: AccountChange) {
      const staysAdmin = role !== "member" && !suspended;
      const before = await find(id);
      if (before.closingAt !== null) throw new Problem(409, "The account is being closed.");
      // One statement decides, so that of the last two administrators one stays.
      const [changed] = await database.batch([
        database
          .update(accounts)
          .set({
            ...(plan ? { plan } : {}),
            ...(role ? { role } : {}),
            ...(suspended === undefined
              ? {}
              : { suspendedAt: suspended ? sql`coalesce(suspended_at, ${now()})` : null }),
          })
          .where(
            sql`id = ${id} AND closing_at IS NULL AND (role <> 'admin' OR suspended_at IS NOT NULL OR ${staysAdmin ? 1 : 0}
              OR EXISTS (SELECT 1 FROM accounts AS other
                         WHERE other.id <> ${id} AND other.role = 'admin' AND other.suspended_at IS NULL))`,
          )
          .returning({ id: accounts.id }),
        database
          .delete(sessions)
          .where(sql`account_id IN (SELECT id FROM accounts WHERE id = ${id} AND suspended_at IS NOT NULL)`),
      ]);
      if (changed.length === 0) {
        throw new Problem(409, "This is the last administrator. Make another account an administrator first.");
      }
      return { before, after: await find(id) };
    },

    async totals() {
      const since = now() - DAY;
      const count = (table: SQLiteTable, where?: SQL) =>
        database
          .select({ count: sql<number>`count(*)`.as("count") })
          .from(table)
          .where(where);
      const [byPlan, byStatus, byState, [suspended], [hosts], [keys]] = await database.batch([
        tally(accounts, sql`plan`),
        tally(certificates, sql`status`),
        tally(
          orders,
          sql`CASE WHEN state IN ('valid', 'failed') THEN state ELSE 'under_way' END`,
          gte(orders.createdAt, since),
        ),
        count(accounts, sql`suspended_at IS NOT NULL`),
        count(domains),
        count(apiKeys, sql`is_active = 1`),
      ]);
      return {
        accounts: filled(byPlan, ["free", "plus", "pro", "elite"]),
        suspended: suspended?.count ?? 0,
        certificates: filled(byStatus, ["pending", "valid", "failed", "revoked"]),
        ordersOfTheLastDay: filled(byState, ["valid", "failed", "under_way"]),
        domains: hosts?.count ?? 0,
        apiKeys: keys?.count ?? 0,
      };
    },
  };
}
