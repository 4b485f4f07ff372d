/** Serving our zones over HTTPS (RFC 8484). */
import { AUTHORITATIVE_ANSWER, decode, encode, type Packet } from "dns-packet";
import { toWire } from "./records";
import { answerQuestion, type ZoneAnswer, type ZoneLookup } from "./zone-answers";

const MOST_BYTES = 4_096;
const MESSAGE = "application/dns-message";
const RCODES = { NOERROR: 0, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
const QUERY_OPCODES = 0x7800;

/** Answers GET with `dns=` and POST with the message as body; anything else with a plain HTTP error. */
export async function answerDoh(request: Request, lookup: ZoneLookup): Promise<Response> {
  const message = await readQuery(request);
  if (message instanceof Response) return message;
  const query = parse(message);
  const question = query?.questions?.[0];
  if (!query || !question || query.questions?.length !== 1 || query.type === "response") {
    return plain(400, "The DNS message cannot be read, or holds not exactly one question.");
  }
  const understood = ((query.flags ?? 0) & QUERY_OPCODES) === 0;
  const answer: ZoneAnswer | undefined = understood
    ? await answerQuestion(lookup, question.name, question.type)
    : undefined;
  const bytes = encodeAnswer(query, answer);
  const ttls = [...(answer?.answers ?? []), ...(answer?.authorities ?? [])].map(({ ttl }) => ttl);
  const age = ttls.length > 0 ? Math.min(...ttls) : 0;
  return new Response(bytes, { headers: { "content-type": MESSAGE, "cache-control": `max-age=${age}` } });
}

async function readQuery(request: Request): Promise<Uint8Array | Response> {
  if (request.method === "GET") {
    const encoded = new URL(request.url).searchParams.get("dns");
    if (encoded === null) return plain(400, "The parameter dns is missing: the DNS message in base64url.");
    if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return plain(400, "The parameter dns is not base64url without padding.");
    if (encoded.length > MOST_BYTES * 1.4) return plain(413, "The DNS message is too large.");
    const binary = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  }
  if (request.method !== "POST") return plain(405, "DNS over HTTPS takes GET and POST.");
  if (request.headers.get("content-type")?.split(";")[0]?.trim() !== MESSAGE) {
    return plain(415, `The content type has to be ${MESSAGE}.`);
  }
  const bytes = new Uint8Array(await request.arrayBuffer());
  return bytes.length > MOST_BYTES ? plain(413, "The DNS message is too large.") : bytes;
}

function parse(message: Uint8Array): Packet | undefined {
  try {
    return decode(Buffer.from(message));
  } catch {
    return undefined;
  }
}

/** The question goes back as it came, its case kept; OPT is answered where it was sent (RFC 6891 §6.1.1). */
function encodeAnswer(query: Packet, answer: ZoneAnswer | undefined): Uint8Array<ArrayBuffer> {
  const asksEdns = query.additionals?.some(({ type }) => type === "OPT") ?? false;
  const rcode = answer ? RCODES[answer.rcode] : RCODES.NOTIMP;
  const flags = ((query.flags ?? 0) & 0x7900) | (answer && answer.rcode !== "REFUSED" ? AUTHORITATIVE_ANSWER : 0) | rcode;
  const asked = query.questions?.[0]?.name ?? "";
  const keepCase = (name: string) => (name === asked.toLowerCase().replace(/\.$/, "") ? asked : name);
  const packet = {
    type: "response",
    id: query.id ?? 0,
    flags,
    questions: query.questions ?? [],
    answers: (answer?.answers ?? []).map((record) => toWire({ ...record, name: keepCase(record.name) })),
    authorities: (answer?.authorities ?? []).map(toWire),
    additionals: asksEdns ? [{ name: ".", type: "OPT", udpPayloadSize: 1232, flags: 0, options: [] }] : [],
  };
  return new Uint8Array(encode(packet as unknown as Packet));
}

const plain = (status: number, text: string) =>
  new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
