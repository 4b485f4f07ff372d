/** Serving our zones over HTTPS (RFC 8484). */
import { AUTHORITATIVE_ANSWER, DNSSEC_OK, decode, encode, type OptAnswer, type Packet } from "dns-packet";
import { toWire } from "./records";
import { answerQuestion, type ZoneAnswer, type ZoneLookup } from "./zone-answers";

const MOST_BYTES = 4_096;
const MESSAGE = "application/dns-message";
const RCODES = { NOERROR: 0, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16 } as const;
const OPCODE = 0x7800;
/** Of the flags, a response repeats the opcode and whether recursion was desired (RFC 1035 §4.1.1). */
const REPEATED_FLAGS = OPCODE | 0x0100;
const HEADER_BYTES = 12;

type Question = NonNullable<Packet["questions"]>[number];
type Answer = Omit<ZoneAnswer, "rcode"> & { rcode: keyof typeof RCODES };

/** Answers GET with `dns=` and POST with the message as body; anything else with a plain HTTP error. */
export async function answerDoh(request: Request, lookup: ZoneLookup): Promise<Response> {
  const message = await readQuery(request);
  if (message instanceof Response) return message;
  const query = parse(message);
  if (!query) return plain(400, "The DNS message cannot be read, or holds not exactly one question.");
  const answer = await answerQuery(query, lookup);
  const ttls = [...answer.answers, ...answer.authorities].map(({ ttl }) => ttl);
  const age = ttls.length > 0 ? Math.min(...ttls) : 0;
  const headers = { "content-type": MESSAGE, "cache-control": `max-age=${age}` };
  return new Response(encodeAnswer(query, answer), { headers });
}

async function readQuery(request: Request): Promise<Uint8Array | Response> {
  if (request.method === "GET") return readParameter(new URL(request.url).searchParams.get("dns"));
  if (request.method !== "POST") return plain(405, "DNS over HTTPS takes GET and POST.", { allow: "GET, POST" });
  if (request.headers.get("content-type")?.split(";")[0]?.trim() !== MESSAGE) {
    return plain(415, `The content type has to be ${MESSAGE}.`);
  }
  const bytes = new Uint8Array(await request.arrayBuffer());
  return bytes.length > MOST_BYTES ? plain(413, "The DNS message is too large.") : bytes;
}

function readParameter(encoded: string | null): Uint8Array | Response {
  if (encoded === null) return plain(400, "The parameter dns is missing: the DNS message in base64url.");
  if (encoded.length > MOST_BYTES * 1.4) return plain(413, "The DNS message is too large.");
  // Four characters are three bytes; a single one left over is no byte.
  if (!/^[A-Za-z0-9_-]+$/.test(encoded) || encoded.length % 4 === 1) {
    return plain(400, "The parameter dns is not base64url without padding.");
  }
  const binary = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

interface Query extends Packet {
  question: Question;
  edns: OptAnswer | undefined;
}

/** Nothing when it is no query with one question, whose name can be written as text and back. */
function parse(message: Uint8Array): Query | undefined {
  try {
    const packet = decode(Buffer.from(message));
    const [question, second] = packet.questions ?? [];
    if (!question || second || packet.type === "response") return undefined;
    // A dot or a strange byte inside a label would make it another name.
    const again = encode({ questions: [question] }).subarray(HEADER_BYTES);
    if (!again.equals(message.subarray(HEADER_BYTES, HEADER_BYTES + again.length))) return undefined;
    return { ...packet, question, edns: packet.additionals?.find((extra): extra is OptAnswer => extra.type === "OPT") };
  } catch {
    return undefined;
  }
}

async function answerQuery({ flags = 0, question, edns }: Query, lookup: ZoneLookup): Promise<Answer> {
  const empty = { answers: [], authorities: [] };
  if ((flags & OPCODE) !== 0) return { rcode: "NOTIMP", ...empty };
  if (edns && edns.ednsVersion > 0) return { rcode: "BADVERS", ...empty };
  if (question.class !== "IN") return { rcode: "REFUSED", ...empty };
  return answerQuestion(lookup, question.name, question.type);
}

/** The question goes back as it came, its case kept; OPT is answered where it was sent (RFC 6891 §6.1.1). */
function encodeAnswer({ id = 0, flags = 0, question, edns }: Query, answer: Answer): Uint8Array<ArrayBuffer> {
  const rcode = RCODES[answer.rcode];
  const authoritative = answer.rcode === "NOERROR" || answer.rcode === "NXDOMAIN" ? AUTHORITATIVE_ANSWER : 0;
  const asked = question.name;
  const keepCase = (name: string) => (name === asked.toLowerCase() ? asked : name);
  const opt: OptAnswer = {
    name: ".",
    type: "OPT",
    udpPayloadSize: 1232,
    extendedRcode: rcode >> 4,
    ednsVersion: 0,
    flags: (edns?.flags ?? 0) & DNSSEC_OK, // copied (RFC 3225 §3)
    flag_do: false,
    options: [],
  };
  const packet: Packet = {
    type: "response",
    id,
    flags: (flags & REPEATED_FLAGS) | authoritative | (rcode & 0xf),
    questions: [question],
    answers: answer.answers.map((record) => toWire({ ...record, name: keepCase(record.name) })),
    authorities: answer.authorities.map(toWire),
    additionals: edns ? [opt] : [],
  };
  return new Uint8Array(encode(packet));
}

const plain = (status: number, text: string, headers: Record<string, string> = {}) =>
  new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8", ...headers } });
