/** A root, an issuing certificate and a certificate for a server, all made by openssl. */
import type { Openssl } from "./openssl";

export const SERIAL = "00f1e2d3c4b5a6";
export const NAMES = ["example.com", "*.example.com", "xn--bcher-kva.example", "192.0.2.7", "2001:db8::7"];

const extensions = `
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
subjectAltName = ${NAMES.map((name) => `${/^[\d.]+$|:/.test(name) ? "IP" : "DNS"}:${name}`).join(", ")}
basicConstraints = critical, CA:FALSE
authorityKeyIdentifier = keyid
`;

export interface Authority {
  /** PEM. */
  root: string;
  intermediate: string;
  leaf: string;
  /** A certificate for the same names and the same key, by the root itself. */
  fromRoot: string;
  /** The leaf's own key, SubjectPublicKeyInfo in DER. */
  publicKeyInfo: Uint8Array<ArrayBuffer>;
}

/** The kinds are of the root's and of the issuing key, as `Openssl.key` has them. */
export function makeAuthority(openssl: Openssl, kinds: [string, string] = ["ec:P-384", "rsa:2048"]): Authority {
  openssl.write("extensions", extensions);
  openssl.key("root.key", kinds[0]);
  openssl.key("intermediate.key", kinds[1]);
  openssl.key("leaf.key");
  const sign = (name: string, section: string, subject: string, ...by: string[]) => {
    openssl.run("req", "-new", "-key", `${name}.key`, "-subj", subject, "-out", "request.pem");
    const fields = ["-days", "30", "-extfile", "extensions", "-extensions", section, "-out", `${name}.pem`];
    openssl.run("x509", "-req", "-in", "request.pem", ...by, ...fields);
    return openssl.text(`${name}.pem`);
  };
  const by = (name: string) => ["-CA", `${name}.pem`, "-CAkey", `${name}.key`, "-set_serial", `0x${SERIAL}`];
  const root = sign("root", "authority", "/C=DE/O=Their own/CN=Their root", "-key", "root.key");
  const intermediate = sign("intermediate", "authority", "/O=Their own/CN=Their issuer", ...by("root"));
  const fromRoot = sign("leaf", "leaf", "/CN=example.com", ...by("root"));
  const leaf = sign("leaf", "leaf", "/CN=example.com", ...by("intermediate"));
  openssl.run("pkey", "-in", "leaf.key", "-pubout", "-outform", "DER", "-out", "leaf.spki");
  return { root, intermediate, leaf, fromRoot, publicKeyInfo: openssl.read("leaf.spki") };
}
