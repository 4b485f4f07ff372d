/** External account binding (RFC 8555 §7.3.4). */
import { base64url, FlattenedSign, type JWK } from "jose";
import { AccountKeyError } from "./account-key";

export interface ExternalAccount {
  kid: string;
  /** base64url */
  hmacKey: string;
}

/** The account's public key, signed by the key that the CA gave out. Throws AccountKeyError for a key that is none. */
export async function externalAccountBinding({ kid, hmacKey }: ExternalAccount, jwk: JWK, newAccountUrl: string) {
  return new FlattenedSign(new TextEncoder().encode(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: "HS256", kid, url: newAccountUrl })
    .sign(readHmacKey(hmacKey));
}

function readHmacKey(hmacKey: string): Uint8Array {
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(hmacKey)) {
    throw new AccountKeyError(
      "The HMAC key of the external account is not base64url: copy it again from the authority.",
    );
  }
  return base64url.decode(hmacKey);
}
