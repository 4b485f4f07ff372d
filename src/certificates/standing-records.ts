/**
 * The records of dns-persist-01 stand for good: an order looks whether they do, and writes only those that are missing.
 * Where certedge may not write, a person sets them once.
 */
import type { RecordValue } from "../dns/provider";
import { Problem } from "../problems";
import type { ChallengePlace, ChallengeZones } from "../zones/challenges";
import { OrderFailure } from "./order-failure";
import { CA_DEADLINE, type OrderChallenge } from "./order-state";
import type { StepResult } from "./order-step";

/** They hardly ever change; when one does, it is to be seen within the hour. */
const STANDING_TTL = 3_600;

/** Who wants the records, to the zone's object: not one order, but the certificate. */
export const standingOwner = (certificateId: string): string => `certificate/${certificateId}`;

/** As a person is told to set them. */
export const recordsOf = (challenges: OrderChallenge[]) => {
  const records = challenges.map(({ recordName = "", value }) => ({ name: recordName, type: "TXT" as const, value }));
  return [...new Map(records.map((record) => [`${record.name} ${record.value}`, record])).values()];
};

export const standingRecords = (challenges: OrderChallenge[]): RecordValue[] =>
  recordsOf(challenges).map((record) => ({ ...record, ttl: STANDING_TTL }));

/** A name and its wildcard are proven by one record, the wildcard's. */
export function oneRecordEach(challenges: OrderChallenge[]): OrderChallenge[] {
  const widest = new Map(
    challenges.filter(({ claim }) => claim?.wildcard).map((challenge) => [challenge.recordName, challenge]),
  );
  return challenges.map((challenge) => {
    const { claim, value } = widest.get(challenge.recordName) ?? challenge;
    return claim ? { ...challenge, claim, value } : challenge;
  });
}

/** What stands is left alone; for what is missing, a place is found. */
export async function locateMissing(
  challenges: OrderChallenge[],
  { challengeZones, now }: { challengeZones: ChallengeZones; now: () => number },
  placesOf: (names: string[]) => Promise<Map<string, ChallengePlace | undefined>>,
): Promise<StepResult> {
  const reasons = await Promise.all(
    challenges.map(({ recordName = "", claim }) => claim && challengeZones.missing(recordName, claim, now())),
  );
  const missing = challenges.filter((_, index) => reasons[index] !== undefined);
  const detail = { standing: challenges.length - missing.length, missing: recordsOf(missing) };
  if (missing.length === 0) return { next: "validating", progress: { deadline: now() + CA_DEADLINE }, detail };
  const places = await placesOf(missing.map(({ name }) => name)).catch((error) => {
    if (!(error instanceof Problem) || error.status !== 422) throw error;
    const seen = [...new Set(reasons.filter((reason) => reason !== undefined))];
    throw toBeSet(missing, seen, error.detail);
  });
  const placed = challenges.map((challenge) => ({ ...challenge, ...places.get(challenge.name) }));
  return { next: "placing", progress: { challenges: placed }, detail };
}

function toBeSet(missing: OrderChallenge[], seen: string[], why: string): OrderFailure {
  const records = recordsOf(missing);
  const sentences = records.map(({ name, value }) => `Set a TXT record at ${name} to "${value}", once and for good.`);
  return new OrderFailure("dns_not_visible", [...sentences, ...seen].join(" "), {
    records,
    seen,
    not_set_because: why,
  });
}
