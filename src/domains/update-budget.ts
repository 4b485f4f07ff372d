/** How many addresses an account may change in an hour. What changes nothing costs nothing. */
import { sql } from "drizzle-orm";
import type { PlanHolder } from "../accounts/plan-limits";
import { plans } from "../accounts/plans";
import { Problem } from "../problems";
import type { Database } from "../storage/database";

const HOUR = 3_600_000;

export type UpdateBudget = ReturnType<typeof createUpdateBudget>;

export function createUpdateBudget({ database, now }: { database: Database; now: () => number }) {
  return {
    /** Counts a change; one statement, so that of changes at once no more are made than the plan allows. Throws 429. */
    async spend({ id, plan }: PlanHolder): Promise<void> {
      const { title, updatesPerHour: limit } = plans[plan];
      const hour = Math.floor(now() / HOUR);
      const counted = await database.all(sql`
        INSERT INTO update_counts (owner_id, hour, updates) VALUES (${id}, ${hour}, 1)
        ON CONFLICT (owner_id) DO UPDATE SET updates = iif(hour = excluded.hour, updates + 1, 1), hour = excluded.hour
        WHERE hour <> excluded.hour OR updates < ${limit}
        RETURNING updates`);
      if (counted.length > 0) return;
      const seconds = Math.ceil(((hour + 1) * HOUR - now()) / 1000);
      throw new Problem(
        429,
        `The ${title} plan allows ${limit} changes of addresses an hour. Try again in ${Math.ceil(seconds / 60)} min; ` +
          "an administrator raises it with PATCH /api/admin/accounts/{id}.",
        { extra: { limit }, headers: { "retry-after": String(seconds) } },
      );
    },
  };
}
