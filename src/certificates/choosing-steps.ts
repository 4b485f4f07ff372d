/** The steps from the choice of a CA account to an order there. */
import { valueIn } from "../ca-accounts/failure";
import { parseIdentifier } from "../pki/identifiers";
import { OrderFailure } from "./order-failure";
import { caAccountOf, type OrderProgress, type TriedCa, type WorkingState } from "./order-state";
import { caOf, type Step } from "./order-step";

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
      const words = `${chosen.name} does not answer, and there is no other CA account to go to.`;
      throw new OrderFailure("ca_unreachable", words, detail, { heldUntil: until });
    }
    return { next: "registering", progress: { caAccountId: chosen.caAccountId, mayLeave: others > 0 }, detail };
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
    ports.note({ newOrderSent: true });
    // RFC 9773 §5: it is the CA that issued a certificate that knows it.
    const isIssuer = input.replaces?.caAccountId === caAccountOf({ input, progress });
    const order =
      left ??
      valueIn(
        await ca.newOrder({
          identifiers,
          ...(isIssuer && input.replaces ? { replaces: input.replaces.renewalIdentifier } : {}),
          ...(input.profile ? { profile: input.profile } : {}),
        }),
      );
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

/** The failure of the last CA is the order's; without any, nothing fits. */
function nothingLeft(tried: TriedCa[], detail: Record<string, unknown>): OrderFailure {
  const last = tried.at(-1)?.problem;
  if (!last) return new OrderFailure("no_ca_account", "There is no matching ACME account.", detail);
  const retryAfter = last.retry_after === undefined ? {} : { retryAfter: Date.parse(last.retry_after) };
  const words = `${last.detail} No other CA account is left to go to.`;
  return new OrderFailure(last.cause, words, { ...last.evidence, ...detail }, { ...retryAfter, isFinal: true });
}
