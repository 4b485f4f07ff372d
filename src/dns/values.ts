/** Whether a record holds a value, however an API writes it down. */
import { normaliseName } from "./names";
import type { RecordType } from "./provider";
import { unquoteTxt } from "./txt";

/** `stored` is as the API tells it: TXT raw or in quoted strings, addresses in any spelling, targets with a dot or without. */
export function sameValue(type: RecordType, stored: string, value: string): boolean {
  switch (type) {
    case "TXT":
      return stored === value || unquoteTxt(stored) === value;
    case "AAAA":
      return canonicalIpv6(stored) === canonicalIpv6(value);
    case "CAA":
      return canonicalCaa(stored) === canonicalCaa(value);
    default:
      return normaliseName(stored) === normaliseName(value);
  }
}

/** Flags, tag and value; the value may stand in quotes or not. */
function canonicalCaa(text: string): string {
  const [flags = "", tag = "", ...rest] = text.split(" ");
  return [Number(flags), tag.toLowerCase(), unquoteTxt(rest.join(" "))].join(" ");
}

/** RFC 5952; a text that is no address stays as it is. */
function canonicalIpv6(text: string): string {
  const url = `http://[${text}]/`;
  return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : text;
}
