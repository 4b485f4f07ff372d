/** Checking what a CA sent before it is accepted: the names, the key, the dates, and the order of the chain. */
import type { Certificate } from "pkijs";
import { CertificateError, type CertificateFacts, factsOf, parseCertificate } from "./certificate";
import type { Identifier } from "./identifiers";
import { decodePem, encodePem, PemError } from "./pem";

export type ChainFault =
  | "unreadable"
  | "too_long"
  | "wrong_key"
  | "wrong_names"
  | "expired"
  | "not_yet_valid"
  | "wrong_order"
  | "untrusted";

export class ChainError extends Error {
  override readonly name = "ChainError";

  constructor(
    readonly reason: ChainFault,
    detail: string,
  ) {
    super(detail);
  }
}

const LONGEST_CHAIN = 10;
/** A CA's clock may be a little ahead of ours. */
const CLOCK_SKEW = 5 * 60_000;
/** RFC 8410 §3. */
const ED25519 = "1.3.101.112";

export interface CheckedChain {
  leaf: CertificateFacts;
  chain: CertificateFacts[];
  /** The certificates alone, leaf first. */
  chainPem: string;
}

/** Throws ChainError with what is wrong. */
export async function checkChain(input: {
  chainPem: string;
  identifiers: Identifier[];
  publicKeyInfo: Uint8Array;
  now: number;
}): Promise<CheckedChain> {
  const read = await Promise.all(readBlocks(input.chainPem).map(readOne));
  const chain = read.map(({ facts }) => facts);
  const leaf = chain[0] as CertificateFacts;
  if (!sameBytes(leaf.publicKeyInfo, input.publicKeyInfo)) {
    throw new ChainError("wrong_key", "The certificate is for another key than the one that was ordered for.");
  }
  checkNames(leaf.identifiers, input.identifiers);
  if (leaf.notAfter <= input.now) {
    throw new ChainError("expired", `The certificate ended on ${new Date(leaf.notAfter).toISOString()}.`);
  }
  if (leaf.notBefore > input.now + CLOCK_SKEW) {
    throw new ChainError("not_yet_valid", `The certificate begins on ${new Date(leaf.notBefore).toISOString()}.`);
  }
  await checkOrder(read);
  return { leaf, chain, chainPem: chain.map(({ der }) => encodePem("CERTIFICATE", der)).join("") };
}

function readBlocks(pem: string): Uint8Array<ArrayBuffer>[] {
  try {
    const ders = decodePem(pem).flatMap(({ label, der }) => (label === "CERTIFICATE" ? [der] : []));
    if (ders.length === 0) throw new ChainError("unreadable", "There is no certificate in the answer.");
    if (ders.length > LONGEST_CHAIN) throw new ChainError("too_long", `The chain has ${ders.length} certificates.`);
    return ders;
  } catch (error) {
    if (error instanceof PemError) throw new ChainError("unreadable", error.message);
    throw error;
  }
}

interface ReadCertificate {
  certificate: Certificate;
  facts: CertificateFacts;
}

async function readOne(der: Uint8Array<ArrayBuffer>): Promise<ReadCertificate> {
  try {
    const parsed = parseCertificate(der);
    return { certificate: parsed.certificate, facts: await factsOf(parsed) };
  } catch (error) {
    if (error instanceof CertificateError) throw new ChainError("unreadable", error.message);
    throw error;
  }
}

function checkNames(found: Identifier[], wanted: Identifier[]): void {
  const keyOf = ({ type, value }: Identifier) => `${type}:${value}`;
  const has = new Set(found.map(keyOf));
  const needs = new Set(wanted.map(keyOf));
  const missing = wanted.filter((identifier) => !has.has(keyOf(identifier))).map(({ value }) => value);
  const extra = found.filter((identifier) => !needs.has(keyOf(identifier))).map(({ value }) => value);
  if (missing.length === 0 && extra.length === 0) return;
  const words = [
    missing.length > 0 ? `It lacks ${missing.join(", ")}.` : "",
    extra.length > 0 ? `It has ${extra.join(", ")}, which nobody ordered.` : "",
  ];
  throw new ChainError("wrong_names", words.filter(Boolean).join(" "));
}

/** Each certificate is by the one after it, in name and by signature (RFC 8555 §9.1). */
async function checkOrder(chain: ReadCertificate[]): Promise<void> {
  for (const [index, { certificate, facts }] of chain.entries()) {
    const issuer = chain[index + 1];
    if (!issuer) return;
    if (facts.issuer !== issuer.facts.subject || !(await isSignedBy(certificate, issuer.certificate))) {
      const names = `${facts.subject || `certificate ${index + 1}`} is not signed by ${issuer.facts.subject}`;
      throw new ChainError("wrong_order", `The chain does not hold together: ${names}.`);
    }
  }
}

/** Whether the issuer's key made the certificate's signature. */
export async function isSignedBy(certificate: Certificate, issuer: Certificate): Promise<boolean> {
  try {
    if (certificate.signatureAlgorithm.algorithmId !== ED25519) return await certificate.verify(issuer);
    // pkijs does not know it; WebCrypto does.
    const info = issuer.subjectPublicKeyInfo.toSchema().toBER();
    const key = await crypto.subtle.importKey("spki", info, { name: "Ed25519" }, false, ["verify"]);
    const signature = certificate.signatureValue.valueBlock.valueHexView;
    return await crypto.subtle.verify("Ed25519", key, signature, certificate.tbsView);
  } catch {
    return false;
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);
