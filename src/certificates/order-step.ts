/** What a step of an order is: what it is given, and what comes of it. */
import type { CaAccount } from "../ca-accounts/account-object";
import type { CaAccounts } from "../ca-accounts/service";
import type { Tell } from "../notifications/events";
import type { ChallengeZones } from "../zones/challenges";
import type { ZoneLocation } from "../zones/location";
import type { Zones } from "../zones/service";
import { OrderFailure } from "./order-failure";
import type { OrderKeys } from "./order-key";
import type { OrderRecords } from "./order-records";
import {
  type CaDecision,
  caAccountOf,
  type Order,
  type OrderInput,
  type OrderProgress,
  type OrderState,
  type ProgressChange,
  type TriedCa,
} from "./order-state";

export interface StepPorts {
  caAccounts: CaAccounts;
  zones: Zones;
  challengeZones: ChallengeZones;
  records: OrderRecords;
  tell: Tell;
  /** Chooses a CA account for an order, none of those that it was at already. */
  decideCa(input: OrderInput, tried: TriedCa[]): Promise<CaDecision>;
  keys: OrderKeys;
  now: () => number;
  /** Keeps progress before a side effect, so that a crash finds it. */
  note(progress: OrderProgress): void;
  /** Keeps where records stand that outlive the order. */
  noteStanding(location: ZoneLocation): void;
}

export type StepResult =
  | { next: OrderState; progress?: ProgressChange; detail?: Record<string, unknown> }
  | { waitUntil: number; detail?: Record<string, unknown> };

export type Step = (order: Order, ports: StepPorts) => Promise<StepResult>;

const POLL_FIRST = 15;
const POLL_LAST = 8_000;

/** The object of the CA account that the order is at. */
export const caOf = (
  order: Pick<Order, "input" | "progress">,
  { caAccounts }: StepPorts,
): DurableObjectStub<CaAccount> => {
  const id = caAccountOf(order);
  if (!id) throw new Error("the order has no CA account yet");
  return caAccounts.objectOf(id);
};

/** While the CA works on the order; until the deadline of the wait. */
export function poll(
  retryAfter: number | undefined,
  attempts: number,
  { deadline = 0 }: OrderProgress,
  { now }: StepPorts,
): StepResult {
  if (deadline > 0 && now() > deadline) {
    throw new OrderFailure("ca_unreachable", "The authority did not finish the order in time.");
  }
  return { waitUntil: retryAfter ?? now() + Math.min(POLL_FIRST * 2 ** attempts, POLL_LAST) };
}
