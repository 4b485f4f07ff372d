/** Tokens that somebody brings back: of sessions, and of links in mails. */
import { base64Url } from "./api-key";

/** 256 random bits. */
export const newToken = (): string => base64Url(crypto.getRandomValues(new Uint8Array(32)));

/** What is kept of one. It is random, so a plain hash keeps it safe, and looking it up tells nothing by its timing. */
export async function hashToken(token: string): Promise<string> {
  return base64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))));
}
