/** Replacing a certificate ahead of its time: it was revoked, it is not trusted any more, or somebody wants it so. */
import { eq, sql } from "drizzle-orm";
import type { Tell } from "../notifications/events";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { certificates, certificateVersions } from "../storage/schema";
import { revokedNotice } from "./certificate-notices";
import { type CertificateRow, currentVersionOf } from "./certificate-rows";

export type ReplaceBecause = NonNullable<CertificateRow["replaceBecause"]>;

export interface ReplacementPorts {
  database: Database;
  tell: Tell;
  now: () => number;
}

const UNSPECIFIED = 0;

/** Makes it due now, and keeps why. Throws 409 where there is nothing to replace, or nothing to replace it with. */
export async function markForReplacement(
  { database, tell, now }: ReplacementPorts,
  row: CertificateRow,
  because: ReplaceBecause,
): Promise<CertificateRow> {
  const version = await currentVersionOf(database, row);
  if (because === "revoked" && row.certificateRequest !== null) {
    const how = `PATCH /api/certificates/${row.domain} with a csr for another key, then replace it`;
    throw new Problem(409, `The certificate request of ${row.domain} would only bring the same key back: ${how}.`);
  }
  const mark = { replaceBecause: because, renewAt: now(), failures: 0, updatedAt: now() };
  const revoked = {
    revokedAt: sql`coalesce(revoked_at, ${now()})`,
    revocationReason: sql`coalesce(revocation_reason, ${UNSPECIFIED})`,
  };
  const marked = database.update(certificates).set(mark).where(eq(certificates.id, row.id));
  if (because !== "revoked") await marked;
  else {
    const ofVersion = eq(certificateVersions.id, version.id);
    await database.batch([marked, database.update(certificateVersions).set(revoked).where(ofVersion)]);
    const detail = "It was marked as revoked over the API. It is renewed now, with a new key.";
    await tell(row.ownerId, revokedNotice(row, { detail, serial: version.serial }));
  }
  return { ...row, ...mark };
}
