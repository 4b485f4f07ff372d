/** What SigV4 and its kin sign of a request (AWS SigV4, Alibaba's ACS3, Tencent's TC3): the request in a form of its own. */
import { digest, hex, hmac, percentEncode } from "./digests";
import type { OutgoingRequest } from "./http-request";

export interface CanonicalRequest {
  /** Hexadecimal SHA-256 of the whole. */
  hash: string;
  /** The names of the headers in it: "host;x-amz-date". */
  signedHeaders: string;
}

export const sha256 = async (text = ""): Promise<string> => hex(await digest("SHA-256", text));

/** Paths of these APIs have no character that would have to be encoded. `headers` are those that are signed. */
export async function canonicalRequest(
  { method, url, body }: Pick<OutgoingRequest, "method" | "url" | "body">,
  headers: Record<string, string>,
): Promise<CanonicalRequest> {
  const lines = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ +/g, " ")] as const)
    .sort(byName);
  const signedHeaders = lines.map(([name]) => name).join(";");
  const text = [
    method,
    url.pathname,
    strictQuery([...url.searchParams].sort(byName)),
    ...lines.map(([name, value]) => `${name}:${value}`),
    "",
    signedHeaders,
    await sha256(body),
  ].join("\n");
  return { hash: await sha256(text), signedHeaders };
}

/** The key that signs: an HMAC of each part under the one before. */
export async function derivedKey(secret: string, ...parts: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const [first = "", ...rest] = parts;
  let key = await hmac("SHA-256", secret, first);
  for (const part of rest) key = await hmac("SHA-256", key, part);
  return key;
}

/** A query as these signatures want it: URLSearchParams writes "+" and "*", which servers read as something else. */
export const strictQuery = (members: Iterable<readonly [string, string]>): string =>
  [...members].map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join("&");

/** The instant as "2015-08-30T12:36:00Z". */
export const toSeconds = (now: number): string => new Date(now).toISOString().replace(/\.\d+Z$/, "Z");

type Member = readonly [string, string];
const byName = ([a, x]: Member, [b, y]: Member): number => (a === b ? compare(x, y) : compare(a, b));
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
