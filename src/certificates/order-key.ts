/** The key of an order and its certificate request: the user's own, that of the version before, or a new one. */
import { and, eq } from "drizzle-orm";
import { parseCertificate } from "../pki/certificate";
import { createCertificateRequest } from "../pki/certificate-request";
import { parseIdentifier } from "../pki/identifiers";
import { generatePrivateKey, type KeyType, readPrivateKey } from "../pki/keys";
import { decodePem } from "../pki/pem";
import type { Database } from "../storage/database";
import { certificateVersions } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import type { OrderInput } from "./order-state";
import { privateKeyPlace } from "./private-key-place";

/** What finalizing needs: the request in DER, base64, and the key that is kept; empty where that is not here. */
export interface OrderKey {
  certificateRequest: string;
  sealedPrivateKey: string;
}

export interface OrderKeyPorts {
  database: Database;
  sealer: Sealer;
}

/** RFC 5280 §5.3.1. */
const KEY_COMPROMISE = 1;

export type OrderKeys = ReturnType<typeof createOrderKeys>;

export function createOrderKeys({ database, sealer }: OrderKeyPorts) {
  /** The key of a version, where it is of the type that is wanted, and nothing is wrong with it. */
  async function keyOf(versionId: string, keyType: string): Promise<string | undefined> {
    const [version] = await database.select().from(certificateVersions).where(eq(certificateVersions.id, versionId));
    if (!version || version.revokedAt !== null || version.sealedPrivateKey === "") return undefined;
    const compromised = await database
      .select({ chainPem: certificateVersions.chainPem })
      .from(certificateVersions)
      .where(
        and(
          eq(certificateVersions.certificateId, version.certificateId),
          eq(certificateVersions.revocationReason, KEY_COMPROMISE),
        ),
      );
    const key = publicKeyIn(version.chainPem);
    if (compromised.some(({ chainPem }) => publicKeyIn(chainPem) === key)) return undefined;
    const pem = await sealer.open(version.sealedPrivateKey, privateKeyPlace(version.id, version.ownerId));
    return (await readPrivateKey(pem)).type === keyType ? pem : undefined;
  }

  return {
    async forOrder(input: OrderInput, versionId: string | undefined): Promise<OrderKey> {
      const { names, keyType, mustStaple, ownerId, givenRequest, reusesKeyOf } = input;
      if (givenRequest) return { certificateRequest: base64Of(derIn(givenRequest)), sealedPrivateKey: "" };
      const reused = reusesKeyOf ? await keyOf(reusesKeyOf, keyType) : undefined;
      const privateKeyPem = reused ?? (await generatePrivateKey(keyType as KeyType));
      const identifiers = names.map(parseIdentifier);
      return {
        certificateRequest: base64Of(await createCertificateRequest({ privateKeyPem, identifiers, mustStaple })),
        sealedPrivateKey: await sealer.seal(privateKeyPem, privateKeyPlace(versionId, ownerId)),
      };
    },
  };
}

const derIn = (pem: string): Uint8Array => decodePem(pem)[0]?.der ?? new Uint8Array();

const publicKeyIn = (chainPem: string): string =>
  base64Of(new Uint8Array(parseCertificate(chainPem).certificate.subjectPublicKeyInfo.toSchema().toBER()));

const base64Of = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
