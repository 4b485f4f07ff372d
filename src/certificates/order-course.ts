/** What becomes of an order when a step of it fails: it is tried again, waits, goes to another CA, or ends. */
import { causes, type OrderFailure } from "./order-failure";
import type { Order, OrderState } from "./order-state";

export type Course =
  | { kind: "again"; at: number }
  /** Nobody was at fault, or it is not the order's own to give up over. */
  | { kind: "wait"; until: number; salvageUntil?: number }
  | { kind: "leave" }
  | { kind: "fail" };

export interface CourseSettings {
  now: number;
  /** In [0, 1). */
  random: number;
  /** How long a CA that failed after finalize is asked for what it may have issued, before the order goes to another one. */
  salvage: number;
}

const RETRY_FIRST = 1_000;
const RETRY_LAST = 300_000;
/** How long after its beginning an order waits for a CA that nobody asks at present. */
export const PATIENCE = 6 * 3_600_000;
/** Those that wait for one instant come back spread over this share of the wait. */
const SPREAD = 0.1;
const MOST_SPREAD = 60_000;

/** What has to be done whatever fails. */
const windingUp = new Set<OrderState>(["storing", "leaving", "cleaning", "closing"]);

export function courseAfter(order: Order, failure: OrderFailure, { now, random, salvage }: CourseSettings): Course {
  const { progress, createdAt, state } = order;
  const { retries, isTheCas }: { retries: number; isTheCas?: true } = causes[failure.reason];
  const { retryAfter = 0, heldUntil, openUntil, isBrief, isFinal } = failure.timing;
  const failures = progress.stepFailures ?? 0;
  const backOff = Math.min(RETRY_FIRST * 2 ** failures, RETRY_LAST) * (0.75 + random / 2);
  const again: Course = { kind: "again", at: Math.max(retryAfter, openUntil ?? 0, now + backOff) };
  if (windingUp.has(state)) return again;

  const mayLeave = isTheCas === true && progress.mayLeave === true;
  if (mayLeave && progress.finalizeSent) {
    const salvageUntil = progress.salvageUntil ?? now + salvage;
    const next = heldUntil ?? Math.max(openUntil ?? 0, now + backOff);
    return next < salvageUntil ? { kind: "wait", until: next, salvageUntil } : { kind: "leave" };
  }
  if (heldUntil !== undefined) {
    if (mayLeave && !isBrief) return { kind: "leave" };
    const until = heldUntil + random * Math.min((heldUntil - now) * SPREAD, MOST_SPREAD);
    return heldUntil <= createdAt + PATIENCE ? { kind: "wait", until } : { kind: "fail" };
  }
  if (mayLeave && openUntil !== undefined) return { kind: "leave" };
  if (failures < retries && !isFinal) return again;
  return { kind: mayLeave ? "leave" : "fail" };
}
