/** The code that an authenticator app shows, of its secret in base32 (RFC 4648 §6). */
import { codeOf, stepAt } from "../../totp/code";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** `now` in milliseconds since the epoch. */
export const totp = (secret: string, now: number): Promise<string> => codeOf(fromBase32(secret), stepAt(now));

/** Spaces, dashes and padding are overlooked, as people copy them too. */
function fromBase32(text: string): Uint8Array<ArrayBuffer> {
  const bits = Array.from(text.toUpperCase().replace(/[\s=-]/g, ""), (letter) =>
    Math.max(0, ALPHABET.indexOf(letter)).toString(2).padStart(5, "0"),
  ).join("");
  return Uint8Array.from({ length: Math.floor(bits.length / 8) }, (_, index) =>
    Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2),
  );
}
