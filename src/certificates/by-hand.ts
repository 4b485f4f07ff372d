/** Challenges whose values a person sets: which these are, and how long an order waits for them. */
import { providers } from "../dns/registry";
import type { OrderChallenge } from "./order-state";

const handsOn = ({ location }: OrderChallenge) => (location ? providers[location.provider]?.byHand : undefined);

/** For a step's detail: the records that a person has to set, or may remove now; nothing where there are none. */
export function handwork(verb: "set" | "remove", challenges: OrderChallenge[] = []) {
  // A record of dns-persist-01 is to stay.
  const theirs = challenges.filter((challenge) => handsOn(challenge) && !(verb === "remove" && challenge.claim));
  const records = theirs.map(({ recordName, value }) => ({ name: recordName, type: "TXT", value }));
  return records.length > 0 ? { [verb]: records } : {};
}

/** Milliseconds; 0 where nobody has to do anything. */
export const patienceOf = (challenges: OrderChallenge[] = []): number =>
  Math.max(0, ...challenges.map((challenge) => handsOn(challenge)?.patience ?? 0));
