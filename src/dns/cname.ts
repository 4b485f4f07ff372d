/** Following CNAME records, as a validator does. */
import { normaliseName } from "./names";
import type { Resolver } from "./resolver";

const MOST_HOPS = 8;

/** The name at the end of the chain of CNAMEs; the name itself when there is none. Throws ResolveError. */
export async function followCname(resolver: Resolver, name: string): Promise<string> {
  let current = normaliseName(name);
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const { answers } = await resolver.query(current, "CNAME");
    const next = answers.find((answer) => answer.type === "CNAME" && answer.name === current);
    if (!next) return current;
    current = normaliseName(next.value);
  }
  return current;
}
