/**
 * DNS messages byte by byte (RFC 1035 §4). For dynamic updates and signatures, which dns-packet does not know: records of
 * class NONE or without data, data that is passed on untouched, and where in the bytes a record begins.
 */

export const types = {
  A: 1,
  CNAME: 5,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  TSIG: 250,
  ANY: 255,
  CAA: 257,
} as const;
export const classes = { IN: 1, NONE: 254, ANY: 255 } as const;

export type Bytes = Uint8Array<ArrayBuffer>;

export interface WireRecord {
  name: string;
  type: number;
  class: number;
  ttl: number;
  data: Bytes;
}

export interface Message {
  id: number;
  /** The 16 bits with the opcode, the flags and the response code. */
  flags: number;
  questions: { name: string; type: number }[];
  answers: WireRecord[];
  authorities: WireRecord[];
  additionals: WireRecord[];
}

/** A record as it was found: names in its data may point into the message. */
export interface FoundRecord extends WireRecord {
  /** Where it begins, and where its data does. */
  start: number;
  dataStart: number;
}

export interface DecodedMessage {
  id: number;
  rcode: number;
  isAuthoritative: boolean;
  answers: FoundRecord[];
  authorities: FoundRecord[];
  additionals: FoundRecord[];
}

export class WireError extends Error {
  override readonly name = "WireError";
}

const HEADER = 12;
const AUTHORITATIVE = 0x0400;
const LONGEST_LABEL = 63;
const LONGEST_STRING = 255;

export function joinBytes(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export const uint16 = (value: number): Bytes => Uint8Array.of(value >> 8, value);
const uint32 = (value: number): Bytes => joinBytes(uint16(value >>> 16), uint16(value));
/** As TSIG has its seconds. */
export const uint48 = (value: number): Bytes => joinBytes(uint16(Math.floor(value / 2 ** 32)), uint32(value >>> 0));

/** Uncompressed. Throws WireError. */
export function encodeName(name: string): Bytes {
  const labels = name === "" ? [] : name.split(".").map((label) => new TextEncoder().encode(label));
  const wrong = labels.some(({ length }) => length === 0 || length > LONGEST_LABEL);
  const encoded = joinBytes(...labels.flatMap((label) => [Uint8Array.of(label.length), label]), Uint8Array.of(0));
  if (wrong || encoded.length > 255) throw new WireError(`"${name}" is no name of the DNS.`);
  return encoded;
}

/** Character-strings of at most 255 bytes. */
export function encodeText(text: string): Bytes {
  const bytes = new TextEncoder().encode(text);
  const strings: Uint8Array[] = [];
  for (let start = 0; start === 0 || start < bytes.length; start += LONGEST_STRING) {
    const part = bytes.subarray(start, start + LONGEST_STRING);
    strings.push(Uint8Array.of(part.length), part);
  }
  return joinBytes(...strings);
}

/** The strings of a TXT record, joined. */
export function decodeText(data: Uint8Array): string {
  const strings: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += 1 + (data[at] ?? 0)) {
    strings.push(data.subarray(at + 1, at + 1 + (data[at] ?? 0)));
  }
  return new TextDecoder().decode(joinBytes(...strings));
}

/** A or AAAA, by what the text is. Throws WireError. */
export function encodeAddress(text: string): Bytes {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return Uint8Array.from(text.split("."), Number);
  if (!URL.canParse(`http://[${text}]/`)) throw new WireError(`"${text}" is no address.`);
  // In the form of RFC 5952, which has no embedded IPv4 address.
  const [head = "", tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split("::");
  const groups = (part = "") => (part === "" ? [] : part.split(":").map((group) => Number.parseInt(group, 16)));
  const [first, last] = [groups(head), groups(tail)];
  const zeros = new Array<number>(8 - first.length - last.length).fill(0);
  return joinBytes(...[...first, ...zeros, ...last].map(uint16));
}

/** From "10 mail.example.com", "0 5 5060 sip.example.com": numbers, then a name, which is the root where it is "." */
export function encodeNumbersAndName(value: string): Bytes {
  const parts = value.split(" ");
  const target = parts.pop() ?? "";
  return joinBytes(...parts.map((part) => uint16(Number(part))), encodeName(target.replace(/\.$/, "")));
}

/** RFC 8659 §4.1. */
export function encodeCaa({ flags, tag, value }: { flags: number; tag: string; value: string }): Bytes {
  const [tagBytes, valueBytes] = [new TextEncoder().encode(tag), new TextEncoder().encode(value)];
  return joinBytes(Uint8Array.of(flags, tagBytes.length), tagBytes, valueBytes);
}

const encodeRecord = ({ name, type, class: inClass, ttl, data }: WireRecord): Bytes =>
  joinBytes(encodeName(name), uint16(type), uint16(inClass), uint32(ttl), uint16(data.length), data);

export function encodeMessage({ id, flags, questions, answers, authorities, additionals }: Message): Bytes {
  const sections = [questions, answers, authorities, additionals];
  return joinBytes(
    uint16(id),
    uint16(flags),
    ...sections.map(({ length }) => uint16(length)),
    ...questions.map(({ name, type }) => joinBytes(encodeName(name), uint16(type), uint16(classes.IN))),
    ...[...answers, ...authorities, ...additionals].map(encodeRecord),
  );
}

/** Throws WireError. */
export function decodeMessage(bytes: Bytes): DecodedMessage {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof RangeError) throw new WireError("The message ends too early.");
    throw error;
  }
}

function decode(bytes: Bytes): DecodedMessage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = HEADER;

  const records = (count: number): FoundRecord[] =>
    Array.from({ length: count }, () => {
      const start = at;
      const { name, end } = decodeName(bytes, start);
      const dataStart = end + 10;
      at = dataStart + view.getUint16(end + 8);
      if (at > bytes.length) throw new RangeError();
      const data = bytes.slice(dataStart, at);
      const fields = { type: view.getUint16(end), class: view.getUint16(end + 2), ttl: view.getUint32(end + 4) };
      return { name, ...fields, data, start, dataStart };
    });

  for (let question = 0; question < view.getUint16(4); question++) at = decodeName(bytes, at).end + 4;
  return {
    id: view.getUint16(0),
    rcode: view.getUint16(2) & 0x0f,
    isAuthoritative: (view.getUint16(2) & AUTHORITATIVE) !== 0,
    answers: records(view.getUint16(6)),
    authorities: records(view.getUint16(8)),
    additionals: records(view.getUint16(10)),
  };
}

/** A name, lower case, and where what follows it begins; pointers (§4.1.4) lead back only. */
export function decodeName(bytes: Bytes, start: number): { name: string; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const labels: string[] = [];
  let end: number | undefined;
  let earliest = start;
  let at = start;
  for (let length = view.getUint8(at); length !== 0; length = view.getUint8(at)) {
    if (length >= 0xc0) {
      end ??= at + 2;
      at = view.getUint16(at) & 0x3fff;
      if (at >= earliest) throw new WireError("A name in the message points to itself.");
      earliest = at;
    } else {
      labels.push(new TextDecoder().decode(bytes.subarray(at + 1, at + 1 + length)));
      at += 1 + length;
    }
  }
  return { name: labels.join(".").toLowerCase(), end: end ?? at + 1 };
}
