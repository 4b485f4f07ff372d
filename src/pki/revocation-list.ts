/** Revocation lists of our own (RFC 5280 §5). */
import * as asn1js from "asn1js";
import { CertificateRevocationList, Extension, Extensions, RevokedCertificate } from "pkijs";
import { parseCertificate } from "./certificate";
import { authorityKeyIdentifier, type IssuerMaterial, time } from "./issuing";
import { keyAlgorithms, readPrivateKey } from "./keys";

export interface Revocation {
  /** Lower-case hex. */
  serial: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** RFC 5280 §5.3.1 */
  reason: number;
}

const OID = { number: "2.5.29.20", reason: "2.5.29.21" };
const V2 = 1;

/** DER. `number` grows from list to list (RFC 5280 §5.2.3). */
export async function createRevocationList(input: {
  issuer: IssuerMaterial;
  number: number;
  thisUpdate: number;
  nextUpdate: number;
  revoked: Revocation[];
}): Promise<Uint8Array<ArrayBuffer>> {
  const { certificate: issuer } = parseCertificate(input.issuer.certificatePem);
  const key = await readPrivateKey(input.issuer.privateKeyPem);
  const list = new CertificateRevocationList({
    version: V2,
    issuer: issuer.subject,
    thisUpdate: time(input.thisUpdate),
    nextUpdate: time(input.nextUpdate),
    ...(input.revoked.length > 0 ? { revokedCertificates: input.revoked.map(toEntry) } : {}),
    crlExtensions: new Extensions({
      extensions: [
        await authorityKeyIdentifier(issuer.subjectPublicKeyInfo),
        new Extension({ extnID: OID.number, extnValue: integerOf(BigInt(input.number)).toBER() }),
      ],
    }),
  });
  await list.sign(key.privateKey, keyAlgorithms[key.type].hash);
  return new Uint8Array(list.toSchema(true).toBER());
}

function toEntry({ serial, at, reason }: Revocation): RevokedCertificate {
  const entry = new RevokedCertificate({ userCertificate: integerOf(BigInt(`0x${serial}`)), revocationDate: time(at) });
  // "unspecified" is better left out (RFC 5280 §5.3.1).
  if (reason !== 0) {
    const extnValue = new asn1js.Enumerated({ value: reason }).toBER();
    entry.crlEntryExtensions = new Extensions({ extensions: [new Extension({ extnID: OID.reason, extnValue })] });
  }
  return entry;
}

const integerOf = (value: bigint) => asn1js.Integer.fromBigInt(value);
