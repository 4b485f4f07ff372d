/** PKCS#12 files (RFC 7292) that current systems open: PBES2 with AES-256-CBC, and a SHA-256 MAC. */
import * as asn1js from "asn1js";
import {
  Attribute,
  AuthenticatedSafe,
  CertBag,
  PFX,
  PKCS8ShroudedKeyBag,
  PrivateKeyInfo,
  SafeBag,
  SafeContents,
} from "pkijs";
import { parseCertificate } from "./certificate";
import { decodePem } from "./pem";

const OID = {
  shroudedKeyBag: "1.2.840.113549.1.12.10.1.2",
  certificateBag: "1.2.840.113549.1.12.10.1.3",
  friendlyName: "1.2.840.113549.1.9.20",
  localKeyId: "1.2.840.113549.1.9.21",
};

/** Workers allow at most 100,000 for PBKDF2; a file needs three derivations. */
const ITERATIONS = 10_000;

const protection = (password: ArrayBuffer) => ({
  password,
  contentEncryptionAlgorithm: { name: "AES-CBC", length: 256 },
  hmacHashAlgorithm: "SHA-256",
  iterationCount: ITERATIONS,
});

/** The key and the whole chain in one file; the leaf carries the key's id and the friendly name. DER. */
export async function createPkcs12(input: {
  privateKeyPem: string;
  chainPem: string;
  password: string;
  friendlyName: string;
}): Promise<Uint8Array<ArrayBuffer>> {
  const password = new Uint8Array(new TextEncoder().encode(input.password)).buffer;
  const ders = decodePem(input.chainPem).flatMap(({ label, der }) => (label === "CERTIFICATE" ? [der] : []));
  const leaf = ders[0] ?? new Uint8Array();
  const keyId = new Uint8Array(await crypto.subtle.digest("SHA-1", leaf));
  const attributes = () => [
    new Attribute({ type: OID.friendlyName, values: [new asn1js.BmpString({ value: input.friendlyName })] }),
    new Attribute({ type: OID.localKeyId, values: [new asn1js.OctetString({ valueHex: keyId.buffer })] }),
  ];

  const certificateBags = ders.map(
    (der, index) =>
      new SafeBag({
        bagId: OID.certificateBag,
        bagValue: new CertBag({ parsedValue: parseCertificate(der).certificate }),
        ...(index === 0 ? { bagAttributes: attributes() } : {}),
      }),
  );
  const keyBag = new PKCS8ShroudedKeyBag({ parsedValue: privateKeyInfo(input.privateKeyPem) });
  await keyBag.makeInternalValues(protection(password));

  const pfx = new PFX({
    parsedValue: {
      integrityMode: 0,
      authenticatedSafe: new AuthenticatedSafe({
        parsedValue: {
          safeContents: [
            {
              privacyMode: 0,
              value: new SafeContents({
                safeBags: [new SafeBag({ bagId: OID.shroudedKeyBag, bagValue: keyBag, bagAttributes: attributes() })],
              }),
            },
            { privacyMode: 1, value: new SafeContents({ safeBags: certificateBags }) },
          ],
        },
      }),
    },
  });
  const safe = pfx.parsedValue?.authenticatedSafe;
  if (!safe) throw new Error("the PKCS#12 file has no contents");
  await safe.makeInternalValues({ safeContents: [{}, protection(password)] });
  await pfx.makeInternalValues({
    password,
    iterations: ITERATIONS,
    pbkdf2HashAlgorithm: "SHA-256",
    hmacHashAlgorithm: "SHA-256",
  });
  return new Uint8Array(pfx.toSchema().toBER());
}

function privateKeyInfo(pem: string): PrivateKeyInfo {
  const der = decodePem(pem).find(({ label }) => label === "PRIVATE KEY")?.der ?? new Uint8Array();
  return new PrivateKeyInfo({ schema: asn1js.fromBER(der).result });
}
