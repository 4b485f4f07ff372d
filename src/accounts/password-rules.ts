/** Which passwords would be guessed, however long they are. */
import { Problem } from "../problems";
import { commonPasswords } from "./common-passwords";

/** Keyboards and alphabets, along which a password must not run. */
const ROWS = [
  "abcdefghijklmnopqrstuvwxyz",
  "0123456789",
  "1234567890",
  "qwertyuiop",
  "qwertzuiop",
  "azertyuiop",
  "asdfghjkl",
  "zxcvbnm",
  "yxcvbnm",
];

/** Letters and digits beside what everybody knows. */
const LEAST_OWN = 8;

/** Whose password it is to be. */
interface Person {
  username: string;
  email: string;
}

/** Throws 422 when it would be guessed; `pointer` is where it was given. */
export function requireGoodPassword(password: string, person: Person, pointer: string): void {
  const weakness = weaknessOf(password, person);
  if (weakness) throw new Problem(422, weakness, { errors: [{ pointer, detail: weakness }] });
}

export function weaknessOf(password: string, { username, email }: Person): string | undefined {
  const plain = password.normalize("NFKC").toLowerCase();
  if (isRepetition(plain)) return "The password is one piece over and over. Choose another one.";
  if (isSequence(plain)) return "The password runs along the alphabet or the keyboard. Choose another one.";
  if (commonPasswords.has(plain))
    return "The password is one of the commonest, which are guessed first. Choose another one.";
  const [local = "", domain = ""] = email.toLowerCase().split("@");
  const known = [
    email.toLowerCase(),
    username.toLowerCase(),
    local,
    domain,
    ...domain.split("."),
    "certedge",
    "password",
  ];
  const own = ownPartOf(plain, known);
  if (own !== undefined && own.length < LEAST_OWN) {
    return "The password is little more than your name, your address or certedge's. Choose another one.";
  }
  return undefined;
}

/** "aaaaaaaaaaaa", "hunter2hunter2": found again in itself, doubled, before its end. */
const isRepetition = (text: string) => (text + text).indexOf(text, 1) < text.length;

/** Every character follows the one before it in a row, forwards or backwards; wherever rows change, four must have run. */
function isSequence(text: string): boolean {
  let start = 0;
  while (start < text.length) {
    const run = runFrom(text, start);
    if (run < 4) return false;
    start += run;
  }
  return true;
}

function runFrom(text: string, start: number): number {
  const lines = ROWS.flatMap((row) => [row + row, [...row, ...row].reverse().join("")]);
  let run = 1;
  while (start + run < text.length && lines.some((line) => line.includes(text.slice(start, start + run + 1)))) run += 1;
  return run;
}

/** What is left without what everybody knows of the person, and without signs; nothing when there is none of it. */
function ownPartOf(text: string, known: string[]): string | undefined {
  const words = known.filter((word) => word.length > 2).sort((a, b) => b.length - a.length);
  const rest = words.reduce((left, word) => left.replaceAll(word, ""), text);
  return rest === text ? undefined : rest.replace(/[^\p{L}\p{N}]/gu, "");
}
