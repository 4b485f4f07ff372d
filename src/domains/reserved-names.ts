/** Names in a zone that all share: those that are the operator's, and those that look like them. */
import { toUnicodeLabel } from "../dns/punycode";

/** Names that would pass for the operator's own, or that programs ask for without being told. */
const RESERVED = [
  ...["www", "api", "admin", "root", "dashboard", "login", "account", "status", "help", "support", "security", "abuse"],
  ...["mail", "smtp", "imap", "pop", "mx", "webmail", "hostmaster", "postmaster", "webmaster", "noreply"],
  ...["ns", "ns1", "ns2", "ns3", "ns4", "dns", "ftp", "vpn", "localhost", "gateway", "isatap"],
  ...["acme", "ca", "ocsp", "crl", "update", "checkip", "ip", "ipv4", "ipv6", "dyndns", "ddns"],
  ...["autoconfig", "autodiscover", "wpad", "mta-sts", "certedge"],
];

/** What is read as one of these letters: of other scripts, and of digits and pairs. Both sides of a comparison go through it. */
const LOOK_ALIKES: [RegExp, string][] = [
  [/[аαａ]/gu, "a"],
  [/[вβьЬ]/gu, "b"],
  [/[сϲᴄ]/gu, "c"],
  [/[ԁɗ]/gu, "d"],
  [/[еєҽέε3]/gu, "e"],
  [/[ɡց]/gu, "g"],
  [/[һհн]/gu, "h"],
  [/[іїıιίΐɩӏ1il|]/gu, "l"],
  [/[јϳ]/gu, "j"],
  [/[кκĸ]/gu, "k"],
  [/м/gu, "m"],
  [/[пηո]/gu, "n"],
  [/[оοσөօ0]/gu, "o"],
  [/[рρ]/gu, "p"],
  [/[ԛգ]/gu, "q"],
  [/[гᴦ]/gu, "r"],
  [/[ѕ5]/gu, "s"],
  [/[тτ]/gu, "t"],
  [/[υսʋ]/gu, "u"],
  [/[ѵν]/gu, "v"],
  [/[ѡωաԝ]/gu, "w"],
  [/[хχ]/gu, "x"],
  [/[уγүყ]/gu, "y"],
  [/ᴢ/gu, "z"],
  [/rn/g, "m"],
  [/vv/g, "w"],
];

/** Scripts whose letters stand together in one writing (UTS #39 §5.2, highly restrictive). */
const WRITINGS: RegExp[] = [
  ...["Latin", "Greek", "Cyrillic", "Armenian", "Hebrew", "Arabic", "Devanagari", "Bengali", "Gurmukhi", "Gujarati"],
  ...["Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Thai", "Lao", "Tibetan", "Myanmar", "Georgian", "Khmer"],
  ...["Ethiopic", "Mongolian", "Bopomofo"],
].map((script) => new RegExp(`^[\\p{Script=${script}}\\p{Script=Common}\\p{Script=Inherited}]*$`, "u"));
WRITINGS.push(
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Common}\p{Script=Inherited}]*$/u,
  /^[\p{Script=Han}\p{Script=Hangul}\p{Script=Common}\p{Script=Inherited}]*$/u,
);

/** What is left of a label for the eye: no marks, no dashes, and of letters that look alike, one. */
function skeletonOf(label: string): string {
  const bare = toUnicodeLabel(label)
    .normalize("NFKD")
    .replace(/\p{M}|-/gu, "")
    .toLowerCase();
  return LOOK_ALIKES.reduce((left, [alike, letter]) => left.replace(alike, letter), bare);
}

export type NameRefusal = { kind: "reserved" } | { kind: "alike"; to: string } | { kind: "scripts"; label: string };

/** `further` are the operator's own reserved names. */
export function createReservedNames(further: string[] = []) {
  const reserved = [...RESERVED, ...further];
  const alike = new Map(reserved.map((name) => [skeletonOf(name), name]));
  const exact = new Set(reserved);

  /** Why nobody may have the name, which is given by what stands before its zone: "home", "a.home". */
  return (before: string): NameRefusal | undefined => {
    const labels = before.split(".");
    const mixed = labels.find((label) => !WRITINGS.some((writing) => writing.test(toUnicodeLabel(label))));
    if (mixed !== undefined) return { kind: "scripts", label: mixed };
    // What is below a reserved name is as much the operator's: challenge hosts stand below "acme".
    const top = labels.at(-1) ?? "";
    if (exact.has(top)) return { kind: "reserved" };
    const to = alike.get(skeletonOf(top));
    return to === undefined ? undefined : { kind: "alike", to };
  };
}

export type ReservedNames = ReturnType<typeof createReservedNames>;
