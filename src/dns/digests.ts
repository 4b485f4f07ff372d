/** What request signatures are made of: WebCrypto's digests over text, and their spellings. */

type Hash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";
type Input = string | Uint8Array<ArrayBuffer>;

const bytesOf = (input: Input) => (typeof input === "string" ? new TextEncoder().encode(input) : input);

export async function digest(hash: Hash, input: Input): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest(hash, bytesOf(input)));
}

export async function hmac(hash: Hash, key: Input, input: Input): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", bytesOf(key), { name: "HMAC", hash }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytesOf(input)));
}

export const hex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export const base64 = (input: Input): string => btoa(String.fromCharCode(...bytesOf(input)));

/** RFC 7617, with UTF-8. */
export const basicAuth = (user: string, password: string): string => `Basic ${base64(`${user}:${password}`)}`;

/** RFC 3986 §2.3: all but the unreserved characters, as canonical requests want it. */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
