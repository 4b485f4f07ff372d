/** Keys that sign for an ACME account (RFC 8555 §6.2): kept as a private JWK, in JSON. */
import { calculateJwkThumbprint, exportJWK, importPKCS8, type JWK } from "jose";

export type AccountKeyAlgorithm = "ES256" | "ES384" | "RS256";

export interface AccountKey {
  algorithm: AccountKeyAlgorithm;
  privateKey: CryptoKey;
  /** The public members alone, in their canonical form (RFC 7638 §3.2). */
  jwk: JWK;
}

export class AccountKeyError extends Error {
  override readonly name = "AccountKeyError";
}

const algorithms = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  ES384: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  RS256: {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
} as const;

/** A new private JWK as JSON. */
export async function generateAccountKey(algorithm: AccountKeyAlgorithm = "ES256"): Promise<string> {
  const pair = (await crypto.subtle.generateKey(algorithms[algorithm], true, ["sign", "verify"])) as CryptoKeyPair;
  return JSON.stringify(await crypto.subtle.exportKey("jwk", pair.privateKey));
}

/**
 * Reads a private JWK in JSON, or PKCS#8 in PEM, as a certificate's own key is kept that revokes the certificate
 * (RFC 8555 §7.6): EC P-256 or P-384, or RSA. Throws AccountKeyError.
 */
export async function importAccountKey(given: string): Promise<AccountKey> {
  const key = given.trimStart().startsWith("-----BEGIN") ? await readPem(given) : readJson(given);
  const algorithm = algorithmOf(key);
  const { kty, crv, x, y, n, e, d, p, q, dp, dq, qi } = key;
  const secret = kty === "EC" ? { kty, crv, x, y, d } : { kty, n, e, d, p, q, dp, dq, qi };
  const privateKey = await crypto.subtle
    .importKey("jwk", secret as JsonWebKey, algorithms[algorithm], false, ["sign"])
    .catch(() => {
      throw new AccountKeyError("The account key is not a complete private JWK.");
    });
  const jwk = (kty === "EC" ? { crv, kty, x, y } : { e, kty, n }) as JWK;
  return { algorithm, privateKey, jwk };
}

/** RFC 7638, SHA-256, base64url. */
export const thumbprint = (jwk: JWK): Promise<string> => calculateJwkThumbprint(jwk, "sha256");

function readJson(json: string): JWK {
  try {
    const key: unknown = JSON.parse(json);
    if (typeof key === "object" && key !== null) return key as JWK;
  } catch {
    // The parser's words would quote the key.
  }
  throw new AccountKeyError("The account key is not a JWK in JSON.");
}

async function readPem(pem: string): Promise<JWK> {
  for (const algorithm of Object.keys(algorithms)) {
    try {
      return await exportJWK(await importPKCS8(pem, algorithm, { extractable: true }));
    } catch {
      // It is a key for another of them, or none at all.
    }
  }
  throw new AccountKeyError("The PEM is no private key (PKCS#8) of EC P-256, EC P-384 or RSA.");
}

function algorithmOf({ kty, crv }: JWK): AccountKeyAlgorithm {
  if (kty === "RSA") return "RS256";
  if (kty === "EC" && crv === "P-256") return "ES256";
  if (kty === "EC" && crv === "P-384") return "ES384";
  throw new AccountKeyError("The account key has to be EC P-256, EC P-384 or RSA.");
}
