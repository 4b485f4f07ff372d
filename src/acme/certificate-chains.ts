/** Chains as a CA sends them (RFC 8555 §7.4.2), and the choice among them. */
import { fromBER } from "asn1js";
import { Certificate } from "pkijs";
import { type Answer, textOf } from "./answers";
import { AcmeGarbage, isAcmeError } from "./errors";

/** The chain as PEM. Throws AcmeGarbage for anything else. */
export function readChain(answer: Answer): string {
  const type = answer.headers.get("content-type") ?? "";
  if (!/^application\/pem-certificate-chain\b/i.test(type)) {
    throw new AcmeGarbage(answer.url, `The certificate came as "${type}", not as a PEM chain.`);
  }
  const text = textOf(answer);
  if (!text.includes("-----BEGIN CERTIFICATE-----"))
    throw new AcmeGarbage(answer.url, "There is no certificate in it.");
  return text;
}

/**
 * The first chain whose topmost certificate was issued under that common name; else the default one. An alternate that
 * cannot be had is passed over: a wish is not worth a certificate.
 */
export async function preferChain(
  commonName: string,
  chain: string,
  alternates: string[],
  fetchChain: (url: string) => Promise<string>,
): Promise<string> {
  if (topmostIssuer(chain) === commonName) return chain;
  for (const url of alternates) {
    const alternate = await fetchChain(url).catch((error) => {
      if (!isAcmeError(error)) throw error;
    });
    if (alternate && topmostIssuer(alternate) === commonName) return alternate;
  }
  return chain;
}

function topmostIssuer(pem: string): string | undefined {
  const last = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)].at(-1)?.[1];
  try {
    const der = Uint8Array.from(atob((last ?? "").replace(/\s+/g, "")), (character) => character.charCodeAt(0));
    const { issuer } = new Certificate({ schema: fromBER(der).result });
    const name = issuer.typesAndValues.find(({ type }) => type === "2.5.4.3");
    return name && String(name.value.valueBlock.value);
  } catch {
    return undefined; // what cannot be read is not the preferred one
  }
}
