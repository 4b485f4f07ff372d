/** Which CA account a certificate is got from: every account is compared in full, in the user's order, and each "no" has its reason. */
import type { CaaFinding } from "../dns/caa";
import {
  type CaCandidate,
  type CaRejection,
  type CertificateNeeds,
  type Preference,
  preferences,
  rejectionsOf,
} from "./ca-requirements";

/** Whom a certificate prefers, and whether it may go elsewhere when its CA fails. */
export interface CaPreference {
  preferredCa: string | null;
  caOrder: string[];
  failover: boolean;
}

export interface JudgedCandidate {
  candidate: CaCandidate;
  preference: Preference;
  /** None: it fits. */
  rejections: CaRejection[];
}

/** Every account in the order in which they are tried, each with all that speaks against it. */
export function judgeCandidates(
  candidates: CaCandidate[],
  needs: CertificateNeeds,
  preference: CaPreference,
  caa: ReadonlyMap<string, CaaFinding>,
): JudgedCandidate[] {
  const { failover } = preference;
  const ordered = inOrder(candidates, needs, preference);
  const isNamed = (preference: Preference) => preference !== "default" && preference !== "other";
  const wantsPublic = ordered.some(({ candidate, preference }) => isNamed(preference) && !candidate.isPrivate);
  return ordered.map(({ candidate, preference }) => ({
    candidate,
    preference,
    rejections: rejectionsOf({ candidate, preference, needs, failover, wantsPublic, caa }),
  }));
}

/** The pin, the preferred one, those of the user's order, the default, and the rest as they were added. */
function inOrder(
  candidates: CaCandidate[],
  { pinnedCaAccountId }: CertificateNeeds,
  { preferredCa, caOrder }: CaPreference,
): { candidate: CaCandidate; preference: Preference }[] {
  const preferenceOf = ({ id, isDefault }: CaCandidate): Preference => {
    if (id === pinnedCaAccountId) return "pin";
    if (id === preferredCa) return "preferred";
    if (caOrder.includes(id)) return "order";
    return isDefault ? "default" : "other";
  };
  return candidates
    .map((candidate) => ({ candidate, preference: preferenceOf(candidate) }))
    .sort(
      (one, other) =>
        preferences.indexOf(one.preference) - preferences.indexOf(other.preference) ||
        caOrder.indexOf(one.candidate.id) - caOrder.indexOf(other.candidate.id) ||
        one.candidate.createdAt - other.candidate.createdAt,
    );
}

/** Whether CAA records could change anything: they are looked up for nothing else. */
export const caaMatters = (judged: JudgedCandidate[]): boolean =>
  judged.some(
    ({ candidate, rejections }) => rejections.length === 0 && candidate.capabilities.caaIdentities.length > 0,
  );

export interface CaChoice {
  /** Nothing where none fits that was not tried already. */
  chosen?: JudgedCandidate;
  /** Its circuit is open until then, and there is no other: the order waits. */
  until?: number;
  /** How many would be left if the chosen one failed. */
  others: number;
}

/**
 * Without failover, the first that fits, whatever its state. With it, the first that fits whose circuit is not open; where
 * all are open, the one that is the first to be asked again.
 */
export function chooseCa(
  judged: JudgedCandidate[],
  failover: boolean,
  tried: readonly string[],
  now: number,
): CaChoice {
  const fitting = judged.filter(
    ({ rejections, candidate }) => rejections.length === 0 && !tried.includes(candidate.id),
  );
  const openUntil = ({ candidate }: JudgedCandidate) => candidate.circuitOpenUntil ?? 0;
  const [first] = fitting;
  if (!first) return { others: 0 };
  const soonest = fitting.reduce((one, other) => (openUntil(other) < openUntil(one) ? other : one));
  const chosen = failover ? (fitting.find((one) => openUntil(one) <= now) ?? soonest) : first;
  return {
    chosen,
    ...(openUntil(chosen) > now ? { until: openUntil(chosen) } : {}),
    others: failover ? fitting.length - 1 : 0,
  };
}
