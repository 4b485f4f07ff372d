/** Certificate signing requests (PKCS#10, RFC 2986) with their names as subjectAltName. */

import * as asn1js from "asn1js";
import { fromBER } from "asn1js";
import { Attribute, CertificationRequest, Extension, Extensions } from "pkijs";
import { emptySubject, identifiersOf, subjectAltName } from "./alternative-names";
import type { Identifier } from "./identifiers";
import { type KeyType, keyAlgorithms, keyTypeOf, readPrivateKey } from "./keys";

export class CertificateRequestError extends Error {
  override readonly name = "CertificateRequestError";
}

/** The feature that must-staple asks for (RFC 7633 §4.1, RFC 6066 §8). */
const STATUS_REQUEST = 5;

const OID = {
  extensionRequest: "1.2.840.113549.1.9.14",
  tlsFeature: "1.3.6.1.5.5.7.1.24",
  commonName: "2.5.4.3",
};

/** By the algorithm of a signature (RFC 5758 §3.2, RFC 4055 §5); SHA-1 and MD5 are none of them. */
const HASHES: Record<string, ReadRequest["hash"]> = {
  "1.2.840.10045.4.3.2": "SHA-256",
  "1.2.840.10045.4.3.3": "SHA-384",
  "1.2.840.10045.4.3.4": "SHA-512",
  "1.2.840.113549.1.1.11": "SHA-256",
  "1.2.840.113549.1.1.12": "SHA-384",
  "1.2.840.113549.1.1.13": "SHA-512",
};

/** Must-staple: the server's answer has to come with a proof of its validity. */
export const mustStapleExtension = (): Extension =>
  new Extension({
    extnID: OID.tlsFeature,
    critical: false,
    extnValue: new asn1js.Sequence({ value: [new asn1js.Integer({ value: STATUS_REQUEST })] }).toBER(),
  });

/** A request without a common name: names are in the subjectAltName alone, as the CAs' profiles want it. DER. */
export async function createCertificateRequest(input: {
  privateKeyPem: string;
  identifiers: Identifier[];
  mustStaple?: boolean;
}): Promise<Uint8Array<ArrayBuffer>> {
  const key = await readPrivateKey(input.privateKeyPem);
  const request = new CertificationRequest();
  request.version = 0;
  request.subject = emptySubject();
  await request.subjectPublicKeyInfo.importKey(key.publicKey);
  const extensions = [subjectAltName(input.identifiers, true)];
  if (input.mustStaple) extensions.push(mustStapleExtension());
  const value = new Extensions({ extensions }).toSchema();
  request.attributes = [new Attribute({ type: OID.extensionRequest, values: [value] })];
  await request.sign(key.privateKey, keyAlgorithms[key.type].hash);
  return new Uint8Array(request.toSchema(true).toBER());
}

export interface ReadRequest {
  identifiers: Identifier[];
  commonName?: string;
  publicKey: CryptoKey;
  /** SubjectPublicKeyInfo, DER. */
  publicKeyInfo: Uint8Array<ArrayBuffer>;
  keyType: KeyType | undefined;
  /** Of its signature; nothing for one that no authority takes any more. */
  hash: "SHA-256" | "SHA-384" | "SHA-512" | undefined;
  mustStaple: boolean;
}

/** Reads a request and checks that it is signed by its own key. Throws CertificateRequestError. */
export async function readCertificateRequest(der: Uint8Array<ArrayBuffer>): Promise<ReadRequest> {
  const request = parse(der);
  await requireSignature(request);
  const publicKey = await request.getPublicKey();
  return {
    ...wishesOf(request),
    publicKey,
    publicKeyInfo: new Uint8Array(request.subjectPublicKeyInfo.toSchema().toBER()),
    keyType: keyTypeOf(publicKey),
    hash: HASHES[request.signatureAlgorithm.algorithmId],
  };
}

async function requireSignature(request: CertificationRequest): Promise<void> {
  const isSigned = await request.verify().catch(() => {
    throw new CertificateRequestError("The signature of the request cannot be checked: the key has to be EC or RSA.");
  });
  if (!isSigned) throw new CertificateRequestError("The request is not signed by the key that it is for.");
}

function parse(der: Uint8Array<ArrayBuffer>): CertificationRequest {
  try {
    const { offset, result } = fromBER(der);
    if (offset !== der.length) throw new Error("not DER, or not that alone");
    return new CertificationRequest({ schema: result });
  } catch {
    throw new CertificateRequestError("The request is not a PKCS#10 request in DER.");
  }
}

function wishesOf({ attributes = [], subject }: CertificationRequest) {
  const common = subject.typesAndValues.find(({ type }) => type === OID.commonName);
  const attribute = attributes.find(({ type }) => type === OID.extensionRequest);
  try {
    const extensions = attribute ? new Extensions({ schema: attribute.values[0] }).extensions : [];
    return {
      identifiers: identifiersOf(extensions),
      ...(common ? { commonName: String(common.value.valueBlock.value) } : {}),
      mustStaple: extensions.some(({ extnID, extnValue }) => extnID === OID.tlsFeature && hasStatusRequest(extnValue)),
    };
  } catch {
    throw new CertificateRequestError("The requested extensions cannot be read.");
  }
}

function hasStatusRequest(features: asn1js.OctetString): boolean {
  const { result } = fromBER(features.valueBlock.valueHexView);
  if (!(result instanceof asn1js.Sequence)) return false;
  return result.valueBlock.value.some(
    (feature) => feature instanceof asn1js.Integer && feature.valueBlock.valueDec === STATUS_REQUEST,
  );
}
