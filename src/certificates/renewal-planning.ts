/** Plans renewals again where the rule of an account, an instance or a certificate has changed: at once, and in a few statements for all. */
import { and, asc, eq, gt, isNotNull, isNull, type SQL, sql } from "drizzle-orm";
import type { Database } from "../storage/database";
import { certificates } from "../storage/schema";
import type { CertificateRow } from "./certificate-rows";
import { plannedCertificates, planOf } from "./planned-certificates";
import type { RenewalPlan } from "./renewal-time";

/** Read and written in one go. */
const PAGE = 1_000;

export type RenewalPlanning = ReturnType<typeof createRenewalPlanning>;

export function createRenewalPlanning({ database, now }: { database: Database; now: () => number }) {
  const write = (plans: { id: string; version: string | null; at: number | undefined }[]) =>
    database.run(sql`
      UPDATE certificates SET renew_at = plan.value ->> 'at', updated_at = ${now()}
      FROM json_each(${JSON.stringify(plans)}) AS plan
      WHERE certificates.id = plan.value ->> 'id' AND current_version_id = plan.value ->> 'version' AND failures = 0`);

  /** Those that wait after a failure, or are replaced ahead of their time, keep their turn. */
  async function replan(ownerId: number, which: SQL | undefined): Promise<void> {
    for (let after = ""; ; ) {
      const next = and(
        ...[eq(certificates.ownerId, ownerId), gt(certificates.domain, after), which],
        ...[eq(certificates.status, "valid"), eq(certificates.failures, 0)],
        ...[isNull(certificates.replaceBecause), isNotNull(certificates.renewAt)],
      );
      const planned = await plannedCertificates(database, next, { orderBy: asc(certificates.domain), limit: PAGE });
      const last = planned.at(-1);
      if (!last) return;
      await write(
        planned.map((each) => {
          const { id, currentVersionId: version } = each.row;
          return { id, version, at: planOf(each, Math.random())?.at };
        }),
      );
      if (planned.length < PAGE) return;
      after = last.row.domain;
    }
  }

  return {
    ofAccount: (ownerId: number): Promise<void> => replan(ownerId, undefined),
    ofInstance: (ownerId: number, instanceId: string): Promise<void> =>
      replan(ownerId, eq(certificates.instanceId, instanceId)),
    ofCertificate: (row: CertificateRow): Promise<void> => replan(row.ownerId, eq(certificates.id, row.id)),

    /** Why it is due when it is; nothing for one that was never issued. */
    async read(row: CertificateRow): Promise<RenewalPlan | undefined> {
      const [planned] = await plannedCertificates(database, eq(certificates.id, row.id));
      return planned && planOf(planned, 0);
    },
  };
}
