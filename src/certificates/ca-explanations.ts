/** A choice of CA account in words: for the steps of an order, and for who asked for what no account fits. */
import { Problem } from "../problems";
import type { CaChoice } from "./ca-choice";
import type { CaComparison } from "./ca-decisions";
import type { CaCandidate, CertificateNeeds } from "./ca-requirements";
import type { CaDecision, TriedCa } from "./order-state";

/** What an order notes of a comparison: its inputs, the choice, and what speaks against each of the others. */
export function decisionOf(
  needs: CertificateNeeds,
  { judged, preference }: CaComparison,
  { chosen, until, others }: CaChoice,
  tried: TriedCa[],
  now: number,
): CaDecision {
  const problemOf = (id: string) => tried.find(({ caAccountId }) => caAccountId === id)?.problem;
  const rejected = judged.flatMap(({ candidate: { id, name, circuitOpenUntil, circuitReason }, rejections }) => {
    const problem = problemOf(id);
    const isOpen = circuitOpenUntil !== null && circuitOpenUntil > now;
    const because = [
      ...(problem ? [`This order was there already: ${problem.detail}`] : []),
      ...(isOpen ? [`It is left alone until ${new Date(circuitOpenUntil).toISOString()}: ${circuitReason}`] : []),
      ...rejections.map(({ detail }) => detail),
    ];
    return because.length > 0 ? [{ ca_account_id: id, name, because }] : [];
  });
  const { environment, authority, pinnedCaAccountId, instanceId } = needs;
  return {
    ...(chosen ? { chosen: chosenIn(chosen.candidate) } : {}),
    ...(until === undefined ? {} : { until }),
    others,
    detail: {
      ...(chosen
        ? { ca_account_id: chosen.candidate.id, ca_account: chosen.candidate.name, chosen_as: chosen.preference }
        : {}),
      asked_for: { environment, authority, ca_account_id: pinnedCaAccountId, instance_id: instanceId },
      automatic_ca_failover: preference.failover,
      preferred_ca: preference.preferredCa,
      ca_order: preference.caOrder,
      others_that_fit: others,
      rejected,
    },
  };
}

const chosenIn = ({ id, name, circuitReason }: CaCandidate) => ({
  caAccountId: id,
  name,
  heldFor: circuitReason ?? "",
});

/** 422: which accounts there are, why each does not fit, and what would put it right. */
export function noMatchingAccount({ judged }: CaComparison): Problem {
  const errors = judged.map(({ candidate: { name, authorityTitle, environment }, rejections }) => ({
    pointer: rejections[0]?.pointer ?? "/ca_account_id",
    detail: `"${name}" (${authorityTitle}, ${environment}): ${rejections.map(({ detail, fix }) => `${detail} ${fix}`).join(" ")}`,
  }));
  const detail = `There is no matching ACME account. ${errors.map((error) => error.detail).join(" ")}`;
  return new Problem(422, errors.length > 0 ? detail : `${detail}Add one with POST /api/ca/accounts.`, { errors });
}
