/** Elements of DER (X.690 §8.1), found where they stand: for what is too long to make objects of all of it. */

/** Its tag, its content, and where the next one begins. */
export interface Element {
  tag: number;
  start: number;
  content: number;
  end: number;
}

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  octetString: 0x04,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

export class DerError extends Error {
  override readonly name = "DerError";
}

/** The element that begins at `start` and ends before `limit`. Throws DerError, also where its tag is not the one that is wanted. */
export function elementAt(der: Uint8Array, start: number, limit: number, wanted?: number): Element {
  const [tag, first] = [der[start], der[start + 1]];
  if (tag === undefined || first === undefined || start + 2 > limit) throw new DerError("It is cut off.");
  if (wanted !== undefined && tag !== wanted) throw new DerError("It is made up of other parts.");
  const bytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || bytes > 4) throw new DerError("It is not DER.");
  let length = bytes === 0 ? first : 0;
  for (let index = 0; index < bytes; index++) length = length * 256 + (der[start + 2 + index] ?? 0);
  const content = start + 2 + bytes;
  if (content + length > limit) throw new DerError("It is cut off.");
  return { tag, start, content, end: content + length };
}

/** One after the other, from `start` to `end`. */
export function* elementsOf(der: Uint8Array, start: number, end: number): Generator<Element> {
  for (let at = start; at < end; ) {
    const element = elementAt(der, at, end);
    yield element;
    at = element.end;
  }
}

/** UTCTime as YYMMDDHHMMSSZ, GeneralizedTime as YYYYMMDDHHMMSSZ (RFC 5280 §4.1.2.5); an instant. */
export function timeIn(der: Uint8Array, { tag, content, end }: Element): number {
  const text = String.fromCharCode(...der.subarray(content, Math.min(end, content + 20)));
  const [, year = "", ...rest] = /^(\d{4}|\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text) ?? [];
  if (year.length !== (tag === TAG.utcTime ? 2 : 4)) throw new DerError("It has a time that cannot be read.");
  const full = year.length === 4 ? Number(year) : Number(year) + (Number(year) < 50 ? 2000 : 1900);
  const [month = 0, day = 0, hour = 0, minute = 0, second = 0] = rest.map(Number);
  return Date.UTC(full, month - 1, day, hour, minute, second);
}

/** An integer as serial numbers are shown: lower-case hex without a leading zero byte. */
export const hexOf = (der: Uint8Array, { content, end }: Element): string =>
  Array.from(der.subarray(content, end), (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .replace(/^00(?=.)/, "");

/** The last four bytes of an integer: enough to tell it from nearly all others, and quick to read. */
export function endingOf(der: Uint8Array, { content, end }: Element): number {
  let ending = 0;
  for (let at = Math.max(content, end - 4); at < end; at++) ending = ending * 256 + (der[at] ?? 0);
  return ending;
}
