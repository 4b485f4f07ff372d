/** What proves control of a name (RFC 8555 §8). */
import type { JWK } from "jose";
import { base64url } from "jose";
import { thumbprint } from "./account-key";

/** The challenges that we answer: all by a TXT record. */
export const challengeTypes = ["dns-01", "dns-account-01", "dns-persist-01"] as const;

export type ChallengeType = (typeof challengeTypes)[number];

/** RFC 8555 §8.1; also the whole body of an http-01 answer (§8.3). */
export const keyAuthorization = async (token: string, jwk: JWK): Promise<string> => `${token}.${await thumbprint(jwk)}`;

/** The TXT value of dns-01 (RFC 8555 §8.4), and of dns-account-01. */
export const dns01Value = async (keyAuthorized: string): Promise<string> =>
  base64url.encode(await sha256(keyAuthorized));

/** The name that holds it; a wildcard is proven at its base name. */
export const dns01Name = (domain: string): string => `_acme-challenge.${baseOf(domain)}`;

/**
 * The record of dns-persist-01 (draft-ietf-acme-dns-persist-01 §4): it says for good who may have certificates for the
 * name, and from whom.
 */
export function dnsPersist01Value(claim: { issuerDomainName: string; accountUri: string; wildcard: boolean }): string {
  const { issuerDomainName, accountUri, wildcard } = claim;
  return `${issuerDomainName}; accounturi=${accountUri}${wildcard ? "; policy=wildcard" : ""}`;
}

/** Of a domain, the name that holds the record. That of dns-account-01 is each account's own. */
export async function challengeNames(type: ChallengeType, accountUrl: string): Promise<(domain: string) => string> {
  switch (type) {
    case "dns-01":
      return dns01Name;
    case "dns-account-01": {
      const label = await accountLabel(accountUrl);
      return (domain) => `${label}.${dns01Name(domain)}`;
    }
    case "dns-persist-01":
      return (domain) => `_validation-persist.${baseOf(domain)}`;
  }
}

/** draft-ietf-acme-dns-account-label §3.2: "_" and the first ten bytes of the digest in base32 (RFC 4648 §6). */
async function accountLabel(accountUrl: string): Promise<string> {
  const bits = [...(await sha256(accountUrl)).subarray(0, 10)]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
  const digits = bits.match(/.{5}/g) ?? [];
  return `_${digits.map((digit) => "abcdefghijklmnopqrstuvwxyz234567"[Number.parseInt(digit, 2)]).join("")}`;
}

/** Where http-01 is looked for (RFC 8555 §8.3). */
export const http01Path = (token: string): string => `/.well-known/acme-challenge/${token}`;

const baseOf = (domain: string) => domain.replace(/^\*\./, "");

const sha256 = async (text: string) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
