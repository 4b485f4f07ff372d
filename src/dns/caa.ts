/** Which authorities the DNS lets issue for a name: CAA records (RFC 8659), with the parameters of RFC 8657. */
import { ancestors, normaliseName } from "./names";
import { ResolveError, type Resolver } from "./resolver";
import { unquoteTxt } from "./txt";

export interface CaaRecord {
  critical: boolean;
  tag: string;
  value: string;
}

/** The records that hold for a name, and at which name they are; "unknown" where the DNS could not be asked. */
export type CaaFinding =
  | { kind: "found"; at: string; records: CaaRecord[] }
  | { kind: "none" }
  | { kind: "unknown"; why: string };

/** Who would issue, and how the name would be proven. */
export interface CaaClaim {
  /** The issuer domain names of the authority, lower case. */
  issuerDomainNames: string[];
  /** Null while the account is not registered: then no accounturi can name it. */
  accountUrl: string | null;
  /** "dns-01" */
  validationMethod: string;
}

/** Names that are asked about for one certificate at most; its parents are shared. */
const MOST_QUESTIONS = 200;
const PARAMETER = /^[ \t]*([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)[ \t]*$/;
/** Tags that say nothing of certificates for servers, or nothing that forbids (RFC 8659 §4.4, RFC 9495, CA/B Forum). */
const knownTags = new Set(["issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"]);

/** The finding of each name, by name. A wildcard's is that of the name below it (RFC 8659 §3). */
export async function findCaa(resolver: Resolver, names: string[]): Promise<Map<string, CaaFinding>> {
  const asked = new Map<string, Promise<CaaRecord[]>>();
  const recordsAt = (name: string): Promise<CaaRecord[]> => {
    const known = asked.get(name);
    if (known) return known;
    if (asked.size >= MOST_QUESTIONS) throw new ResolveError("The names are too many to look at each.");
    const answer = askAt(resolver, name);
    asked.set(name, answer);
    return answer;
  };
  const found = await Promise.all(names.map((name) => climb(name.replace(/^\*\./, ""), recordsAt)));
  return new Map(names.map((name, index) => [name, found[index] ?? { kind: "none" }]));
}

/** From the name up to its top-level domain: the first that has any record decides (RFC 8659 §3). */
async function climb(name: string, recordsAt: (name: string) => Promise<CaaRecord[]>): Promise<CaaFinding> {
  try {
    for (const at of ancestors(normaliseName(name))) {
      const records = await recordsAt(at);
      if (records.length > 0) return { kind: "found", at, records };
    }
    return { kind: "none" };
  } catch (error) {
    if (error instanceof ResolveError) return { kind: "unknown", why: error.message };
    throw error;
  }
}

/** What an alias leads to counts as the name's own (RFC 8659 §3): the resolver has followed it. */
async function askAt(resolver: Resolver, name: string): Promise<CaaRecord[]> {
  const { rcode, answers } = await resolver.query(name, "CAA");
  if (rcode !== "NOERROR" && rcode !== "NXDOMAIN") throw new ResolveError(`${name}: the DNS answers ${rcode}.`);
  return answers.filter(({ type }) => type === "CAA").map(({ value }) => readRecord(value));
}

/** From the form `0 issue "ca.example"`. */
function readRecord(text: string): CaaRecord {
  const [flags = "0", tag = "", ...rest] = text.split(" ");
  return { critical: Number(flags) >= 128, tag: tag.toLowerCase(), value: unquoteTxt(rest.join(" ")) };
}

export const showCaa = ({ critical, tag, value }: CaaRecord): string =>
  `${critical ? 128 : 0} ${tag} ${JSON.stringify(value)}`;

/** Why the records do not let the authority issue for the name; nothing where they do, or where nothing is known. */
export function caaRefusal(name: string, finding: CaaFinding, claim: CaaClaim): string | undefined {
  if (finding.kind !== "found") return undefined;
  const { at, records } = finding;
  const strange = records.find(({ critical, tag }) => critical && !knownTags.has(tag));
  if (strange) return `The CAA record ${showCaa(strange)} at ${at} is critical, and of a kind that nobody knows.`;
  const holding = holdingFor(name, records);
  if (holding.length === 0) return undefined;
  const reasons = holding.map((record) => issueRefusal(record, claim));
  if (reasons.includes(undefined)) return undefined;
  const [own] = reasons.filter((reason) => reason !== "");
  if (own) return `The CAA records at ${at} do not let this account issue for ${name}: ${own}`;
  return `The CAA records at ${at} let others issue for ${name}: ${holding.map(showCaa).join(", ")}.`;
}

/** For a wildcard, issuewild takes the place of issue where there is one (RFC 8659 §4.3). */
function holdingFor(name: string, records: CaaRecord[]): CaaRecord[] {
  const of = (tag: string) => records.filter((record) => record.tag === tag);
  const wild = name.startsWith("*.") ? of("issuewild") : [];
  return wild.length > 0 ? wild : of("issue");
}

/** Nothing where the record lets it issue; "" where it is not about this authority at all. */
function issueRefusal({ value }: CaaRecord, claim: CaaClaim): string | undefined {
  const [issuer = "", ...parts] = value.split(";");
  if (!claim.issuerDomainNames.includes(normaliseName(issuer.trim()))) return "";
  const parameters = parts.filter((part) => part.trim() !== "").map((part) => PARAMETER.exec(part));
  if (parameters.includes(null)) return `"${value}" cannot be read.`;
  const valuesOf = (tag: string) =>
    parameters.flatMap((found) => (found?.[1]?.toLowerCase() === tag ? [found[2] ?? ""] : []));
  // RFC 8657 §3: one that names several accounts names none.
  const accounts = valuesOf("accounturi");
  const isForAccount = accounts.length === 0 || (accounts.length === 1 && accounts[0] === claim.accountUrl);
  if (!isForAccount) return `"${value}" names another account than ${claim.accountUrl ?? "one to be registered"}.`;
  const methods = valuesOf("validationmethods");
  const takesMethod = methods.length === 0 || methods[0]?.toLowerCase().split(",").includes(claim.validationMethod);
  if (!takesMethod) return `"${value}" does not let names be proven by ${claim.validationMethod}.`;
  return undefined;
}
