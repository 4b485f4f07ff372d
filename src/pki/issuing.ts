/** Issuing of our own (RFC 5280): a root, an issuing certificate under it, and certificates for servers. */
import * as asn1js from "asn1js";
import {
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  PublicKeyInfo,
  Time,
} from "pkijs";
import { emptySubject, subjectAltName } from "./alternative-names";
import { parseCertificate } from "./certificate";
import { mustStapleExtension } from "./certificate-request";
import type { Identifier } from "./identifiers";
import { generatePrivateKey, keyAlgorithms, readPrivateKey } from "./keys";
import { encodePem } from "./pem";

/** A certificate and the key that signs in its name. */
export interface IssuerMaterial {
  certificatePem: string;
  privateKeyPem: string;
}

interface Validity {
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
}

const OID = {
  commonName: "2.5.4.3",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  serverAuthentication: "1.3.6.1.5.5.7.3.1",
  basicConstraints: "2.5.29.19",
  subjectKeyIdentifier: "2.5.29.14",
  authorityKeyIdentifier: "2.5.29.35",
};

/** Bits of keyUsage, counted from the most significant (RFC 5280 §4.2.1.3). */
const USAGE = { digitalSignature: 0x80, keyEncipherment: 0x20, certificateAndCrlSigning: 0x06 };

const YEAR_OF_GENERALIZED_TIME = Date.UTC(2050, 0, 1);

/** A self-signed root with a new key. */
export async function createRoot(
  input: Validity & { commonName: string; keyType: "p256" | "p384" },
): Promise<IssuerMaterial> {
  const privateKeyPem = await generatePrivateKey(input.keyType);
  const key = await readPrivateKey(privateKeyPem);
  const certificate = await authorityCertificate(input, key.publicKeyInfo);
  certificate.issuer = certificate.subject;
  await certificate.sign(key.privateKey, keyAlgorithms[key.type].hash);
  return { certificatePem: toPem(certificate), privateKeyPem };
}

/** An issuing certificate under the root, with a new key; it can issue no further authority. */
export async function createIntermediate(
  input: Validity & { root: IssuerMaterial; commonName: string; keyType: "p256" | "p384" },
): Promise<IssuerMaterial> {
  const privateKeyPem = await generatePrivateKey(input.keyType);
  const key = await readPrivateKey(privateKeyPem);
  const certificate = await authorityCertificate({ ...input, pathLength: 0 }, key.publicKeyInfo);
  await signBy(certificate, input.root);
  return { certificatePem: toPem(certificate), privateKeyPem };
}

/** A certificate for a server; its names are in the subjectAltName alone. PEM. */
export async function issueCertificate(
  input: Validity & {
    issuer: IssuerMaterial;
    publicKeyInfo: Uint8Array<ArrayBuffer>;
    identifiers: Identifier[];
    mustStaple?: boolean;
  },
): Promise<string> {
  const certificate = await emptyCertificate(input, input.publicKeyInfo);
  certificate.subject = emptySubject();
  const isRsa = certificate.subjectPublicKeyInfo.algorithm.algorithmId === "1.2.840.113549.1.1.1";
  certificate.extensions = [
    basicConstraints({ cA: false }),
    keyUsage(isRsa ? USAGE.digitalSignature | USAGE.keyEncipherment : USAGE.digitalSignature, isRsa ? 5 : 7),
    new Extension({
      extnID: OID.extendedKeyUsage,
      critical: false,
      extnValue: new ExtKeyUsage({ keyPurposes: [OID.serverAuthentication] }).toSchema().toBER(),
    }),
    subjectAltName(input.identifiers, true),
    await subjectKeyIdentifier(certificate.subjectPublicKeyInfo),
    ...(input.mustStaple ? [mustStapleExtension()] : []),
  ];
  await signBy(certificate, input.issuer);
  return toPem(certificate);
}

