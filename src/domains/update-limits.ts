/** How often addresses may be changed. What changes nothing costs nothing. */

import type { Plan } from "../accounts/identity";
import { plans } from "../accounts/plans";
import { Problem } from "../problems";
import type { ChangeLimits } from "./changes";

const HOUR = 3_600_000;

export const limitsOf = (plan: Plan): ChangeLimits => ({
  account: plans[plan].updatesPerHour,
  host: plans[plan].hostUpdatesPerHour,
});

/** What a caller of the API is told, and a person who reads why a router was answered "abuse". */
export function tooManyChanges(plan: Plan, isWithinAccount: boolean, now: number): Problem {
  const { title, updatesPerHour, hostUpdatesPerHour } = plans[plan];
  const limit = isWithinAccount ? hostUpdatesPerHour : updatesPerHour;
  const what = isWithinAccount ? "changes of a host's address" : "changes of addresses";
  const seconds = Math.ceil((HOUR - (now % HOUR)) / 1000);
  return new Problem(
    429,
    `The ${title} plan allows ${limit} ${what} an hour. Try again in ${Math.ceil(seconds / 60)} min; ` +
      "an administrator raises it with PATCH /api/admin/accounts/{id}.",
    { extra: { limit }, headers: { "retry-after": String(seconds) } },
  );
}
