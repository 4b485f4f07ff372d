/** Following CNAME records, as a validator does. */
import { normaliseName } from "./names";
import { ResolveError, type Resolver } from "./resolver";

const MOST_HOPS = 8;

/** The name at the end of the chain of CNAMEs; the name itself when there is none. Throws ResolveError. */
export async function followCname(resolver: Resolver, name: string): Promise<string> {
  let current = normaliseName(name);
  for (let hop = 0; hop <= MOST_HOPS; hop++) {
    const { rcode, answers } = await resolver.query(current, "CNAME");
    if (rcode !== "NOERROR" && rcode !== "NXDOMAIN") throw new ResolveError(`${current}: the DNS answers ${rcode}.`);
    const next = answers.find((answer) => answer.type === "CNAME" && answer.name === current);
    if (!next) return current;
    current = normaliseName(next.value);
  }
  throw new ResolveError(`The aliases of ${name} do not end within ${MOST_HOPS} steps.`);
}

/** The TXT values at a name, also where a CNAME leads out of the zones of the first answer. Throws ResolveError. */
export async function txtValues(resolver: Resolver, name: string): Promise<string[]> {
  let current = normaliseName(name);
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const { answers } = await resolver.query(current, "TXT");
    const values = answers.filter(({ type }) => type === "TXT").map(({ value }) => value);
    const alias = answers.filter(({ type }) => type === "CNAME").at(-1);
    if (values.length > 0 || !alias) return values;
    current = normaliseName(alias.value);
  }
  return [];
}

/** The addresses of a host; an address is its own. Throws ResolveError where there is none. */
export async function addresses(resolver: Resolver, host: string): Promise<string[]> {
  if (/^[\d.]+$|:/.test(host)) return [host];
  const end = await followCname(resolver, host);
  const both = await Promise.all([resolver.query(end, "A"), resolver.query(end, "AAAA")]);
  const found = both.flatMap(({ answers }) =>
    answers.flatMap(({ type, value }) => (type === "A" || type === "AAAA" ? [value] : [])),
  );
  if (found.length === 0) throw new ResolveError(`${host} has no address in the DNS.`);
  return found;
}