async function authorityCertificate(
  input: Validity & { commonName: string; pathLength?: number },
  publicKeyInfo: Uint8Array<ArrayBuffer>,
): Promise<Certificate> {
  const certificate = await emptyCertificate(input, publicKeyInfo);
  // One attribute alone: pkijs writes several into one relative distinguished name, which is not what anybody means.
  certificate.subject.typesAndValues = [
    new AttributeTypeAndValue({ type: OID.commonName, value: new asn1js.Utf8String({ value: input.commonName }) }),
  ];
  const path = input.pathLength === undefined ? {} : { pathLenConstraint: input.pathLength };
  certificate.extensions = [
    basicConstraints({ cA: true, ...path }),
    keyUsage(USAGE.certificateAndCrlSigning, 1),
    await subjectKeyIdentifier(certificate.subjectPublicKeyInfo),
  ];
  return certificate;
}

async function emptyCertificate(
  { notBefore, notAfter }: Validity,
  publicKeyInfo: Uint8Array<ArrayBuffer>,
): Promise<Certificate> {
  const certificate = new Certificate();
  certificate.version = 2;
  certificate.serialNumber = new asn1js.Integer({ valueHex: randomSerial().buffer });
  certificate.notBefore = time(notBefore);
  certificate.notAfter = time(notAfter);
  certificate.subjectPublicKeyInfo = new PublicKeyInfo({ schema: asn1js.fromBER(publicKeyInfo).result });
  return certificate;
}

async function signBy(certificate: Certificate, issuer: IssuerMaterial): Promise<void> {
  const { certificate: parent } = parseCertificate(issuer.certificatePem);
  const key = await readPrivateKey(issuer.privateKeyPem);
  certificate.issuer = parent.subject;
  const keyIdentifier = await keyIdentifierOf(parent.subjectPublicKeyInfo);
  certificate.extensions?.push(
    new Extension({
      extnID: OID.authorityKeyIdentifier,
      critical: false,
      extnValue: new AuthorityKeyIdentifier({
        keyIdentifier: new asn1js.OctetString({ valueHex: keyIdentifier }),
      })
        .toSchema()
        .toBER(),
    }),
  );
  await certificate.sign(key.privateKey, keyAlgorithms[key.type].hash);
}

/** 128 random bits, positive: the first bit is 0, the second 1, so that the length is always the same. */
function randomSerial(): Uint8Array<ArrayBuffer> {
  const bytes = crypto.getRandomValues(new Uint8Array(17));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** UTCTime to 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). */
const time = (instant: number) =>
  new Time({ type: instant < YEAR_OF_GENERALIZED_TIME ? 0 : 1, value: new Date(Math.floor(instant / 1000) * 1000) });

const basicConstraints = (value: { cA: boolean; pathLenConstraint?: number }) =>
  new Extension({
    extnID: OID.basicConstraints,
    critical: true,
    extnValue: new BasicConstraints(value).toSchema().toBER(),
  });

/** `unusedBits` as DER wants it: trailing zero bits are not encoded. */
const keyUsage = (bits: number, unusedBits: number) =>
  new Extension({
    extnID: OID.keyUsage,
    critical: true,
    extnValue: new asn1js.BitString({ valueHex: new Uint8Array([bits]).buffer, unusedBits }).toBER(),
  });

const subjectKeyIdentifier = async (info: PublicKeyInfo) =>
  new Extension({
    extnID: OID.subjectKeyIdentifier,
    critical: false,
    extnValue: new asn1js.OctetString({ valueHex: await keyIdentifierOf(info) }).toBER(),
  });

/** RFC 5280 §4.2.1.2, method 1. */
const keyIdentifierOf = (info: PublicKeyInfo) =>
  crypto.subtle.digest("SHA-1", new Uint8Array(info.subjectPublicKey.valueBlock.valueHexView));

const toPem = (certificate: Certificate) =>
  encodePem("CERTIFICATE", new Uint8Array(certificate.toSchema(true).toBER()));
