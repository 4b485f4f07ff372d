/** The steps from the choice of a CA account to an order there. */
import type { AcmeOrder } from "../acme/client";
import { valueIn } from "../ca-accounts/failure";
import { parseIdentifier } from "../pki/identifiers";
import { tellFailover } from "./failover-notice";
import { PATIENCE } from "./order-course";
import { OrderFailure } from "./order-failure";
import { caAccountOf, type Order, type OrderProgress, type TriedCa, type WorkingState } from "./order-state";
import { caOf, type Step, type StepPorts } from "./order-step";

export const choosingSteps = {
  async choosing({ input, progress, attempts, createdAt }, ports) {
    const { tried = [] } = progress;
    const isFirst = attempts === 0 && tried.length === 0;
    const decision = (isFirst && input.decided) || (await ports.decideCa(input, tried));
    const { chosen, until = 0, others, detail } = decision;
    const isHeld = until > ports.now();
    // From here on it may be a while until it is entered.
    if (!chosen || isHeld) await ports.records.open(input, progress, createdAt);
    if (!chosen) throw nothingLeft(tried, detail);
    if (isHeld) {
      const words = `${chosen.name} is left alone for a while, and there is no other CA account to go to. ${chosen.heldFor}`;
      throw new OrderFailure("ca_unreachable", words, detail, { heldUntil: until });
    }
    const [last] = tried.slice(-1);
    if (last) await tellFailover(input, last, chosen, ports);
    return {
      next: "registering",
      progress: { caAccountId: chosen.caAccountId, caAccountName: chosen.name, mayLeave: others > 0 },
      detail,
    };
  },

  async registering({ input, progress }, ports) {
    const { accountUrl } = valueIn(await caOf({ input, progress }, ports).register());
    return { next: "ordering", progress: { accountUrl }, detail: { account_url: accountUrl } };
  },

  async ordering({ input, progress, createdAt }, ports) {
    const opened = ports.records.open(input, progress, createdAt);
    opened.catch(() => undefined); // told once the CA has answered
    const ca = caOf({ input, progress }, ports);
    const identifiers = input.names.map(parseIdentifier);
    const left = progress.newOrderSent ? valueIn(await ca.findOrder(identifiers)) : undefined;
    const order = left ?? (await newOrder({ input, progress, createdAt }, ports));
    await opened;
    const found: OrderProgress = {
      orderUrl: order.url,
      finalizeUrl: order.finalize,
      authorizationUrls: order.authorizations,
      versionId: crypto.randomUUID(),
    };
    const next = order.status === "ready" ? "finalizing" : "authorizing";
    return { next, progress: found, detail: { order_url: order.url, found_again: left !== undefined } };
  },
} satisfies Partial<Record<WorkingState, Step>>;

type Begun = Pick<Order, "input" | "progress" | "createdAt">;

async function newOrder({ input, progress, createdAt }: Begun, ports: StepPorts): Promise<AcmeOrder> {
  const { id: orderId, profile, replaces } = input;
  ports.note({ newOrderSent: true });
  const outcome = await caOf({ input, progress }, ports).newOrder({
    orderId,
    identifiers: input.names.map(parseIdentifier),
    // RFC 9773 §5: it is the CA that issued a certificate that knows it.
    ...(replaces && replaces.caAccountId === caAccountOf({ input, progress })
      ? { replaces: replaces.renewalIdentifier }
      : {}),
    ...(profile ? { profile } : {}),
    // One that has somewhere else to go does not wait here.
    ...(progress.mayLeave ? {} : { patience: createdAt + PATIENCE }),
  });
  if (!outcome.ok && outcome.failure.kind === "held") ports.note({ newOrderSent: false });
  return valueIn(outcome);
}

/** The failure of the last CA is the order's; without any, nothing fits. */
function nothingLeft(tried: TriedCa[], detail: Record<string, unknown>): OrderFailure {
  const last = tried.at(-1)?.problem;
  if (!last) return new OrderFailure("no_ca_account", "There is no matching ACME account.", detail);
  const retryAfter = last.retry_after === undefined ? {} : { retryAfter: Date.parse(last.retry_after) };
  const words = `${last.detail} No other CA account is left to go to.`;
  return new OrderFailure(last.cause, words, { ...last.evidence, ...detail }, { ...retryAfter, isFinal: true });
}
