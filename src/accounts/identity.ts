/** Who a request acts for. */
import type { accounts } from "../storage/schema";

type AccountRow = typeof accounts.$inferSelect;

export type Plan = AccountRow["plan"];

export type AccountIdentity = Pick<AccountRow, "id" | "username" | "email" | "role" | "plan">;
