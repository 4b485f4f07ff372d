/** RSA keys as providers hand them out: PKCS #8 (RFC 5958), or the older PKCS #1 (RFC 8017 §A.1.2), which WebCrypto does not take. */
import { Integer, Null, ObjectIdentifier, OctetString, Sequence } from "asn1js";

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

/** A key that signs with RSASSA-PKCS1-v1_5; nothing for a text that is no such key. */
export async function importRsaKey(pem: string, hash: "SHA-256" | "SHA-512"): Promise<CryptoKey | undefined> {
  const [, older, base64 = ""] = /-----BEGIN (RSA )?PRIVATE KEY-----([\s\S]+)-----END /.exec(pem) ?? [];
  try {
    const der = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
    return await crypto.subtle.importKey("pkcs8", older ? wrapped(der) : der, algorithm, false, ["sign"]);
  } catch {
    return undefined;
  }
}

const wrapped = (pkcs1: Uint8Array<ArrayBuffer>): ArrayBuffer =>
  new Sequence({
    value: [
      new Integer({ value: 0 }),
      new Sequence({ value: [new ObjectIdentifier({ value: RSA_ENCRYPTION }), new Null()] }),
      new OctetString({ valueHex: pkcs1.buffer }),
    ],
  }).toBER();
