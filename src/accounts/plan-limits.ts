/** The counts of a plan, held by the database: of requests at once for the last place, one gets it. */
import { sql } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Database } from "../storage/database";
import {
  caAccounts,
  certificates,
  dnsAccounts,
  domains,
  instances,
  notificationChannels,
  storedCredentials,
} from "../storage/schema";
import type { AccountIdentity } from "./identity";
import { type Counted, planLimitReached, plans } from "./plans";

export type PlanHolder = Pick<AccountIdentity, "id" | "plan">;

/** The tables whose rows a plan counts, and how many of an account's rows it does not: the built-in CA and mail are everybody's. */
const counted = {
  certificates: { table: certificates, free: 0 },
  domains: { table: domains, free: 0 },
  dnsAccounts: { table: dnsAccounts, free: 0 },
  storedCredentials: { table: storedCredentials, free: 0 },
  caAccounts: { table: caAccounts, free: 1 },
  notificationChannels: { table: notificationChannels, free: 1 },
  instances: { table: instances, free: 0 },
} satisfies Record<Counted, { table: SQLiteTable; free: number }>;

/** Goes behind the insert of a row, in the same batch: takes the row back when there is one beyond the plan's limit. */
export function takeBackBeyondPlan(database: Database, what: Counted, id: string, owner: PlanHolder) {
  const { table, free } = counted[what];
  const limit = plans[owner.plan][what] + free;
  const beyond = sql`EXISTS (SELECT 1 FROM ${table} WHERE owner_id = ${owner.id} LIMIT 1 OFFSET ${limit})`;
  return database.delete(table).where(sql`${table.id} = ${id} AND ${beyond}`).returning({ id: table.id });
}

/** Throws 403 for what was taken back. */
export function requireKept(takenBack: { id: string }[], what: Counted, owner: PlanHolder): void {
  if (takenBack.length > 0) throw planLimitReached(owner, what);
}
