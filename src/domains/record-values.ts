/** The values of record sets as people give them, read into the form that they are kept in. */
import { parseAddress } from "../ddns/addresses";
import type { RecordType } from "../dns/provider";
import { quoteTxt, unquoteTxt } from "../dns/txt";
import { type FieldProblem, Problem } from "../problems";

/** The message says what is wrong with a value; where it stands is known by who asked. */
class ValueError extends Error {
  override readonly name = "ValueError";
}

const MOST_VALUES = 100;
/** An RDATA has 16 bits for its length, and each 255 bytes of text take one more (RFC 1035 §3.3.14). */
const LONGEST_TEXT = 65_000;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 8659 §4, RFC 9495, CA/B Forum's baseline requirements. */
const CAA_TAGS = ["issue", "issuewild", "iodef", "issuemail", "issuevmc", "contactemail", "contactphone"];
const ISSUERS = new Set(["issue", "issuewild", "issuemail", "issuevmc"]);
const ISSUER = /^\s*([a-z0-9-]+(\.[a-z0-9-]+)+)?\s*(;\s*([a-z0-9-]+=[!-:<-~]*\s*(;\s*|$))*)?$/i;
const REPORT_TO = /^(mailto:|https?:\/\/)\S+$/i;

/** A name without its final dot; "." itself stays. */
function targetOf(given: string, label: RegExp): string {
  const bare = given.replace(/(?<=.)\.$/, "").toLowerCase();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  const isAscii = /^[\x00-\x7f]*$/.test(bare);
  const name = isAscii || !URL.canParse(`http://${bare}`) ? bare : new URL(`http://${bare}`).hostname;
  const labels = name.split(".");
  const isName = name.length <= 253 && labels.every((one) => label.test(one)) && !/^\d+$/.test(labels.at(-1) ?? "");
  if (!isName) throw new ValueError(`${given} is not the name of a host.`);
  return name;
}

function numberOf(given: string, what: string, most = 65_535): string {
  if (/^\d{1,5}$/.test(given) && Number(given) <= most) return String(Number(given));
  throw new ValueError(`The ${what} is a number from 0 to ${most}; ${JSON.stringify(given)} is none.`);
}

const address = (type: "A" | "AAAA") => (given: string) => {
  const found = parseAddress(given.trim());
  if (found?.family === type) return found.address;
  throw new ValueError(`${given} is not an ${type === "A" ? "IPv4" : "IPv6"} address that a host can have.`);
};

/** Each type's form. */
const readers: Record<RecordType, (given: string) => string> = {
  A: address("A"),
  AAAA: address("AAAA"),

  CNAME: (given) => targetOf(given.trim(), LABEL),

  TXT(given) {
    if (!given.isWellFormed() || given.includes("\0")) throw new ValueError("The text has characters that are none.");
    const { length } = new TextEncoder().encode(given);
    if (length <= LONGEST_TEXT) return given;
    throw new ValueError(`The text has ${length} bytes; a TXT record holds ${LONGEST_TEXT}.`);
  },

  MX(given) {
    const [preference = "", exchange = "", ...rest] = given.trim().split(/\s+/);
    if (exchange === "" || rest.length > 0) {
      throw new ValueError("An MX value is a preference and a host: 10 mail.example.com.");
    }
    const read = numberOf(preference, "preference");
    if (exchange !== ".") return `${read} ${targetOf(exchange, HOST_LABEL)}`;
    if (read === "0") return "0 ."; // RFC 7505: no mail at all
    throw new ValueError('A host that takes no mail has the one value "0 ." (RFC 7505).');
  },

  SRV(given) {
    const [priority = "", weight = "", port = "", target = "", ...rest] = given.trim().split(/\s+/);
    if (target === "" || rest.length > 0) {
      throw new ValueError("An SRV value is priority, weight, port and host: 0 5 5060 sip.example.com.");
    }
    const numbers = [numberOf(priority, "priority"), numberOf(weight, "weight"), numberOf(port, "port")];
    return [...numbers, target === "." ? "." : targetOf(target, HOST_LABEL)].join(" ");
  },

  CAA(given) {
    const [, flags = "", givenTag = "", rest = ""] = /^(\S+)\s+(\S+)\s+(.+)$/s.exec(given.trim()) ?? [];
    const tag = givenTag.toLowerCase();
    if (tag === "") throw new ValueError('A CAA value is flags, tag and value: 0 issue "ca.example.net".');
    if (!CAA_TAGS.includes(tag)) throw new ValueError(`${givenTag} is no tag of CAA: ${CAA_TAGS.join(", ")}.`);
    const value = unquoteTxt(rest);
    if (ISSUERS.has(tag) && !ISSUER.test(value)) {
      throw new ValueError(`${JSON.stringify(value)} names no authority: give its domain, or ";" for none.`);
    }
    if (tag === "iodef" && !REPORT_TO.test(value)) {
      throw new ValueError(`${JSON.stringify(value)} is nowhere to report to: give mailto:… or https://….`);
    }
    return `${numberOf(flags, "flags", 255)} ${tag} ${quoteTxt(value)}`;
  },
};

/** In canonical form. Throws Problem 422 that points at each value that cannot be. */
export function readValues(type: RecordType, given: string[]): string[] {
  const errors: FieldProblem[] = [];
  const values = new Map<string, string>();
  for (const [index, value] of given.entries()) {
    const pointer = `/values/${index}`;
    try {
      const read = readers[type](value);
      const same = values.get(read);
      if (same === undefined) values.set(read, pointer);
      else errors.push({ pointer, detail: `It is there twice: see ${same}.` });
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      errors.push({ pointer, detail: error.message });
    }
  }
  errors.push(...setProblems(type, [...values.keys()]));
  const [first] = errors;
  if (first) {
    const detail = errors.length === 1 ? first.detail : `These cannot be the ${type} records of a host.`;
    throw new Problem(422, detail, { errors });
  }
  return [...values.keys()];
}

/** What is wrong with values that are right one by one. */
function setProblems(type: RecordType, values: string[]): FieldProblem[] {
  const refuse = (detail: string): FieldProblem[] => [{ pointer: "/values", detail }];
  if (values.length > MOST_VALUES)
    return refuse(`A set has at most ${MOST_VALUES} values; these are ${values.length}.`);
  if (type === "CNAME" && values.length > 1) return refuse("A host is an alias of one other name.");
  if (type === "MX" && values.includes("0 .") && values.length > 1) {
    return refuse('"0 ." says that there is no mail: it stands alone (RFC 7505 §3).');
  }
  return [];
}
