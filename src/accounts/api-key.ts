/** The form of API keys: "ak_" and 32 random bytes in base64url. Only a keyed hash of one is ever kept. */

const FORM = /^ak_[A-Za-z0-9_-]{43}$/;

export const looksLikeApiKey = (text: string): boolean => FORM.test(text);

export const newApiKey = (): string => `ak_${base64Url(crypto.getRandomValues(new Uint8Array(32)))}`;

/**
 * A key is 256 random bits, so no slow hash is needed; the pepper keeps a stolen database from being of any use. Looking
 * it up by an index tells nothing by its timing for the same reason.
 */
export const hashApiKey = (key: string, pepper: string): Promise<string> => keyedHash(key, pepper);

/** HMAC-SHA-256, base64url. */
export async function keyedHash(text: string, pepper: string): Promise<string> {
  const secret = new TextEncoder().encode(pepper);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const hmac = await crypto.subtle.importKey("raw", secret, algorithm, false, ["sign"]);
  return base64Url(new Uint8Array(await crypto.subtle.sign("HMAC", hmac, new TextEncoder().encode(text))));
}

export const base64Url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
