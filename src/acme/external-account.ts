/** External account binding (RFC 8555 §7.3.4). */
import { base64url, FlattenedSign, type JWK } from "jose";

export interface ExternalAccount {
  kid: string;
  /** base64url */
  hmacKey: string;
}

/** The account's public key, signed by the key that the CA gave out. */
export async function externalAccountBinding({ kid, hmacKey }: ExternalAccount, jwk: JWK, newAccountUrl: string) {
  return new FlattenedSign(new TextEncoder().encode(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: "HS256", kid, url: newAccountUrl })
    .sign(base64url.decode(hmacKey));
}
