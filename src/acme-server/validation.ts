/** Checking a challenge: dns-01 (RFC 8555 §8.4), the two that grew out of it, and http-01. */
import { base64url } from "jose";
import { judgePersistentRecords } from "../dns/persistent-validation";
import type { AcmeServerPorts } from "./context";
import { validateHttp } from "./http-validation";
import type { StoredAuthorization, StoredChallenge } from "./store";

/** Who answers the challenge: the account's key, and its URL as it signed with it. */
export interface Responder {
  thumbprint: string;
  accountUrl: string;
}

export interface ValidationError {
  type: "connection" | "dns" | "incorrectResponse" | "malformed" | "unauthorized";
  detail: string;
}

type Ports = Pick<AcmeServerPorts, "resolveTxt" | "fetch" | "now">;

/** What is wrong, or nothing. */
export async function validate(
  { type, token = "", issuerDomainNames = [] }: Pick<StoredChallenge, "type" | "token" | "issuerDomainNames">,
  { identifier, wildcard }: Pick<StoredAuthorization, "identifier" | "wildcard">,
  { thumbprint, accountUrl }: Responder,
  { resolveTxt, fetch, now }: Ports,
): Promise<ValidationError | undefined> {
  if (type === "http-01") return validateHttp(identifier, token, thumbprint, fetch);
  const domain = identifier.value;
  const name = await recordName(type, domain, accountUrl);
  let values: string[];
  try {
    values = await resolveTxt(name);
  } catch {
    return { type: "dns", detail: `The TXT records of ${name} could not be looked up.` };
  }
  if (type === "dns-persist-01") {
    const refusal = judgePersistentRecords(values, { issuerDomainNames, accountUri: accountUrl, wildcard }, now());
    return refusal && { type: refusal.type, detail: `${name}: ${refusal.detail}` };
  }
  if (values.includes(base64url.encode(await sha256(`${token}.${thumbprint}`)))) return undefined;
  const found = values.length === 0 ? "there is none" : `there are ${values.length}, and none is the right one`;
  // The label is made of the account's URL: whoever made another one sees why (draft-ietf-acme-dns-account-label §3.4).
  const whose = type === "dns-account-01" ? `, the name for the account ${accountUrl},` : "";
  return {
    type: "incorrectResponse",
    detail: `No TXT record at ${name}${whose} has the value of the challenge: ${found}.`,
  };
}

async function recordName(type: StoredChallenge["type"], domain: string, accountUrl: string): Promise<string> {
  if (type === "dns-persist-01") return `_validation-persist.${domain}`;
  if (type === "dns-01") return `_acme-challenge.${domain}`;
  return `_${base32((await sha256(accountUrl)).subarray(0, 10))}._acme-challenge.${domain}`;
}

const sha256 = async (text: string) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));

/** RFC 4648 §6, lower case; of whole groups of five bytes, so that nothing is padded. */
function base32(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 5) {
    const group = bytes.subarray(start, start + 5).reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
    for (let shift = 35n; shift >= 0n; shift -= 5n) text += ALPHABET[Number((group >> shift) & 31n)];
  }
  return text;
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
