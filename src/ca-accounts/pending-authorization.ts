/** An authorization as an order sees it: one name to prove, and what proves it by a challenge of the wanted type. */
import type { AccountKey } from "../acme/account-key";
import { type ChallengeType, dns01Value, dnsPersist01Value, keyAuthorization } from "../acme/challenges";
import type { AcmeAuthorization, AcmeChallenge } from "../acme/client";
import { shortType } from "../acme/errors";
import type { PersistentClaim } from "../dns/persistent-validation";
import type { AnsweredChallenge } from "../dns/provider";

export interface PendingAuthorization {
  url: string;
  name: string;
  wildcard: boolean;
  status: AcmeAuthorization["status"];
  challengeUrl?: string;
  challengeStatus?: string;
  /** What the TXT record has to say. */
  dnsValue?: string;
  /** With dns-01: what the value is made of. */
  challenge?: AnsweredChallenge;
  /** With dns-persist-01: any record that says this will do. */
  claim?: PersistentClaim;
  /** Why the challenge that is offered is not answered. */
  unusable?: string;
  /** What the CA said of a challenge that failed. */
  problem?: { type: string; detail: string };
  offered: string[];
}

export interface Responder {
  accountKey: AccountKey;
  accountUrl: string;
  directoryUrl: string;
}

export async function describeAuthorization(
  { url, identifier, wildcard, status, challenges }: AcmeAuthorization,
  type: ChallengeType,
  responder: Responder,
): Promise<PendingAuthorization> {
  const wanted = challenges.find((challenge) => challenge.type === type);
  const failed = challenges.find((challenge) => challenge.error);
  return {
    url,
    name: identifier.value,
    wildcard,
    status,
    offered: challenges.map((challenge) => challenge.type),
    ...(wanted ? await answerTo(wanted, identifier.value, wildcard, responder) : {}),
    ...(failed?.error
      ? { problem: { type: shortType(failed.error.type), detail: failed.error.detail ?? "no detail" } }
      : {}),
  };
}

type Answered = Pick<
  PendingAuthorization,
  "challengeUrl" | "challengeStatus" | "dnsValue" | "challenge" | "claim" | "unusable"
>;

async function answerTo(
  challenge: AcmeChallenge,
  domain: string,
  wildcard: boolean,
  responder: Responder,
): Promise<Answered> {
  const { type, token, url: challengeUrl, status: challengeStatus } = challenge;
  if (type === "dns-persist-01") {
    const claim = claimOf(challenge, wildcard, responder);
    if (typeof claim === "string") return { unusable: claim };
    const [issuerDomainName = ""] = claim.issuerDomainNames;
    return { challengeUrl, challengeStatus, claim, dnsValue: dnsPersist01Value({ ...claim, issuerDomainName }) };
  }
  if (!token) return { unusable: `The ${type} that it offers has no token.` };
  const keyAuthorized = await keyAuthorization(token, responder.accountKey.jwk);
  return {
    ...{ challengeUrl, challengeStatus, dnsValue: await dns01Value(keyAuthorized) },
    ...(type === "dns-01" ? { challenge: { domain, token, keyAuthorization: keyAuthorized } } : {}),
  };
}

/**
 * What the record has to say, or why none is written. The authority chooses both names in a record that stands for good:
 * one that named another authority's account would open that authority's door to it.
 */
function claimOf(
  { accounturi, ...challenge }: AcmeChallenge,
  wildcard: boolean,
  { accountUrl, directoryUrl }: Responder,
): PersistentClaim | string {
  const issuerDomainNames = challenge["issuer-domain-names"];
  if (!issuerDomainNames) return "Its dns-persist-01 names no authority that a record could be for.";
  const accountUri = accounturi ?? accountUrl;
  if (!URL.canParse(accountUri) || new URL(accountUri).host !== new URL(directoryUrl).host) {
    return `Its dns-persist-01 is for an account that is not its own: ${accountUri}.`;
  }
  return { issuerDomainNames, accountUri, wildcard };
}
