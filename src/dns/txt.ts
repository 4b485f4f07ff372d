/** TXT values in presentation form (RFC 1035 §5.1): quoted strings of at most 255 bytes. */

const LONGEST_STRING = 255;

/** Raw text to one or more quoted strings. */
export function quoteTxt(text: string): string {
  const bytes = new TextEncoder().encode(text);
  const strings: string[] = [];
  for (let start = 0; start === 0 || start < bytes.length; start += LONGEST_STRING) {
    strings.push(`"${[...bytes.subarray(start, start + LONGEST_STRING)].map(escapeByte).join("")}"`);
  }
  return strings.join(" ");
}

/** Quoted strings, or bare text, to raw text: adjacent strings are joined, escapes undone. */
export function unquoteTxt(content: string): string {
  if (!content.includes('"')) return content;
  const bytes: number[] = [];
  for (const [, inner = ""] of content.matchAll(/"((?:[^"\\]|\\.)*)"/g)) {
    for (const [, decimal, escaped, plain] of inner.matchAll(/\\(\d{3})|\\(.)|([^\\]+)/gs)) {
      if (decimal) bytes.push(Number(decimal));
      else bytes.push(...new TextEncoder().encode(escaped ?? plain));
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

function escapeByte(byte: number): string {
  if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, "0")}`;
}
