/** Whether a chain leads to one of the roots that are trusted (RFC 5280 §6.1). */
import { type CertificateFacts, factsOf, parseCertificate } from "./certificate";
import { ChainError, isSignedBy } from "./chain";
import { decodePem } from "./pem";

/** The certificates of a PEM text. Throws PemError and CertificateError for one that cannot be read. */
export async function readRoots(pem: string): Promise<CertificateFacts[]> {
  const ders = decodePem(pem).flatMap(({ label, der }) => (label === "CERTIFICATE" ? [der] : []));
  return Promise.all(ders.map((der) => factsOf(parseCertificate(der))));
}

/**
 * Throws ChainError for a chain, leaf first, of which no certificate is one of the roots or signed by one. A chain may go
 * on behind it: a CA that is signed by another one too sends that certificate with its chain.
 */
export async function requireTrusted(chain: CertificateFacts[], rootsPem: string, now: number): Promise<void> {
  const roots = (await readRoots(rootsPem)).filter(({ notBefore, notAfter }) => notBefore <= now && now < notAfter);
  for (const [index, certificate] of chain.entries()) {
    if (index > 0 && !canIssue(certificate, now)) break;
    for (const root of roots) if (await leadsTo(certificate, root)) return;
  }
  const top = chain.at(-1);
  throw new ChainError("untrusted", `The chain ends at "${top?.issuer ?? ""}", which is under none of the roots.`);
}

const canIssue = ({ isAuthority, notBefore, notAfter }: CertificateFacts, now: number) =>
  isAuthority && notBefore <= now && now < notAfter;

async function leadsTo(certificate: CertificateFacts, root: CertificateFacts): Promise<boolean> {
  if (certificate.fingerprint === root.fingerprint) return true;
  if (certificate.issuer !== root.subject) return false;
  return isSignedBy(parseCertificate(certificate.der).certificate, parseCertificate(root.der).certificate);
}
