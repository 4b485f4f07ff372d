/** A resolver that answers for our own zones from their records, and asks the world for all others. */
import type { Resolver } from "../dns/resolver";
import { answerQuestion, type ZoneLookup } from "../dns/zone-answers";

export function ownZonesFirst(lookup: ZoneLookup, world: Resolver): Resolver {
  return {
    async query(name, type) {
      const own = await answerQuestion(lookup, name, type);
      return own.rcode === "REFUSED" ? world.query(name, type) : { rcode: own.rcode, answers: own.answers };
    },
  };
}
