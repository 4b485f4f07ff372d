/** Checks signatures of certificates and requests with a WebCrypto that is not the runtime's own: @peculiar/webcrypto. */
import { Crypto } from "@peculiar/webcrypto";

const { subtle } = new Crypto();

const signatures: Record<string, { name: string; hash: string; coordinate: number }> = {
  // The objects' identifiers in DER, in hex: ecdsa-with-SHA256, ecdsa-with-SHA384, sha256WithRSAEncryption.
  "2a8648ce3d040302": { name: "ECDSA", hash: "SHA-256", coordinate: 32 },
  "2a8648ce3d040303": { name: "ECDSA", hash: "SHA-384", coordinate: 48 },
  "2a864886f70d01010b": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", coordinate: 0 },
};

/** What signs: the curve of an EC key, "RSA" for the others. */
export type SignerKind = "P-256" | "P-384" | "RSA";

/** Whether a SEQUENCE { what is signed, algorithm, BIT STRING } in DER is signed by that key (SubjectPublicKeyInfo). */
export async function isSignedBy(der: Uint8Array, publicKeyInfo: Uint8Array, kind: SignerKind): Promise<boolean> {
  const [signed, algorithm, bits] = contentsOf(der);
  const [identifier] = contentsOf(algorithm?.whole ?? new Uint8Array());
  const { name, hash, coordinate } = signatures[Buffer.from(identifier?.content ?? []).toString("hex")] ?? {};
  if (!signed || !bits || !name || !hash) throw new Error("it is not a signed structure of a known algorithm");
  const given = bits.content.subarray(1);
  const signature = kind === "RSA" ? given : fixedLength(given, coordinate ?? 0);
  const parameters = { name, hash, ...(kind === "RSA" ? {} : { namedCurve: kind }) };
  const key = await subtle.importKey("spki", publicKeyInfo.slice(), parameters, false, ["verify"]);
  return subtle.verify(parameters, key, signature.slice(), signed.whole.slice());
}

/** The public key of a private one (PKCS#8), as it sees it: whether a signature of the one is good by the other. */
export async function belongTogether(pkcs8: Uint8Array, publicKeyInfo: Uint8Array, kind: SignerKind): Promise<boolean> {
  const parameters = {
    hash: "SHA-256",
    ...(kind === "RSA" ? { name: "RSASSA-PKCS1-v1_5" } : { name: "ECDSA", namedCurve: kind }),
  };
  const privateKey = await subtle.importKey("pkcs8", pkcs8.slice(), parameters, false, ["sign"]);
  const publicKey = await subtle.importKey("spki", publicKeyInfo.slice(), parameters, false, ["verify"]);
  const message = new TextEncoder().encode("a message");
  return subtle.verify(parameters, publicKey, await subtle.sign(parameters, privateKey, message), message);
}

interface Element {
  whole: Uint8Array;
  content: Uint8Array;
}

/** The elements in a constructed one; DER only. */
function contentsOf(der: Uint8Array): Element[] {
  const elements: Element[] = [];
  const { content } = elementAt(der, 0);
  for (let at = 0; at < content.length; ) {
    const element = elementAt(content, at);
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

function elementAt(bytes: Uint8Array, at: number): Element {
  const first = bytes[at + 1] ?? 0;
  const sizes = first < 128 ? 0 : first & 127;
  const length =
    first < 128 ? first : bytes.subarray(at + 2, at + 2 + sizes).reduce((sum, byte) => sum * 256 + byte, 0);
  const start = at + 2 + sizes;
  return { whole: bytes.subarray(at, start + length), content: bytes.subarray(start, start + length) };
}

/** SEQUENCE { r, s } as r || s. */
function fixedLength(der: Uint8Array, size: number): Uint8Array {
  const joined = new Uint8Array(2 * size);
  for (const [index, { content }] of contentsOf(der).entries()) {
    const bare = content.subarray(Math.max(0, content.length - size));
    joined.set(bare, (index + 1) * size - bare.length);
  }
  return joined;
}
