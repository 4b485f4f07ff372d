/** Resource records between their presentation form (RFC 1035 §5) and the wire format of dns-packet. */
import type { Answer } from "dns-packet";
import { normaliseName } from "./names";
import { quoteTxt, unquoteTxt } from "./txt";

/** `value` is in presentation form, except TXT: raw text. */
export interface ResourceRecord {
  name: string;
  type: string;
  ttl: number;
  value: string;
}

interface Codec {
  toWire(value: string): unknown;
  fromWire(data: never): string;
}

const host: Codec = { toWire: (value) => value, fromWire: (data: string) => normaliseName(data) };
const address: Codec = { toWire: (value) => value, fromWire: (data: string) => data };

const codecs: Record<string, Codec> = {
  A: address,
  AAAA: address,
  CNAME: host,
  NS: host,
  TXT: {
    toWire: (value) => stringsOf(value),
    fromWire: (data: string | Uint8Array | (string | Uint8Array)[]) =>
      new TextDecoder().decode(join((Array.isArray(data) ? data : [data]).map(bytesOf))),
  },
  MX: {
    toWire: (value) => {
      const [preference = "0", exchange = ""] = value.split(" ");
      return { preference: Number(preference), exchange };
    },
    fromWire: ({ preference, exchange }: { preference: number; exchange: string }) => `${preference} ${exchange}`,
  },
  SRV: {
    toWire: (value) => {
      const [priority = "0", weight = "0", port = "0", target = ""] = value.split(" ");
      return { priority: Number(priority), weight: Number(weight), port: Number(port), target };
    },
    fromWire: ({
      priority,
      weight,
      port,
      target,
    }: {
      priority: number;
      weight: number;
      port: number;
      target: string;
    }) => `${priority} ${weight} ${port} ${target}`,
  },
  CAA: {
    toWire: (value) => {
      const [flags = "0", tag = "", ...rest] = value.split(" ");
      return { flags: Number(flags), tag, value: unquoteTxt(rest.join(" ")), issuerCritical: Number(flags) >= 128 };
    },
    fromWire: ({ flags, tag, value }: { flags: number; tag: string; value: string }) =>
      `${flags} ${tag} ${quoteTxt(value)}`,
  },
  SOA: {
    toWire: (value) => {
      const [mname = "", rname = "", ...numbers] = value.split(" ");
      const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = numbers.map(Number);
      return { mname, rname, serial, refresh, retry, expire, minimum };
    },
    fromWire: (soa: Record<string, string | number>) =>
      ["mname", "rname", "serial", "refresh", "retry", "expire", "minimum"].map((key) => soa[key]).join(" "),
  },
};

export const knownTypes: ReadonlySet<string> = new Set(Object.keys(codecs));

export const toWire = ({ name, type, ttl, value }: ResourceRecord): Answer =>
  ({ name, type, ttl, class: "IN", data: codecs[type]?.toWire(value) }) as Answer;

/** Nothing for a type that we have no use for. */
export function fromWire(answer: Answer): ResourceRecord | undefined {
  const codec = codecs[answer.type];
  if (!codec || !("data" in answer)) return undefined;
  const { name, type, ttl = 0, data } = answer as { name: string; type: string; ttl?: number; data: never };
  return { name: normaliseName(name), type, ttl, value: codec.fromWire(data) };
}

/** Character-strings of at most 255 bytes. */
function stringsOf(text: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  const strings: Uint8Array[] = [];
  for (let start = 0; start === 0 || start < bytes.length; start += 255) {
    strings.push(Buffer.from(bytes.subarray(start, start + 255)));
  }
  return strings;
}

const bytesOf = (part: string | Uint8Array) => (typeof part === "string" ? new TextEncoder().encode(part) : part);

function join(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
