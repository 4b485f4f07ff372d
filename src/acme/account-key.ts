/** Keys that sign for an ACME account (RFC 8555 §6.2): kept as a private JWK, in JSON. */
import { calculateJwkThumbprint, type JWK } from "jose";
import { readPrivateKeyPem } from "./account-key-pem";

export type AccountKeyAlgorithm = "ES256" | "ES384" | "ES512" | "RS256" | "EdDSA";

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
  ES512: { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" },
  RS256: {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: "SHA-256",
  },
  EdDSA: { name: "Ed25519" },
} as const;

/** The members of each kind of key: those that anybody may see, as RFC 7638 §3.2 orders them, and the secret ones. */
const kinds = {
  EC: { open: ["crv", "kty", "x", "y"], secret: ["d"] },
  RSA: { open: ["e", "kty", "n"], secret: ["d", "p", "q", "dp", "dq", "qi"] },
  OKP: { open: ["crv", "kty", "x"], secret: ["d"] },
} as const;

const ACCEPTED = "EC P-256, P-384 or P-521, RSA or Ed25519";

/** A new private JWK as JSON. */
export async function generateAccountKey(algorithm: AccountKeyAlgorithm = "ES256"): Promise<string> {
  const pair = (await crypto.subtle.generateKey(algorithms[algorithm], true, ["sign", "verify"])) as CryptoKeyPair;
  return JSON.stringify(await crypto.subtle.exportKey("jwk", pair.privateKey));
}

/**
 * The private JWK in JSON of a key that another client made, or that is a certificate's own and revokes it (RFC 8555
 * §7.6): given as a JWK, or in PEM as PKCS#8, as RFC 5915 or as PKCS#1. Throws AccountKeyError.
 */
export async function toPrivateJwk(given: string): Promise<string> {
  const key = /-----BEGIN /.test(given) ? await readPem(given) : readJson(given);
  algorithmOf(key);
  const { open, secret } = kinds[key.kty as keyof typeof kinds];
  return JSON.stringify(membersOf(key, [...open, ...secret]));
}

/** Reads a key as toPrivateJwk() takes it. Throws AccountKeyError. */
export async function importAccountKey(given: string): Promise<AccountKey> {
  const key: JWK = JSON.parse(await toPrivateJwk(given));
  const algorithm = algorithmOf(key);
  const privateKey = await crypto.subtle
    .importKey("jwk", key as JsonWebKey, algorithms[algorithm], false, ["sign"])
    .catch(() => {
      throw new AccountKeyError("The account key is not a complete private JWK.");
    });
  return { algorithm, privateKey, jwk: membersOf(key, kinds[key.kty as keyof typeof kinds].open) };
}

/** RFC 7638, SHA-256, base64url. */
export const thumbprint = (jwk: JWK): Promise<string> => calculateJwkThumbprint(jwk, "sha256");

const membersOf = (key: JWK, names: readonly (keyof JWK)[]): JWK =>
  Object.fromEntries(names.map((name) => [name, key[name]])) as JWK;

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
  const { der, isEncrypted } = readPrivateKeyPem(pem);
  if (isEncrypted) throw new AccountKeyError("The account key is encrypted: decrypt it first (openssl pkey).");
  if (!der) throw new AccountKeyError("There is no private key in the PEM.");
  for (const algorithm of Object.values(algorithms)) {
    try {
      const key = await crypto.subtle.importKey("pkcs8", der, algorithm, true, ["sign"]);
      return (await crypto.subtle.exportKey("jwk", key)) as JWK;
    } catch {
      // It is a key for another of them, or none at all.
    }
  }
  throw new AccountKeyError(`The PEM is no private key of ${ACCEPTED}.`);
}

function algorithmOf({ kty, crv, n }: JWK): AccountKeyAlgorithm {
  if (kty === "RSA") {
    // RFC 7518 §3.3; a base64url character has six bits.
    if (typeof n !== "string" || n.length * 6 < 2048) throw new AccountKeyError("An RSA key needs 2048 bits or more.");
    return "RS256";
  }
  if (kty === "EC" && crv === "P-256") return "ES256";
  if (kty === "EC" && crv === "P-384") return "ES384";
  if (kty === "EC" && crv === "P-521") return "ES512";
  if (kty === "OKP" && crv === "Ed25519") return "EdDSA";
  throw new AccountKeyError(`The account key has to be ${ACCEPTED}.`);
}
