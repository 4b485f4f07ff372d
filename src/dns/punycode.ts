/** A-labels back to what people write (RFC 3492); `URL` only goes the other way. */

const [BASE, T_MIN, T_MAX, SKEW, DAMP, FIRST_BIAS, FIRST_CODE] = [36, 1, 26, 38, 700, 72, 128];

/** "xn--grn-hoa" → "grün"; any other label, and one that cannot be decoded, stays as it is. */
export function toUnicodeLabel(label: string): string {
  return label.startsWith("xn--") ? (decode(label.slice(4)) ?? label) : label;
}

/** §6.2. */
function decode(encoded: string): string | undefined {
  const delimiter = encoded.lastIndexOf("-");
  const codes = [...encoded.slice(0, Math.max(delimiter, 0))].map((letter) => letter.charCodeAt(0));
  let [code, bias, index, at] = [FIRST_CODE, FIRST_BIAS, 0, delimiter + 1];
  while (at < encoded.length) {
    const before = index;
    for (let weight = 1, k = BASE; ; k += BASE) {
      const digit = digitOf(encoded.charCodeAt(at++));
      if (digit === undefined) return undefined;
      index += digit * weight;
      const threshold = Math.min(Math.max(k - bias, T_MIN), T_MAX);
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    const count = codes.length + 1;
    bias = adapt(index - before, count, before === 0);
    code += Math.floor(index / count);
    if (code > 0x10ffff) return undefined;
    index %= count;
    codes.splice(index++, 0, code);
  }
  return String.fromCodePoint(...codes);
}

/** Letters stand for 0 to 25, digits for 26 to 35. */
function digitOf(character: number): number | undefined {
  if (character >= 0x61 && character <= 0x7a) return character - 0x61;
  if (character >= 0x30 && character <= 0x39) return character - 0x30 + 26;
  return undefined;
}

/** §6.1. */
function adapt(delta: number, count: number, isFirst: boolean): number {
  let rest = isFirst ? Math.floor(delta / DAMP) : delta >> 1;
  rest += Math.floor(rest / count);
  let k = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) >> 1; k += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}
