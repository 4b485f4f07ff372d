/** Private keys in PEM as ACME clients keep them: PKCS#8, or what their kind alone has (RFC 5915, PKCS#1). */
import { Constructed, fromBER, Integer, Null, ObjectIdentifier, OctetString, Sequence } from "asn1js";

const OID = { ecPublicKey: "1.2.840.10045.2.1", rsaEncryption: "1.2.840.113549.1.1.1" };

/** The length of a private key of each curve tells which it is, where the key itself does not (RFC 5915 §3). */
const CURVES: Record<number, string> = { 32: "1.2.840.10045.3.1.7", 48: "1.3.132.0.34", 66: "1.3.132.0.35" };

const BLOCK = /-----BEGIN ((?:EC |RSA |ENCRYPTED )?PRIVATE KEY)-----([^-]*(?:-[^-]+)*?)-----END \1-----/;

/** The key as PKCS#8 in DER; none where there is no block of one that can be read. */
export function readPrivateKeyPem(pem: string): { der?: Uint8Array<ArrayBuffer>; isEncrypted: boolean } {
  const [, label = "", body = ""] = BLOCK.exec(pem) ?? [];
  if (label.startsWith("ENCRYPTED") || body.includes("ENCRYPTED")) return { isEncrypted: true };
  try {
    const der = Uint8Array.from(atob(body.replace(/\s+/g, "")), (character) => character.charCodeAt(0));
    if (der.length === 0) return { isEncrypted: false };
    if (label.startsWith("EC")) return { der: fromEcPrivateKey(der), isEncrypted: false };
    if (label.startsWith("RSA")) return { der: wrapped(der, OID.rsaEncryption, new Null()), isEncrypted: false };
    return { der, isEncrypted: false };
  } catch {
    return { isEncrypted: false };
  }
}

/** RFC 5915 §3: version, the key, [0] the curve, [1] the public key. */
function fromEcPrivateKey(der: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const { result } = fromBER(der);
  const members = result instanceof Sequence ? result.valueBlock.value : [];
  const parameters = members.find(
    (member) => member instanceof Constructed && member.idBlock.tagClass === 3 && member.idBlock.tagNumber === 0,
  ) as Constructed | undefined;
  const [named] = parameters?.valueBlock.value ?? [];
  const key = members[1];
  const length = key instanceof OctetString ? key.valueBlock.valueHexView.length : 0;
  const curve = named instanceof ObjectIdentifier ? named.valueBlock.toString() : CURVES[length];
  return wrapped(der, OID.ecPublicKey, new ObjectIdentifier({ value: curve ?? "" }));
}

/** RFC 5208 §5. */
function wrapped(key: Uint8Array<ArrayBuffer>, algorithm: string, parameters: ObjectIdentifier | Null) {
  const identifier = new Sequence({ value: [new ObjectIdentifier({ value: algorithm }), parameters] });
  const value = [new Integer({ value: 0 }), identifier, new OctetString({ valueHex: key.buffer })];
  return new Uint8Array(new Sequence({ value }).toBER());
}
