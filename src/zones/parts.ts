/** How much a zone's object writes in one go. */
import type { ZonePlace } from "./location";

/** An invocation may ask others fifty times, on Cloudflare's free plan, and a value takes a call or two. */
const VALUES_AT_ONCE = 20;

/** What we serve ourselves is one statement, however much it is. */
export const valuesAtOnce = ({ dnsAccountId }: Pick<ZonePlace, "dnsAccountId">): number =>
  dnsAccountId === null ? Number.POSITIVE_INFINITY : VALUES_AT_ONCE;

export function inParts<Value>(place: Pick<ZonePlace, "dnsAccountId">, values: Value[]): Value[][] {
  const most = valuesAtOnce(place);
  return values.flatMap((_, index) => (index % most === 0 ? [values.slice(index, index + most)] : []));
}
