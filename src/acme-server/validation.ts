/** Checking a dns-01 challenge (RFC 8555 §8.4). */
import { base64url } from "jose";
import type { AcmeServerPorts } from "./context";

/** What is wrong, or nothing. */
export async function validateDns01(
  domain: string,
  token: string,
  thumbprint: string,
  { resolveTxt }: Pick<AcmeServerPorts, "resolveTxt">,
): Promise<{ type: "dns" | "incorrectResponse"; detail: string } | undefined> {
  const name = `_acme-challenge.${domain}`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${token}.${thumbprint}`));
  const expected = base64url.encode(new Uint8Array(digest));
  let values: string[];
  try {
    values = await resolveTxt(name);
  } catch {
    return { type: "dns", detail: `The TXT records of ${name} could not be looked up.` };
  }
  if (values.includes(expected)) return undefined;
  const found = values.length === 0 ? "there is none" : `there are ${values.length}, and none is the right one`;
  return { type: "incorrectResponse", detail: `No TXT record at ${name} has the value of the challenge: ${found}.` };
}
