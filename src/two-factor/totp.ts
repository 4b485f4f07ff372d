/** Codes of authenticator apps as they are typed, and what an app is set up by. */
import { codeOf, DIGITS, STEP, stepAt } from "../totp/code";

/** Steps before and after the current one that are taken: clocks differ, and people type (RFC 6238 §5.2). */
const TOLERANCE = 1;

/** The step near `time` whose code this is. Every code is looked at, so that the time it takes tells nothing. */
export async function matchingStep(
  secret: Uint8Array<ArrayBuffer>,
  code: string,
  time: number,
): Promise<number | undefined> {
  let found: number | undefined;
  const current = stepAt(time);
  for (let step = Math.max(0, current - TOLERANCE); step <= current + TOLERANCE; step++) {
    if (isSame(await codeOf(secret, step), code)) found = step;
  }
  return found;
}

function isSame(expected: string, given: string): boolean {
  let difference = expected.length ^ given.length;
  for (let at = 0; at < expected.length; at++) difference |= expected.charCodeAt(at) ^ given.charCodeAt(at);
  return difference === 0;
}

/** 160 bits, as long as the hash (RFC 4226 §4, R6). */
export const newSecret = (): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(20));

/** What apps read from the QR code (github.com/google/google-authenticator, Key Uri Format). */
export function otpauthUri({ issuer, account, secret }: { issuer: string; account: string; secret: string }): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  const parameters = { secret, issuer, algorithm: "SHA1", digits: String(DIGITS), period: String(STEP / 1000) };
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `otpauth://totp/${label}?${query.join("&")}`;
}
