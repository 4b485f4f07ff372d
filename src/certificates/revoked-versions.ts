/** Versions that turn out to be revoked: they are marked, and certificates that have them in use are replaced at once. */
import { eq, inArray, sql } from "drizzle-orm";
import type { Tell } from "../notifications/events";
import { parseCertificate } from "../pki/certificate";
import type { Revocation } from "../pki/crl";
import type { Database } from "../storage/database";
import { certificates, certificateVersions } from "../storage/schema";
import { revokedNotice } from "./certificate-notices";
import type { CertificateRow } from "./certificate-rows";
import { revocationReasons } from "./revocation";

export interface RevokedVersionPorts {
  database: Database;
  tell: Tell;
  now: () => number;
}

/** What a list says of a version of ours. */
export interface RevokedVersion extends Revocation {
  id: string;
  certificateId: string;
  chainPem: string;
}

/** Marks them. Gives how many certificates are replaced for it. */
export async function replaceRevoked(ports: RevokedVersionPorts, found: RevokedVersion[]): Promise<number> {
  const { database, tell, now } = ports;
  if (found.length === 0) return 0;
  const marks = JSON.stringify(found.map(({ id, revokedAt, reason }) => ({ id, revokedAt, reason })));
  const alike = await withCompromisedKeys(database, found);
  const ids = JSON.stringify([...found.map(({ id }) => id), ...alike]);
  await database.run(sql`
    UPDATE certificate_versions SET revoked_at = mark.value ->> 'revokedAt', revocation_reason = mark.value ->> 'reason'
    FROM json_each(${marks}) AS mark WHERE certificate_versions.id = mark.value ->> 'id' AND revoked_at IS NULL`);
  const replaced = await database
    .update(certificates)
    .set({ status: "revoked", replaceBecause: "revoked", renewAt: now(), failures: 0, updatedAt: now() })
    .where(
      sql`id IN (SELECT certificate_id FROM certificate_versions WHERE id IN (SELECT value FROM json_each(${ids})))
        AND current_version_id IN (SELECT value FROM json_each(${ids})) AND renew_at IS NOT NULL`,
    )
    .returning();
  for (const row of replaced) await tell(row.ownerId, noticeFor(row, found));
  return replaced.length;
}

function noticeFor(row: CertificateRow, found: RevokedVersion[]) {
  const version =
    found.find(({ id }) => id === row.currentVersionId) ?? found.find((each) => each.certificateId === row.id);
  const reason = Object.entries(revocationReasons).find(([, code]) => code === version?.reason)?.[0] ?? "unspecified";
  const what = row.certificateRequest
    ? `Give a csr for another key with PATCH /api/certificates/${row.domain}: it is replaced then.`
    : "It is replaced now, with a new key.";
  const detail = `The authority's list of revoked certificates has it, with the reason ${reason}. ${what}`;
  return revokedNotice(row, { detail, reason, ...(version ? { serial: version.serial } : {}) });
}

/** The versions in use that have the key of one that was revoked because somebody else has that key. */
async function withCompromisedKeys(database: Database, found: RevokedVersion[]): Promise<string[]> {
  const compromised = found.filter(({ reason }) => reason === revocationReasons.keyCompromise);
  if (compromised.length === 0) return [];
  const inUse = await database
    .select({ id: certificateVersions.id, certificateId: certificates.id, chainPem: certificateVersions.chainPem })
    .from(certificates)
    .innerJoin(certificateVersions, eq(certificateVersions.id, certificates.currentVersionId))
    .where(
      inArray(
        certificates.id,
        sql`(SELECT value FROM json_each(${JSON.stringify(compromised.map(({ certificateId }) => certificateId))}))`,
      ),
    );
  const keys = new Set(compromised.map(({ certificateId, chainPem }) => `${certificateId} ${publicKeyIn(chainPem)}`));
  return inUse.filter((each) => keys.has(`${each.certificateId} ${publicKeyIn(each.chainPem)}`)).map(({ id }) => id);
}

const publicKeyIn = (chainPem: string): string =>
  String(new Uint8Array(parseCertificate(chainPem).certificate.subjectPublicKeyInfo.toSchema().toBER()));
