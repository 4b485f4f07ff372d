/** Passwords: scrypt (RFC 7914), its parameters kept in the hash: "scrypt$N,r,p$salt$hash". */
import { scrypt, timingSafeEqual } from "node:crypto";

/** 16 MiB and about 25 ms: what an isolate of 128 MiB can afford for several sign-ins at once. */
const PARAMETERS = { N: 16384, r: 8, p: 1 };
const KEY_BYTES = 32;

const parametersText = [PARAMETERS.N, PARAMETERS.r, PARAMETERS.p].join(",");

export async function hashPassword(password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const key = await derive(password, salt, PARAMETERS);
  return ["scrypt", parametersText, toHex(salt), toHex(key)].join("$");
}

/** Whether it was made with less work than is done today, or other work. */
export const isOutdated = (stored: string): boolean => stored.split("$")[1] !== parametersText;

/** Compares in constant time. Without a hash it works as long and says no, so that nobody learns which names exist. */
export async function verifyPassword(password: string, stored: string | undefined): Promise<boolean> {
  const [, parameters = parametersText, salt = "00".repeat(16), hash] = stored?.split("$") ?? [];
  const [N = 0, r = 0, p = 0] = parameters.split(",").map(Number);
  const key = await derive(password, fromHex(salt), { N, r, p });
  return hash !== undefined && timingSafeEqual(key, fromHex(hash));
}

function derive(password: string, salt: Uint8Array, parameters: typeof PARAMETERS): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC"), salt, KEY_BYTES, parameters, (error, key) => {
      if (error) reject(error);
      else resolve(new Uint8Array(key));
    });
  });
}

const toHex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromHex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
