/** What a certificate says (RFC 5280). */
import { fromBER } from "asn1js";
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  CRLDistributionPoints,
  type Extension,
  type RelativeDistinguishedNames,
} from "pkijs";
import { identifiersOf } from "./alternative-names";
import type { Identifier } from "./identifiers";
import { decodePem } from "./pem";

export interface CertificateFacts {
  der: Uint8Array<ArrayBuffer>;
  /** Lower-case hex. */
  serial: string;
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
  identifiers: Identifier[];
  issuer: string;
  subject: string;
  issuerCommonName?: string;
  /** SHA-256 of the certificate, lower-case hex. */
  fingerprint: string;
  /** SubjectPublicKeyInfo, DER. */
  publicKeyInfo: Uint8Array<ArrayBuffer>;
  /** RFC 9773 §4.1; absent where there is no authority key identifier. */
  renewalIdentifier?: string;
  /** Over HTTP, where its issuer lists revoked certificates (§4.2.1.13). */
  revocationListUrl?: string;
  isAuthority: boolean;
}

export class CertificateError extends Error {
  override readonly name = "CertificateError";
}

const OID = { basicConstraints: "2.5.29.19", authorityKeyIdentifier: "2.5.29.35", distributionPoints: "2.5.29.31" };

/** The kind of a GeneralName. */
const URI = 6;

const ATTRIBUTES: Record<string, string> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
};

export interface ParsedCertificate {
  certificate: Certificate;
  der: Uint8Array<ArrayBuffer>;
}

/** Parses DER, or the first certificate of a PEM text. Throws CertificateError. */
export function parseCertificate(source: string | Uint8Array<ArrayBuffer>): ParsedCertificate {
  const der = typeof source === "string" ? decodePem(source).find(({ label }) => label === "CERTIFICATE")?.der : source;
  if (!der) throw new CertificateError("There is no CERTIFICATE block in the PEM text.");
  try {
    const { offset, result } = fromBER(der);
    if (offset !== der.length) throw new Error("not DER, or not that alone");
    return { certificate: new Certificate({ schema: result }), der };
  } catch {
    throw new CertificateError("It is not an X.509 certificate in DER.");
  }
}

/** Throws CertificateError. */
export async function readCertificate(source: string | Uint8Array<ArrayBuffer>): Promise<CertificateFacts> {
  return factsOf(parseCertificate(source));
}

/** What a parsed certificate says. Throws CertificateError. */
export async function factsOf({ certificate, der }: ParsedCertificate): Promise<CertificateFacts> {
  const fingerprint = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", der)));
  try {
    return { der, fingerprint, ...fieldsOf(certificate) };
  } catch {
    throw new CertificateError("A field of the certificate cannot be read.");
  }
}

/** Extensions are only parsed here, where they are asked for. */
function fieldsOf(certificate: Certificate): Omit<CertificateFacts, "der" | "fingerprint"> {
  const extension = (id: string) => certificate.extensions?.find(({ extnID }) => extnID === id);
  const serialBytes = certificate.serialNumber.valueBlock.valueHexView;
  const issuerCommonName = attribute(certificate.issuer, "CN");
  const renewal = renewalIdentifierOf(extension(OID.authorityKeyIdentifier), serialBytes);
  const listUrl = revocationListUrlOf(extension(OID.distributionPoints));
  return {
    serial: hex(serialBytes).replace(/^00(?=.)/, ""),
    notBefore: certificate.notBefore.value.getTime(),
    notAfter: certificate.notAfter.value.getTime(),
    identifiers: identifiersOf(certificate.extensions),
    issuer: nameOf(certificate.issuer),
    subject: nameOf(certificate.subject),
    ...(issuerCommonName ? { issuerCommonName } : {}),
    publicKeyInfo: new Uint8Array(certificate.subjectPublicKeyInfo.toSchema().toBER()),
    ...(renewal ? { renewalIdentifier: renewal } : {}),
    ...(listUrl ? { revocationListUrl: listUrl } : {}),
    isAuthority: isAuthority(extension(OID.basicConstraints)),
  };
}

const isAuthority = (extension: Extension | undefined) =>
  extension?.parsedValue instanceof BasicConstraints && extension.parsedValue.cA;

/** base64url(key identifier) "." base64url(serial), the serial with the leading zero of its DER integer. */
function renewalIdentifierOf(extension: Extension | undefined, serial: Uint8Array): string | undefined {
  const parsed = extension?.parsedValue;
  if (!(parsed instanceof AuthorityKeyIdentifier) || !parsed.keyIdentifier) return undefined;
  return `${base64Url(parsed.keyIdentifier.valueBlock.valueHexView)}.${base64Url(serial)}`;
}

/** Of a point that is for all reasons and by the issuer itself; others are passed over. */
function revocationListUrlOf(extension: Extension | undefined): string | undefined {
  const parsed = extension?.parsedValue;
  if (!(parsed instanceof CRLDistributionPoints)) return undefined;
  return parsed.distributionPoints
    .filter(({ reasons, cRLIssuer }) => !reasons && !cRLIssuer)
    .flatMap(({ distributionPoint }) => (Array.isArray(distributionPoint) ? distributionPoint : []))
    .flatMap(({ type, value }) => (type === URI && /^https?:\/\//i.test(value) ? [String(value)] : []))
    .at(0);
}

const nameOf = ({ typesAndValues }: RelativeDistinguishedNames) =>
  typesAndValues.map(({ type, value }) => `${ATTRIBUTES[type] ?? type}=${value.valueBlock.value}`).join(", ");

const attribute = ({ typesAndValues }: RelativeDistinguishedNames, short: string): string | undefined => {
  const found = typesAndValues.find(({ type }) => ATTRIBUTES[type] === short);
  return found && String(found.value.valueBlock.value);
};

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const base64Url = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
