/** An issuing certificate that the operator brings, with its key and the chain to its root: read and checked. */
import { CertificateError, type CertificateFacts, readCertificate } from "../pki/certificate";
import { ChainError, checkChain } from "../pki/chain";
import { KeyError, readPrivateKey } from "../pki/keys";
import { decodePem, encodePem, PemError } from "../pki/pem";
import { Problem } from "../problems";

export interface ImportedIssuer {
  certificatePem: string;
  intermediatesPem: string;
  rootPem: string;
  privateKeyPem: string;
}

const refuse = (pointer: string, detail: string) => new Problem(422, detail, { errors: [{ pointer, detail }] });

/** `chainPem` begins with the issuing certificate and ends with its root. Throws Problem 422. */
export async function readImportedIssuer(
  chainPem: string,
  privateKeyPem: string,
  now: number,
): Promise<ImportedIssuer> {
  const at = "/chain_pem";
  const key = await readPrivateKey(privateKeyPem).catch((error) => {
    if (error instanceof KeyError || error instanceof PemError) throw refuse("/private_key_pem", error.message);
    throw error;
  });
  try {
    const ders = decodePem(chainPem).flatMap(({ label, der }) => (label === "CERTIFICATE" ? [der] : []));
    const facts = await Promise.all(ders.map(readCertificate));
    const [issuing, root] = [facts[0], facts.at(-1)];
    if (!issuing || !root || facts.length < 2) {
      throw refuse(at, "It has to hold the issuing certificate first and its root last.");
    }
    if (root.issuer !== root.subject) throw refuse(at, "Its last certificate is no root: it is not signed by itself.");
    const wrong = facts.find(({ isAuthority }) => !isAuthority);
    if (wrong) throw refuse(at, `${wrong.subject} is not the certificate of an authority.`);
    const { identifiers } = issuing;
    await checkChain({ chainPem, identifiers, publicKeyInfo: key.publicKeyInfo, now });
    const pem = ({ der }: CertificateFacts) => encodePem("CERTIFICATE", der);
    return {
      certificatePem: pem(issuing),
      intermediatesPem: facts.slice(1, -1).map(pem).join(""),
      rootPem: pem(root),
      privateKeyPem,
    };
  } catch (error) {
    if (error instanceof ChainError || error instanceof CertificateError || error instanceof PemError) {
      throw refuse(at, error.message);
    }
    throw error;
  }
}
