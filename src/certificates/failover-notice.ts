/** Telling an owner that orders go to another CA: once for an outage, and not for each certificate. */
import type { Notification } from "../notifications/events";
import type { CaDecision, OrderInput, TriedCa } from "./order-state";
import type { StepPorts } from "./order-step";

type Chosen = NonNullable<CaDecision["chosen"]>;

export async function tellFailover(input: OrderInput, left: TriedCa, chosen: Chosen, ports: StepPorts): Promise<void> {
  const isFirst = await ports.caAccounts.objectOf(left.caAccountId).isFirstToLeave(input.id);
  if (isFirst) await ports.tell(input.ownerId, noticeOf(input, left, chosen));
}

const noticeOf = (
  { names, ca }: OrderInput,
  { caAccountId, name, problem }: TriedCa,
  chosen: Chosen,
): Notification => ({
  event: "ca.failover",
  subject: `CA account ${name}`,
  title: `Orders go to ${chosen.name} instead of ${name}`,
  detail:
    `${name} failed for ${names[0]}: ${problem.detail} Orders that may go on elsewhere do so until it is well again. ` +
    "There is nothing to do, unless it lasts: then see the authority's status page.",
  facts: {
    ca_account_id: caAccountId,
    went_to: chosen.caAccountId,
    cause: problem.cause,
    domain: names[0],
    ...(ca?.instanceId ? { instance_id: ca.instanceId } : {}),
  },
});
