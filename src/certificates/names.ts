/** The names of a certificate as a person gives them, read into the form that they are kept in. */
import { type Identifier, NameError, parseIdentifier } from "../pki/identifiers";
import { Problem } from "../problems";

const MOST_NAMES = 100;

/** The form that a name is stored in; nothing for what is no name. */
export const canonical = (given: string): string | undefined => {
  try {
    return parseIdentifier(given).value;
  } catch {
    return undefined;
  }
};

/** All names in canonical form, the primary one first. Throws Problem 422 that points at each bad one. */
export function namesOf({ domain, sanDomains }: { domain: string; sanDomains: string[] }): string[] {
  const given = [
    { name: domain, pointer: "/domain" },
    ...sanDomains.map((name, index) => ({ name, pointer: `/san_domains/${index}` })),
  ];
  const errors: { pointer: string; detail: string }[] = [];
  const seen = new Map<string, string>();
  for (const { name, pointer } of given) {
    const identifier = readName(name);
    if (identifier instanceof NameError) errors.push({ pointer, detail: identifier.message });
    else if (identifier.type === "ip") {
      errors.push({ pointer, detail: `${name} is an address: certificates here are for names, proven over DNS.` });
    } else if (seen.has(identifier.value)) {
      errors.push({ pointer, detail: `${identifier.value} is there twice: see ${seen.get(identifier.value)}.` });
    } else seen.set(identifier.value, pointer);
  }
  if (given.length > MOST_NAMES) {
    errors.push({
      pointer: "/san_domains",
      detail: `A certificate has at most ${MOST_NAMES} names; these are ${given.length}.`,
    });
  }
  if (errors.length > 0) {
    throw new Problem(422, errors.length === 1 ? (errors[0]?.detail ?? "") : "Some names cannot be used.", { errors });
  }
  return [...seen.keys()];
}

function readName(name: string): Identifier | NameError {
  try {
    return parseIdentifier(name);
  } catch (error) {
    if (error instanceof NameError) return error;
    throw error;
  }
}
