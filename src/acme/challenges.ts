/** What proves control of a name (RFC 8555 §8). */
import type { JWK } from "jose";
import { base64url } from "jose";
import { thumbprint } from "./account-key";

/** RFC 8555 §8.1; also the whole body of an http-01 answer (§8.3). */
export const keyAuthorization = async (token: string, jwk: JWK): Promise<string> => `${token}.${await thumbprint(jwk)}`;

/** The TXT value of dns-01 (RFC 8555 §8.4). */
export async function dns01Value(token: string, jwk: JWK): Promise<string> {
  const bytes = new TextEncoder().encode(await keyAuthorization(token, jwk));
  return base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** The name that holds it; a wildcard is proven at its base name. */
export const dns01Name = (domain: string): string => `_acme-challenge.${domain.replace(/^\*\./, "")}`;

/** Where http-01 is looked for (RFC 8555 §8.3). */
export const http01Path = (token: string): string => `/.well-known/acme-challenge/${token}`;
