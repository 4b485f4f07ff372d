/** A certificate with all that says when it is renewed: its version, its owner, and what holds for it. */
import { eq, type SQL } from "drizzle-orm";
import type { Plan } from "../accounts/identity";
import { type EffectiveSettings, effectiveSettings } from "../settings/effective";
import type { Database } from "../storage/database";
import { accountSettings, accounts, certificates, certificateVersions, instances } from "../storage/schema";
import type { CertificateRow } from "./certificate-rows";
import { planRenewal, type RenewalPlan } from "./renewal-time";

const version = {
  id: certificateVersions.id,
  caAccountId: certificateVersions.caAccountId,
  renewalIdentifier: certificateVersions.renewalIdentifier,
  notBefore: certificateVersions.notBefore,
  notAfter: certificateVersions.notAfter,
  revokedAt: certificateVersions.revokedAt,
};

export interface PlannedCertificate {
  row: CertificateRow;
  /** The one in use; none was issued yet without it. */
  version: {
    id: string;
    caAccountId: string;
    renewalIdentifier: string | null;
    notBefore: number;
    notAfter: number;
    revokedAt: number | null;
  } | null;
  owner: { plan: Plan; suspendedAt: number | null };
  settings: EffectiveSettings;
}

/** Those for which `which` holds; in one question, however many. */
export async function plannedCertificates(
  database: Database,
  which: SQL | undefined,
  page: { orderBy?: SQL; limit: number } = { limit: 1_000 },
): Promise<PlannedCertificate[]> {
  const owner = { plan: accounts.plan, suspendedAt: accounts.suspendedAt };
  const found = await database
    .select({ row: certificates, version, owner, instance: instances, account: accountSettings })
    .from(certificates)
    .innerJoin(accounts, eq(accounts.id, certificates.ownerId))
    .leftJoin(certificateVersions, eq(certificateVersions.id, certificates.currentVersionId))
    .leftJoin(instances, eq(instances.id, certificates.instanceId))
    .leftJoin(accountSettings, eq(accountSettings.ownerId, certificates.ownerId))
    .where(which)
    .orderBy(...(page.orderBy ? [page.orderBy] : []))
    .limit(page.limit);
  return found.map(({ row, version, owner, instance, account }) => ({
    row,
    version,
    owner,
    settings: effectiveSettings(row, instance ?? undefined, account ?? undefined),
  }));
}

/** When it is due by what is known of it; nothing for one that was never issued. */
export function planOf({ row, version, settings }: PlannedCertificate, random: number): RenewalPlan | undefined {
  if (!version) return undefined;
  const { renewal: rule, maintenanceWindows } = settings;
  return planRenewal(version, { window: row.renewalWindow, rule, maintenanceWindows }, random);
}
