/** Issuing of our own (RFC 5280): a root, an issuing certificate under it, and certificates for servers. */
import * as asn1js from "asn1js";
import {
  AccessDescription,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  CRLDistributionPoints,
  DistributionPoint,
  Extension,
  ExtKeyUsage,
  GeneralName,
  GeneralSubtree,
  InfoAccess,
  NameConstraints,
  PublicKeyInfo,
  Time,
} from "pkijs";
import { emptySubject, subjectAltName, toGeneralName } from "./alternative-names";
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

/** Where others find what belongs to a certificate's issuer (RFC 5280 §4.2.1.13, §4.2.2.1). */
export interface IssuerPointers {
  revocationList: string;
  issuerCertificate: string;
}

interface Validity {
  /** Milliseconds since the epoch. */
  notBefore: number;
  notAfter: number;
}

/** An authority's own certificate: its name, its key, and the only names that it may issue for; none is all names. */
interface AuthorityInput extends Validity {
  commonName: string;
  keyType: "p256" | "p384";
  permitted?: PermittedName[];
}

/** A domain with all below it, or a network of addresses: "home.arpa", or 10.0.0.0 with 8 leading bits. */
export type PermittedName = { domain: string } | { address: Uint8Array<ArrayBuffer>; bits: number };

const OID = {
  commonName: "2.5.4.3",
  keyUsage: "2.5.29.15",
  extendedKeyUsage: "2.5.29.37",
  serverAuthentication: "1.3.6.1.5.5.7.3.1",
  basicConstraints: "2.5.29.19",
  subjectKeyIdentifier: "2.5.29.14",
  authorityKeyIdentifier: "2.5.29.35",
  nameConstraints: "2.5.29.30",
  revocationListDistributionPoints: "2.5.29.31",
  authorityInformationAccess: "1.3.6.1.5.5.7.1.1",
  issuers: "1.3.6.1.5.5.7.48.2",
};

/** GeneralName's choice (RFC 5280 §4.2.1.6). */
const URI = 6;

/** Bits of keyUsage, counted from the most significant (RFC 5280 §4.2.1.3). */
const USAGE = { digitalSignature: 0x80, keyEncipherment: 0x20, certificateAndCrlSigning: 0x06 };

const YEAR_OF_GENERALIZED_TIME = Date.UTC(2050, 0, 1);

/** A self-signed root with a new key. */
export async function createRoot(input: AuthorityInput): Promise<IssuerMaterial> {
  const privateKeyPem = await generatePrivateKey(input.keyType);
  const key = await readPrivateKey(privateKeyPem);
  const certificate = await authorityCertificate(input, key.publicKeyInfo);
  certificate.issuer = certificate.subject;
  await certificate.sign(key.privateKey, keyAlgorithms[key.type].hash);
  return { certificatePem: toPem(certificate), privateKeyPem };
}

/** An issuing certificate under the root, with a new key; it can issue no further authority. */
export async function createIntermediate(
  input: AuthorityInput & { root: IssuerMaterial; pointers?: IssuerPointers | undefined },
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
    pointers?: IssuerPointers | undefined;
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
    ...pointersTo(input.pointers),
  ];
  await signBy(certificate, input.issuer);
  return toPem(certificate);
}

async function authorityCertificate(
  input: Omit<AuthorityInput, "keyType"> & { pathLength?: number; pointers?: IssuerPointers | undefined },
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
    ...nameConstraints(input.permitted ?? []),
    ...pointersTo(input.pointers),
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
  certificate.extensions?.push(await authorityKeyIdentifier(parent.subjectPublicKeyInfo));
  await certificate.sign(key.privateKey, keyAlgorithms[key.type].hash);
}

/** Which key of the issuer's it was (RFC 5280 §4.2.1.1). */
export const authorityKeyIdentifier = async (issuer: PublicKeyInfo): Promise<Extension> =>
  new Extension({
    extnID: OID.authorityKeyIdentifier,
    critical: false,
    extnValue: new AuthorityKeyIdentifier({
      keyIdentifier: new asn1js.OctetString({ valueHex: await keyIdentifierOf(issuer) }),
    })
      .toSchema()
      .toBER(),
  });

/** 128 random bits, positive: the first bit is 0, the second 1, so that the length is always the same. */
function randomSerial(): Uint8Array<ArrayBuffer> {
  const bytes = crypto.getRandomValues(new Uint8Array(17));
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

/** UTCTime to 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). */
export const time = (instant: number) =>
  new Time({ type: instant < YEAR_OF_GENERALIZED_TIME ? 0 : 1, value: new Date(Math.floor(instant / 1000) * 1000) });

const basicConstraints = (value: { cA: boolean; pathLenConstraint?: number }) =>
  new Extension({
    extnID: OID.basicConstraints,
    critical: true,
    extnValue: new BasicConstraints(value).toSchema().toBER(),
  });

const uri = (value: string) => new GeneralName({ type: URI, value });

function pointersTo(pointers: IssuerPointers | undefined): Extension[] {
  if (!pointers) return [];
  const list = new DistributionPoint({ distributionPoint: [uri(pointers.revocationList)] });
  const issuer = new AccessDescription({ accessMethod: OID.issuers, accessLocation: uri(pointers.issuerCertificate) });
  return [
    new Extension({
      extnID: OID.revocationListDistributionPoints,
      critical: false,
      extnValue: new CRLDistributionPoints({ distributionPoints: [list] }).toSchema().toBER(),
    }),
    new Extension({
      extnID: OID.authorityInformationAccess,
      critical: false,
      extnValue: new InfoAccess({ accessDescriptions: [issuer] }).toSchema().toBER(),
    }),
  ];
}

/** RFC 5280 §4.2.1.10: of a kind of name that is not among those, any name is permitted; so each kind gets its bound. */
function nameConstraints(permitted: PermittedName[]): Extension[] {
  if (permitted.length === 0) return [];
  const bases = permitted.map((name) =>
    "domain" in name
      ? toGeneralName({ type: "dns", value: name.domain })
      : new GeneralName({ type: 7, value: new asn1js.OctetString({ valueHex: withMask(name).buffer }) }),
  );
  const has = (isKind: (name: PermittedName) => boolean) => permitted.some(isKind);
  const excluded = [
    ...(has((name) => "domain" in name) ? [] : [toGeneralName({ type: "dns", value: "" })]),
    ...[4, 16]
      .filter((length) => !has((name) => "address" in name && name.address.length === length))
      .map(
        (length) =>
          new GeneralName({ type: 7, value: new asn1js.OctetString({ valueHex: new ArrayBuffer(2 * length) }) }),
      ),
  ];
  const subtrees = (names: GeneralName[]) => names.map((base) => new GeneralSubtree({ base }));
  const constraints = new NameConstraints({
    permittedSubtrees: subtrees(bases),
    ...(excluded.length > 0 ? { excludedSubtrees: subtrees(excluded) } : {}),
  });
  return [new Extension({ extnID: OID.nameConstraints, critical: true, extnValue: constraints.toSchema().toBER() })];
}

/** An address followed by its mask. */
function withMask({ address, bits }: { address: Uint8Array; bits: number }): Uint8Array<ArrayBuffer> {
  const mask = address.map((_, index) => 0xff00 >> Math.min(8, Math.max(0, bits - 8 * index)));
  return Uint8Array.from([...address.map((byte, index) => byte & (mask[index] ?? 0)), ...mask]);
}

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
