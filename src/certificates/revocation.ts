/** Revoking a certificate at the CA that issued it. */
import { eq } from "drizzle-orm";
import { valueIn } from "../ca-accounts/failure";
import type { CaAccounts } from "../ca-accounts/service";
import type { Tell } from "../notifications/events";
import { decodePem } from "../pki/pem";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { certificates, certificateVersions } from "../storage/schema";
import { revokedNotice } from "./certificate-notices";
import { type CertificateRow, currentVersionOf } from "./certificate-rows";

/** RFC 5280 §5.3.1, those that a subscriber may give. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;

export type RevocationReason = keyof typeof revocationReasons;

export interface RevocationPorts {
  database: Database;
  caAccounts: CaAccounts;
  tell: Tell;
  now: () => number;
}

/** Revokes the current version; nothing renews it any more. Throws 409 where it is revoked already or nobody can, 502 where the CA says no. */
export async function revokeCertificate(
  { database, caAccounts, tell, now }: RevocationPorts,
  row: CertificateRow,
  reason: RevocationReason,
): Promise<CertificateRow> {
  const version = await currentVersionOf(database, row);
  if (version.revokedAt !== null) throw new Problem(409, `The certificate for ${row.domain} is revoked already.`);
  const [leaf] = decodePem(version.chainPem);
  if (!leaf) throw new Error("the stored chain is empty");
  await caAccounts.find(row.ownerId, version.caAccountId).catch((error) => {
    if (!(error instanceof Problem)) throw error;
    throw new Problem(409, `The CA account that ${row.domain} is from was deleted: revoke it at the authority itself.`);
  });
  const object = caAccounts.objectOf(version.caAccountId);
  const outcome = await object.revoke(leaf.der, revocationReasons[reason]);
  if (!outcome.ok) throw new Problem(502, `The authority did not revoke it: ${outcome.failure.detail}`);
  valueIn(outcome);
  const revoked = { revokedAt: now(), revocationReason: revocationReasons[reason] };
  const resting = {
    status: "revoked",
    renewAt: null,
    windowCheckAt: null,
    noticeAt: null,
    replaceBecause: null,
  } as const;
  await database.batch([
    database.update(certificateVersions).set(revoked).where(eq(certificateVersions.id, version.id)),
    database
      .update(certificates)
      .set({ ...resting, updatedAt: now() })
      .where(eq(certificates.id, row.id)),
  ]);
  const detail = "Its owner revoked it over the API. Nothing renews it.";
  await tell(row.ownerId, revokedNotice(row, { detail, serial: version.serial, reason }));
  return { ...row, ...resting };
}
