/**
 * Sealing of secrets at rest: AES-256-GCM under a random data key of each record, which a key of the ring wraps.
 * A sealed text is "s1.<ring key id>.<wrapped data key>.<ciphertext>"; each of the two carries its 96-bit nonce in front.
 */

export class SealingError extends Error {
  override readonly name = "SealingError";
}

/** `place` says where the secret belongs (table, row, column, owner); a sealed text opens at no other place. */
export interface Sealer {
  seal(plaintext: string, place: string): Promise<string>;
  open(sealed: string, place: string): Promise<string>;
}

const VERSION = "s1";
const NONCE_BYTES = 12;

/** `ring` is "id:base64 key,id:base64 key"; the first key seals, all of them open. Throws SealingError. */
export function createSealer(ring: string): Sealer {
  const keys = readRing(ring);
  const current = [...keys.keys()][0] as string;

  return {
    async seal(plaintext, place) {
      const dataKeyBytes = crypto.getRandomValues(new Uint8Array(32));
      const wrapped = await encrypt(await keyOf(keys, current), dataKeyBytes, place);
      const ciphertext = await encrypt(await importKey(dataKeyBytes), new TextEncoder().encode(plaintext), place);
      return [VERSION, current, toBase64Url(wrapped), toBase64Url(ciphertext)].join(".");
    },

    async open(sealed, place) {
      const [version, keyId, wrapped, ciphertext, ...rest] = sealed.split(".");
      if (version !== VERSION || !keyId || !wrapped || !ciphertext || rest.length > 0) {
        throw new SealingError(`What is stored at ${place} is not a sealed secret.`);
      }
      const dataKeyBytes = await decrypt(await keyOf(keys, keyId), fromBase64Url(wrapped), place);
      const plaintext = await decrypt(await importKey(dataKeyBytes), fromBase64Url(ciphertext), place);
      return new TextDecoder("utf-8", { ignoreBOM: true, fatal: false }).decode(plaintext);
    },
  };
}

function readRing(ring: string): Map<string, Promise<CryptoKey>> {
  const keys = new Map<string, Promise<CryptoKey>>();
  for (const entry of (ring ?? "").split(",").map((part) => part.trim())) {
    const [id, encoded] = entry.split(/:(.*)/s);
    if (!id || !encoded || !/^[A-Za-z0-9_-]+$/.test(id)) {
      throw new SealingError('ENCRYPTION_KEYS has to be "id:base64 of 32 bytes", several of them joined by commas.');
    }
    const bytes = fromBase64Url(encoded);
    if (bytes.length !== 32) throw new SealingError(`The key "${id}" in ENCRYPTION_KEYS has to be 32 bytes long.`);
    if (keys.has(id)) throw new SealingError(`The key "${id}" is there twice in ENCRYPTION_KEYS.`);
    keys.set(id, importKey(bytes));
  }
  return keys;
}

function keyOf(keys: Map<string, Promise<CryptoKey>>, id: string): Promise<CryptoKey> {
  const key = keys.get(id);
  if (!key) throw new SealingError(`ENCRYPTION_KEYS holds no key "${id}", under which this secret was sealed.`);
  return key;
}

const importKey = (bytes: Uint8Array) =>
  crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);

const parameters = (nonce: Uint8Array<ArrayBuffer>, place: string) => ({
  name: "AES-GCM",
  iv: nonce,
  additionalData: new TextEncoder().encode(place),
});

async function encrypt(key: CryptoKey, plaintext: Uint8Array, place: string) {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(parameters(nonce, place), key, plaintext));
  const joined = new Uint8Array(NONCE_BYTES + ciphertext.length);
  joined.set(nonce);
  joined.set(ciphertext, NONCE_BYTES);
  return joined;
}

async function decrypt(key: CryptoKey, sealed: Uint8Array<ArrayBuffer>, place: string) {
  try {
    const nonce = sealed.slice(0, NONCE_BYTES);
    return new Uint8Array(await crypto.subtle.decrypt(parameters(nonce, place), key, sealed.slice(NONCE_BYTES)));
  } catch {
    throw new SealingError(`The secret at ${place} does not open: it was changed, moved, or sealed under another key.`);
  }
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
      character.charCodeAt(0),
    );
  } catch {
    throw new SealingError("A sealed secret or a key of ENCRYPTION_KEYS is not base64.");
  }
}
