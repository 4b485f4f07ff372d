/** Anti-replay nonces (RFC 8555 §6.5.2): an unused one is known by its signature alone, a used one by the store. */
import { base64url } from "jose";

const LIFETIME = 3_600_000;
const RANDOM_BYTES = 12;
const TAG_BYTES = 16;

export interface NonceIssuer {
  issue(): Promise<string>;
  /** When the nonce runs out, or nothing when it is not ours or has run out. */
  expiryOf(nonce: string): Promise<number | undefined>;
}

/** `secret` is any random text that all isolates share. */
export function createNonceIssuer(secret: string, now: () => number): NonceIssuer {
  const key = crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(`acme nonces: ${secret}`),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const tagOf = async (content: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await crypto.subtle.sign("HMAC", await key, content)).slice(0, TAG_BYTES);

  return {
    async issue() {
      const content = new Uint8Array(8 + RANDOM_BYTES);
      new DataView(content.buffer).setFloat64(0, now() + LIFETIME);
      crypto.getRandomValues(content.subarray(8));
      const tag = await tagOf(content);
      const nonce = new Uint8Array(content.length + TAG_BYTES);
      nonce.set(content);
      nonce.set(tag, content.length);
      return base64url.encode(nonce);
    },

    async expiryOf(nonce) {
      const bytes = decode(nonce);
      // Used ones are known by their text, so that there may be one text only for the same bytes.
      if (bytes?.length !== 8 + RANDOM_BYTES + TAG_BYTES || base64url.encode(bytes) !== nonce) return undefined;
      const content = bytes.slice(0, -TAG_BYTES);
      const expected = await tagOf(content);
      let difference = 0;
      expected.forEach((byte, index) => {
        difference |= byte ^ (bytes[content.length + index] ?? 0);
      });
      const expiresAt = new DataView(content.buffer).getFloat64(0);
      return difference === 0 && expiresAt > now() ? expiresAt : undefined;
    },
  };
}

function decode(nonce: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Uint8Array(base64url.decode(nonce));
  } catch {
    return undefined;
  }
}
