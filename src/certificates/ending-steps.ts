/** The steps that end an order, well or not: by either way nothing of it stays at the CA or in the DNS. */
import { handwork } from "./by-hand";
import { byZone } from "./challenge-places";
import { type OrderInput, type OrderProgress, typeOf, type WorkingState } from "./order-state";
import { account, type Step, type StepPorts } from "./order-step";

export const endingSteps = {
  async storing({ input, progress }, ports) {
    const [renewAt] = await Promise.all([
      ports.records.closeValid(input, progress),
      releaseAll(input, progress, ports),
    ]);
    const detail = { renew_at: renewAt, ...handwork("remove", progress.challenges) };
    return { next: "valid", progress: { stored: true }, detail };
  },

  /** Only an order that failed comes here: one that succeeded has cleaned up while its version was stored. */
  async cleaning({ input, progress }, ports) {
    await releaseAll(input, progress, ports);
    if (progress.authorizationUrls && !progress.finalizeSent) {
      // Pending authorizations of an order that is given up count against the CA's limits; failing to say so is no loss.
      await account(input.caAccountId, ports).giveUp(progress.authorizationUrls);
    }
    return { next: "closing", detail: handwork("remove", progress.challenges) };
  },

  async closing({ input, progress }, ports) {
    if (!progress.problem) throw new Error("an order without a problem has nothing to be wound up for");
    await ports.records.closeFailed(input, progress, progress.problem);
    return { next: "failed" };
  },
} satisfies Partial<Record<WorkingState, Step>>;

/** A provider that fails now is told again by the zone's object. */
async function releaseAll(input: OrderInput, { challenges = [] }: OrderProgress, { zones }: StepPorts) {
  const { id } = input;
  if (typeOf(input) === "dns-persist-01") return; // its records stay, for the orders to come
  await Promise.all(byZone(challenges).map(({ location }) => zones.release(location, id)));
}
