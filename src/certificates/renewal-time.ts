/** When a certificate is renewed: in the CA's window where it gives one (RFC 9773 §4.2), else after two thirds of its lifetime. */

const HOUR = 3_600_000;
/** Spread over this share of the lifetime, so that certificates made together are not renewed together. */
const JITTER = 0.05;

export interface Validity {
  notBefore: number;
  notAfter: number;
}

/** `random` is in [0, 1). All instants are milliseconds since the epoch. */
export function renewalTime(
  { notBefore, notAfter }: Validity,
  window: { start: number; end: number } | undefined,
  random: number,
): number {
  if (window) return Math.round(window.start + (window.end - window.start) * random);
  const lifetime = notAfter - notBefore;
  return Math.round(notBefore + lifetime * (2 / 3 - JITTER * random));
}

/** After `failures` failed orders in a row: an hour, doubled each time, at most a day, with jitter. */
export function retryTime(now: number, failures: number, random: number): number {
  const wait = Math.min(HOUR * 2 ** Math.max(0, failures - 1), 24 * HOUR);
  return Math.round(now + wait * (0.75 + random / 2));
}
