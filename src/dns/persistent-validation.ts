/** Judging the TXT records of dns-persist-01 (draft-ietf-acme-dns-persist-01 §4): for who validates, and who looks beforehand. */

/** What a record has to say. */
export interface PersistentClaim {
  /** Any of them will do: lower case, without a dot at the end. */
  issuerDomainNames: string[];
  accountUri: string;
  /** Whether it has to be good for the wildcard too. */
  wildcard: boolean;
}

export interface PersistentRefusal {
  type: "malformed" | "unauthorized";
  detail: string;
}

/** A parameter of an issue-value (RFC 8659 §4.2). */
const PARAMETER = /^[ \t]*([A-Za-z0-9](?:-*[A-Za-z0-9])*)[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)[ \t]*$/;
/** Records that are quoted when none serves. */
const MOST_QUOTED = 3;
const LONGEST_QUOTE = 200;

/** Nothing when one of the values serves at `now`; else why none does. */
export function judgePersistentRecords(
  values: string[],
  claim: PersistentClaim,
  now: number,
): PersistentRefusal | undefined {
  const ours = values.filter((value) => claim.issuerDomainNames.includes(issuerOf(value)));
  const refusals: PersistentRefusal[] = [];
  for (const value of ours) {
    const refusal = judge(value, claim, now);
    if (!refusal) return undefined;
    refusals.push(refusal);
  }
  const [first] = refusals;
  if (first) {
    return {
      type: first.type,
      detail: refusals
        .slice(0, MOST_QUOTED)
        .map(({ detail }) => detail)
        .join(" "),
    };
  }
  const wanted = claim.issuerDomainNames.join(" or ");
  const found = values.slice(0, MOST_QUOTED).map(quote).join(", ") || "there is no TXT record";
  return { type: "unauthorized", detail: `No record is for ${wanted}: ${found}.` };
}

function judge(value: string, claim: PersistentClaim, now: number): PersistentRefusal | undefined {
  const malformed = (what: string): PersistentRefusal => ({
    type: "malformed",
    detail: `The record ${quote(value)} ${what}.`,
  });
  const unauthorized = (detail: string): PersistentRefusal => ({ type: "unauthorized", detail });

  const parameters = new Map<string, string>();
  for (const part of partsOf(value)) {
    const [, tag, given = ""] = PARAMETER.exec(part) ?? [];
    if (tag === undefined) return malformed(`has no "tag=value" where it says "${part.trim()}"`);
    const key = tag.toLowerCase();
    if (parameters.has(key)) return malformed(`has ${tag} twice`);
    parameters.set(key, given);
  }
  const accountUri = parameters.get("accounturi");
  const until = parameters.get("persistuntil");
  if (!accountUri) return malformed("has no accounturi");
  if (until !== undefined && !/^\d{1,15}$/.test(until)) return malformed("has a persistUntil that is no UNIX time");
  if (accountUri !== claim.accountUri) {
    return unauthorized(`The record is for the account ${accountUri}, not for ${claim.accountUri}.`);
  }
  if (until !== undefined && now > Number(until) * 1000) {
    return unauthorized(`The record has run out: its persistUntil is ${until}.`);
  }
  // Any other policy is as good as none (§4, item 4).
  if (claim.wildcard && parameters.get("policy")?.toLowerCase() !== "wildcard") {
    return unauthorized("The record is not good for the wildcard: it has no policy=wildcard.");
  }
  return undefined;
}

const issuerOf = (value: string) => (value.split(";", 1)[0] ?? "").trim().toLowerCase().replace(/\.$/, "");

/** What stands between semicolons after the issuer; a lone semicolon has nothing after it. */
function partsOf(value: string): string[] {
  const parts = value.split(";").slice(1);
  return parts.length === 1 && parts[0]?.trim() === "" ? [] : parts;
}

const quote = (value: string) =>
  JSON.stringify(value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value);
