/** The steps of an order, one for each working state. A step may be cut off anywhere and is then taken again from its start. */
import { valueIn } from "../ca-accounts/failure";
import { parseIdentifier } from "../pki/identifiers";
import { endingSteps } from "./ending-steps";
import { issuingSteps } from "./issuing-steps";
import type { OrderProgress, WorkingState } from "./order-state";
import { account, type Step } from "./order-step";
import { provingSteps } from "./proving-steps";

export const steps: Record<WorkingState, Step> = {
  async registering({ input }, ports) {
    const { accountUrl } = valueIn(await account(input.caAccountId, ports).register());
    return { next: "ordering", progress: { accountUrl }, detail: { account_url: accountUrl } };
  },

  async ordering({ input, progress, createdAt }, ports) {
    const opened = ports.records.open(input, createdAt);
    opened.catch(() => undefined); // told once the CA has answered
    const ca = account(input.caAccountId, ports);
    const identifiers = input.names.map(parseIdentifier);
    const left = progress.newOrderSent ? valueIn(await ca.findOrder(identifiers)) : undefined;
    ports.note({ newOrderSent: true });
    const replaces = input.replaces?.caAccountId === input.caAccountId ? input.replaces.renewalIdentifier : undefined;
    const order =
      left ??
      valueIn(
        await ca.newOrder({
          identifiers,
          ...(replaces ? { replaces } : {}),
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

  ...provingSteps,
  ...issuingSteps,
  ...endingSteps,
};
