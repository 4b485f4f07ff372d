/** Asking the DNS: what a resolver is, and one over HTTPS (RFC 8484). */
import { decode, encode, type Packet, RECURSION_DESIRED, type RecordType as WireType } from "dns-packet";
import { fromWire, type ResourceRecord } from "./records";

export interface DnsAnswer {
  /** "NOERROR", "NXDOMAIN", "SERVFAIL", … */
  rcode: string;
  answers: ResourceRecord[];
}

export type QueryType = "TXT" | "CNAME" | "NS" | "A" | "AAAA" | "SOA" | "CAA";

export interface Resolver {
  /** Throws ResolveError when no answer comes; NXDOMAIN is an answer. */
  query(name: string, type: QueryType): Promise<DnsAnswer>;
}

export class ResolveError extends Error {
  override readonly name = "ResolveError";
}

const MOST_BYTES = 65_535;

export function dohResolver(options: { url: string; fetch: typeof fetch; timeout?: number }): Resolver {
  const { url, fetch, timeout = 5_000 } = options;
  return {
    async query(name, type) {
      // The id is 0, so that equal questions can be answered from caches (RFC 8484 §4.1).
      const body = encodeQuery(0, name, type, RECURSION_DESIRED);
      const message = await exchange(url, fetch, timeout, body);
      return readMessage(message, name);
    },
  };
}

async function exchange(url: string, fetch: typeof globalThis.fetch, timeout: number, body: Uint8Array<ArrayBuffer>) {
  const headers = {
    "content-type": "application/dns-message",
    accept: "application/dns-message",
    "user-agent": "certedge",
  };
  try {
    const signal = AbortSignal.timeout(timeout);
    const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" });
    if (response.status !== 200) throw new ResolveError(`${url} answered ${response.status}.`);
    return await readBounded(response, url);
  } catch (error) {
    if (error instanceof ResolveError) throw error;
    throw new ResolveError(`${url} cannot be reached.`);
  }
}

async function readBounded({ body }: Response, url: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.byteLength;
    if (size > MOST_BYTES) throw new ResolveError(`${url} sent an answer that is too large.`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

export function encodeQuery(id: number, name: string, type: QueryType, flags: number): Uint8Array<ArrayBuffer> {
  const packet = { type: "query", id, flags, questions: [{ name, type: type as WireType, class: "IN" }] } as const;
  return new Uint8Array(encode(packet as unknown as Packet));
}

/** Reads an answer. Throws ResolveError when it is no DNS message. */
export function readMessage(bytes: Uint8Array, about: string): DnsAnswer {
  try {
    const packet = decode(Buffer.from(bytes)) as Packet & { rcode?: string };
    if (packet.type === "response") {
      const answers = (packet.answers ?? []).flatMap((answer) => fromWire(answer) ?? []);
      return { rcode: packet.rcode ?? "NOERROR", answers };
    }
  } catch {
    // Told below, as for a message that is no answer.
  }
  throw new ResolveError(`The answer about ${about} is not a DNS message that answers.`);
}
