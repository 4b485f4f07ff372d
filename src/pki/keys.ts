/** Private keys: made, read, and told apart. */
import { decodePem, encodePem } from "./pem";

export const keyTypes = ["p256", "p384", "rsa2048", "rsa3072", "rsa4096"] as const;

export type KeyType = (typeof keyTypes)[number];

export class KeyError extends Error {
  override readonly name = "KeyError";
}

/** What WebCrypto calls EcKeyGenParams and RsaHashedKeyGenParams; the types of workerd have no such names. */
interface KeyAlgorithm {
  name: "ECDSA" | "RSASSA-PKCS1-v1_5";
  namedCurve?: string;
  modulusLength?: number;
  publicExponent?: Uint8Array;
  hash?: string;
}

const rsa = (modulusLength: number): KeyAlgorithm => ({
  name: "RSASSA-PKCS1-v1_5",
  modulusLength,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: "SHA-256",
});

/** How each is made, and the hash that it signs with. */
export const keyAlgorithms: Record<KeyType, { generate: KeyAlgorithm; hash: "SHA-256" | "SHA-384" }> = {
  p256: { generate: { name: "ECDSA", namedCurve: "P-256" }, hash: "SHA-256" },
  p384: { generate: { name: "ECDSA", namedCurve: "P-384" }, hash: "SHA-384" },
  rsa2048: { generate: rsa(2048), hash: "SHA-256" },
  rsa3072: { generate: rsa(3072), hash: "SHA-256" },
  rsa4096: { generate: rsa(4096), hash: "SHA-256" },
};

const spellings: Record<KeyType, string[]> = {
  p256: ["p256", "ec256", "secp256r1", "prime256v1", "ecdsap256"],
  p384: ["p384", "ec384", "secp384r1", "ecdsap384"],
  rsa2048: ["rsa2048", "2048"],
  rsa3072: ["rsa3072", "3072"],
  rsa4096: ["rsa4096", "4096"],
};

/** Takes the spellings that other clients use: "P-256", "EC256", "secp384r1", "RSA-2048", "2048". */
export function parseKeyType(given: string): KeyType | undefined {
  const bare = given.toLowerCase().replace(/[^a-z0-9]/g, "");
  return keyTypes.find((type) => spellings[type].includes(bare));
}

/** A new private key as PKCS#8 PEM. */
export async function generatePrivateKey(type: KeyType): Promise<string> {
  const pair = (await crypto.subtle.generateKey(keyAlgorithms[type].generate, true, [
    "sign",
    "verify",
  ])) as CryptoKeyPair;
  const der = (await crypto.subtle.exportKey("pkcs8", pair.privateKey)) as ArrayBuffer;
  return encodePem("PRIVATE KEY", new Uint8Array(der));
}

export interface ReadKey {
  type: KeyType;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  /** SubjectPublicKeyInfo, DER. */
  publicKeyInfo: Uint8Array<ArrayBuffer>;
}

/** Reads a PKCS#8 key of a known type. Throws KeyError. */
export async function readPrivateKey(pem: string): Promise<ReadKey> {
  const block = decodePem(pem).find(({ label }) => label === "PRIVATE KEY");
  if (!block) throw new KeyError('There is no "PRIVATE KEY" block (PKCS#8) in the PEM text.');
  for (const type of ["p256", "p384", "rsa2048"] as const) {
    const privateKey = await tryImport(block.der, keyAlgorithms[type].generate);
    if (!privateKey) continue;
    const publicKey = await publicKeyOf(privateKey);
    const publicKeyInfo = new Uint8Array((await crypto.subtle.exportKey("spki", publicKey)) as ArrayBuffer);
    const actual = keyTypeOf(publicKey);
    if (!actual) break;
    return { type: actual, privateKey, publicKey, publicKeyInfo };
  }
  throw new KeyError(`The private key is of no known type. Known types: ${keyTypes.join(", ")}.`);
}

/** The type of a key, or nothing when it is of none that we know. */
export function keyTypeOf({ algorithm }: CryptoKey): KeyType | undefined {
  const { namedCurve, modulusLength } = algorithm as { namedCurve?: string; modulusLength?: number };
  return namedCurve ? parseKeyType(namedCurve) : parseKeyType(`rsa${modulusLength}`);
}

async function tryImport(der: Uint8Array<ArrayBuffer>, algorithm: KeyAlgorithm): Promise<CryptoKey | undefined> {
  try {
    return await crypto.subtle.importKey("pkcs8", der, algorithm, true, ["sign"]);
  } catch {
    return undefined;
  }
}

async function publicKeyOf(privateKey: CryptoKey): Promise<CryptoKey> {
  const { kty, crv, x, y, n, e } = (await crypto.subtle.exportKey("jwk", privateKey)) as JsonWebKey;
  const jwk = (kty === "EC" ? { kty, crv, x, y } : { kty, n, e }) as JsonWebKey;
  return crypto.subtle.importKey("jwk", jwk, privateKey.algorithm as KeyAlgorithm, true, ["verify"]);
}
