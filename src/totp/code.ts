/** The codes of TOTP (RFC 6238) as all authenticator apps know it: SHA-1, 6 digits, steps of 30 seconds. */

/** Milliseconds. */
export const STEP = 30_000;
export const DIGITS = 6;

/** The time step of an instant, milliseconds since the epoch. */
export const stepAt = (time: number): number => Math.floor(time / STEP);

/** The code of a time step (RFC 4226 §5.3, with the step as the counter). */
export async function codeOf(secret: Uint8Array<ArrayBuffer>, step: number, digits = DIGITS): Promise<string> {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(step));
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, counter.buffer));
  const offset = mac.getUint8(19) & 0x0f;
  const number = (mac.getUint32(offset) & 0x7fffffff) % 10 ** digits;
  return number.toString().padStart(digits, "0");
}
