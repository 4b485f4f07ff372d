/** Answers about our zones as JSON, in the form that the large public resolvers share: ?name=…&type=… */
import type { ResourceRecord } from "./records";
import { quoteTxt } from "./txt";
import { answerQuestion, type ZoneAnswer, type ZoneLookup } from "./zone-answers";

const MEDIA_TYPE = "application/dns-json";
const STATUS: Record<ZoneAnswer["rcode"], number> = { NOERROR: 0, NXDOMAIN: 3, REFUSED: 5 };
/** https://www.iana.org/assignments/dns-parameters, those that our zones can have, and ANY. */
const TYPES = { A: 1, NS: 2, CNAME: 5, SOA: 6, MX: 15, TXT: 16, AAAA: 28, SRV: 33, ANY: 255, CAA: 257 } as const;
const NUMBERS: Record<string, number> = TYPES;

/** Whether a request wants JSON: it names a name, and carries no message. */
export const wantsJson = (url: URL): boolean => url.searchParams.has("name") && !url.searchParams.has("dns");

export async function answerDohJson(url: URL, lookup: ZoneLookup): Promise<Response> {
  const name = url.searchParams.get("name") ?? "";
  const type = readType(url.searchParams.get("type") ?? "A");
  if (!isName(name)) return refuse("name is not a DNS name.");
  if (!type) return refuse("type is neither a record type, such as AAAA, nor the number of one.");
  const { rcode, answers, authorities } = await answerQuestion(lookup, name, type.name);
  const ttls = [...answers, ...authorities].map(({ ttl }) => ttl);
  const body = {
    Status: STATUS[rcode],
    TC: false,
    RD: true,
    RA: false,
    AD: false,
    CD: isSet(url.searchParams.get("cd")),
    Question: [{ name, type: type.number }],
    ...(answers.length > 0 ? { Answer: answers.map(toJson) } : {}),
    ...(authorities.length > 0 ? { Authority: authorities.map(toJson) } : {}),
  };
  const age = ttls.length > 0 ? Math.min(...ttls) : 0;
  return Response.json(body, { headers: { "content-type": MEDIA_TYPE, "cache-control": `max-age=${age}` } });
}

const isSet = (value: string | null) => value === "1" || value === "true";

function readType(given: string): { name: string; number: number } | undefined {
  const text = given.toUpperCase();
  const number = /^\d{1,5}$/.test(text) ? Number(text) : NUMBERS[text];
  if (number === undefined || number > 65_535) return undefined;
  const name = Object.keys(TYPES).find((known) => NUMBERS[known] === number);
  return { name: name ?? `TYPE${number}`, number };
}

/** As text that can be written in a message: labels of 1 to 63 bytes, 253 in all. */
function isName(name: string): boolean {
  const bare = name.replace(/\.$/, "");
  if (bare === "") return name === ".";
  return (
    new TextEncoder().encode(bare).length <= 253 && bare.split(".").every((label) => /^[^\s"\\]{1,63}$/.test(label))
  );
}

const toJson = ({ name, type, ttl, value }: ResourceRecord) => ({
  name,
  type: NUMBERS[type] ?? 0,
  TTL: ttl,
  data: type === "TXT" ? quoteTxt(value) : value,
});

const refuse = (error: string) => Response.json({ error }, { status: 400 });
