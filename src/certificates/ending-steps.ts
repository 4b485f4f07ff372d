/** The steps that end an order, well or not: by either way nothing of it stays at the CA or in the DNS. */
import { handwork } from "./by-hand";
import { byZone } from "./challenge-places";
import {
  type Order,
  type OrderInput,
  type OrderProgress,
  type ProgressChange,
  type TriedCa,
  typeOf,
  type WorkingState,
} from "./order-state";
import { caOf, type Step, type StepPorts } from "./order-step";

export const endingSteps = {
  async storing({ input, progress }, ports) {
    const [renewAt] = await Promise.all([
      ports.records.closeValid(input, progress),
      releaseAll(input, progress, ports),
    ]);
    const detail = { renew_at: renewAt, ...handwork("remove", progress.challenges) };
    return { next: "valid", progress: { stored: true }, detail };
  },

  /** Cleans up at a CA that failed, and forgets all that came from it: the order begins again at another one. */
  async leaving({ input, progress }, ports) {
    const { leavingFor: problem, caAccountId, caAccountName: name = "", tried = [] } = progress;
    if (!problem || !caAccountId) throw new Error("an order leaves a CA for a reason");
    await Promise.all([releaseAll(input, progress, ports), giveUp({ input, progress }, ports)]);
    const left: TriedCa[] = [...tried, { caAccountId, name, problem }];
    return { next: "choosing", progress: { ...nothingOfTheCa, tried: left } };
  },

  /** Only an order that failed comes here: one that succeeded has cleaned up while its version was stored. */
  async cleaning({ input, progress }, ports) {
    await releaseAll(input, progress, ports);
    await giveUp({ input, progress }, ports);
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

/** Pending authorizations of an order that is given up count against the CA's limits; failing to say so is no loss. */
async function giveUp({ input, progress }: Pick<Order, "input" | "progress">, ports: StepPorts): Promise<void> {
  const { accountUrl, finalizeSent = false, authorizationUrls = [] } = progress;
  if (!accountUrl) return; // nothing was asked for yet
  await caOf({ input, progress }, ports).giveUp(input.id, finalizeSent ? [] : authorizationUrls, finalizeSent);
}

/** A key that a CA may have signed for is not used at another one. */
const nothingOfTheCa: ProgressChange = {
  caAccountId: null,
  caAccountName: null,
  mayLeave: null,
  leavingFor: null,
  salvageUntil: null,
  newOrderSent: null,
  accountUrl: null,
  orderUrl: null,
  finalizeUrl: null,
  authorizationUrls: null,
  challenges: null,
  deadline: null,
  responded: null,
  versionId: null,
  sealedPrivateKey: null,
  certificateRequest: null,
  finalizeSent: null,
  certificateUrl: null,
  chainPem: null,
  leaf: null,
};
