/** Names that a certificate can be for: DNS names (RFC 1035, RFC 5890) and addresses (RFC 8738), in one canonical form. */

export interface Identifier {
  type: "dns" | "ip";
  value: string;
}

/** The message says what is wrong with which name, and what to do. */
export class NameError extends Error {
  override readonly name = "NameError";

  constructor(
    readonly given: string,
    reason: string,
  ) {
    super(`${shorten(given)} ${reason}`);
  }
}

/** Top-level domains under which no public name exists (RFC 6761, RFC 6762, RFC 7686, RFC 9476). */
const SPECIAL_USE = new Set(["localhost", "local", "invalid", "onion", "alt"]);

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Lower case, A-labels, no final dot; addresses in their canonical form. Throws NameError. */
export function parseIdentifier(given: string): Identifier {
  const trimmed = given.trim();
  if (trimmed === "") throw new NameError(given, "is empty.");
  const address = parseAddress(trimmed);
  if (address) return { type: "ip", value: address };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed)) throw new NameError(given, "is a URL; give the host name alone.");
  if (/\s/.test(trimmed)) throw new NameError(given, "has a blank in it; give one name in each field.");
  if (/[/?#@:\\%]/.test(trimmed)) throw new NameError(given, "is not a host name; leave out port, path and user.");

  const wildcard = trimmed.startsWith("*.");
  const bare = toAscii(given, wildcard ? trimmed.slice(2) : trimmed);
  checkName(given, bare, wildcard);
  return { type: "dns", value: wildcard ? `*.${bare}` : bare };
}

/** UTS #46 as the URL standard has it; plain ASCII is left for the label rules, which say more. */
function toAscii(given: string, name: string): string {
  const bare = name.replace(/[.\u3002\uff0e\uff61]$/, "").toLowerCase();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  if (/^[\x00-\x7f]*$/.test(bare)) return bare;
  const ascii = asHostOfUrl(bare.normalize("NFC"));
  if (ascii === undefined) throw new NameError(given, "is not a valid international name; check its spelling.");
  return ascii;
}

const asHostOfUrl = (name: string): string | undefined => {
  const url = `http://${name}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
};

/** Whether a label that says it is one can be decoded (RFC 5891 §5.4). A URL looks only where a name is not all ASCII. */
const isALabel = (label: string): boolean => asHostOfUrl(`${label}.\u00e4`) !== undefined;

function checkName(given: string, bare: string, wildcard: boolean): void {
  const refuse = (reason: string) => new NameError(given, reason);
  const labels = bare.split(".");
  const top = labels.at(-1) ?? "";
  if (bare.includes("*"))
    throw refuse("has a wildcard in the wrong place; it can only be the whole first label: *.example.com.");
  if (bare.length > (wildcard ? 251 : 253)) throw refuse("is longer than 253 characters.");
  for (const label of labels) {
    if (label === "") throw refuse("has an empty label: two dots in a row, or a dot in front.");
    if (label.length > 63) throw refuse(`has a label of ${label.length} characters; 63 are allowed.`);
    if (label.includes("_")) throw refuse("has an underscore, which a host name cannot have.");
    if (!LABEL.test(label)) throw refuse(`has the label "${label}": letters, digits and inner dashes only.`);
    if (label.startsWith("xn--") && !isALabel(label)) {
      throw refuse(
        `has the label "${label}", which is not a valid international one; give the name as people write it.`,
      );
    }
  }
  if (labels.length < 2) {
    throw refuse(
      wildcard
        ? "would cover a whole top-level domain; put a name under it: *.example.com."
        : "is a single label, not a public name; add its domain.",
    );
  }
  if (/^(\d+|0x[0-9a-f]*)$/.test(top)) throw refuse("ends in a number, which no top-level domain is.");
  if (SPECIAL_USE.has(top)) throw refuse(`is under .${top}, where no certificate authority can check a name.`);
}

/** The canonical form of an IPv4 or IPv6 address, or nothing. */
function parseAddress(text: string): string | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    return text.split(".").every((part) => Number(part) <= 255 && String(Number(part)) === part) ? text : undefined;
  }
  const inner = text.replace(/^\[(.*)\]$/, "$1");
  if (!inner.includes(":") || !/^[0-9a-f:.]+$/i.test(inner)) return undefined;
  const url = `http://[${inner}]`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : undefined;
}

const shorten = (text: string) => JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);
