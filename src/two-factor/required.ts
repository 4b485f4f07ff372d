/** Whether an account needs a second factor: it does once it has one. */
import { type SQL, sql } from "drizzle-orm";

/** For any query that reads `accounts`: 1 or 0. */
export const hasSecondFactor = (): SQL<boolean> =>
  sql<boolean>`(accounts.totp_confirmed_at IS NOT NULL
    OR EXISTS (SELECT 1 FROM passkeys WHERE passkeys.account_id = accounts.id))`.mapWith(Boolean);
