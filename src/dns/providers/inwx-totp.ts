/** The code that an authenticator app shows (RFC 6238: SHA-1, six digits, 30 seconds), of its secret in base32 (RFC 4648 §6). */
import { hmac } from "../digests";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PERIOD = 30_000;

/** `now` in milliseconds since the epoch. */
export async function totp(secret: string, now: number): Promise<string> {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(now / PERIOD)));
  const mac = await hmac("SHA-1", fromBase32(secret), new Uint8Array(counter.buffer));
  const offset = (mac.at(-1) ?? 0) & 0xf;
  const code = new DataView(mac.buffer).getUint32(offset) & 0x7fff_ffff;
  return String(code % 1_000_000).padStart(6, "0");
}

/** Spaces, dashes and padding are overlooked, as people copy them too. */
function fromBase32(text: string): Uint8Array<ArrayBuffer> {
  const bits = Array.from(text.toUpperCase().replace(/[\s=-]/g, ""), (letter) =>
    Math.max(0, ALPHABET.indexOf(letter)).toString(2).padStart(5, "0"),
  ).join("");
  return Uint8Array.from({ length: Math.floor(bits.length / 8) }, (_, index) =>
    Number.parseInt(bits.slice(index * 8, index * 8 + 8), 2),
  );
}
