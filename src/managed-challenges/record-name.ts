/** The names at which challenges are placed, and what they prove. */
import { dns01Name } from "../acme/challenges";
import { normaliseName } from "../dns/names";
import { NameError, parseIdentifier } from "../pki/identifiers";
import { Problem } from "../problems";

/** "_acme-challenge.home.example.com", and that below an account's own label (dns-account-01). */
const CHALLENGE_NAME = /^(?:(_[a-z2-7]{16})\.)?_acme-challenge\.(.+)$/;

export interface ChallengeTarget {
  /** The domain that is proven. */
  domain: string;
  /** Of a domain, the name that holds the value. */
  nameOf: (domain: string) => string;
}

const refuse = (pointer: string, detail: string) => new Problem(422, detail, { errors: [{ pointer, detail }] });

/** Reads the name of a record. Throws Problem 422 for one that is no challenge's. */
export function targetOfRecord(given: string, pointer: string): ChallengeTarget {
  const [, label, base] = CHALLENGE_NAME.exec(normaliseName(given.trim())) ?? [];
  if (base === undefined) {
    throw refuse(pointer, `${given} is not the name of a challenge record: it has to begin with _acme-challenge.`);
  }
  const { domain } = targetOfDomain(base, pointer);
  return { domain, nameOf: label === undefined ? dns01Name : (name) => `${label}.${dns01Name(name)}` };
}

/** Reads the name that is proven; a wildcard is proven at its base name. Throws Problem 422. */
export function targetOfDomain(given: string, pointer: string): ChallengeTarget {
  try {
    const { type, value } = parseIdentifier(given);
    if (type === "dns") return { domain: value.replace(/^\*\./, ""), nameOf: dns01Name };
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw refuse(pointer, error.message);
  }
  throw refuse(pointer, `${given} is an address, which no DNS record proves.`);
}
