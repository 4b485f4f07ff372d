/** What the zones' objects tell of domains: noted at their record sets and in their history. */
import { and, eq, isNull, lt, lte, sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Database } from "../storage/database";
import { domainChanges, domainRecordSets } from "../storage/schema";
import type { SyncReport } from "../zones/host-sets";

export type SyncStatus = "pending" | "live" | "failed";

export type DomainSync = ReturnType<typeof createDomainSync>;

export function createDomainSync({ database }: { database: Database }) {
  /** Of a set that was changed since then, it stays. */
  const unlessNewer = (version: number, column: SQLiteColumn) => sql`iif(version <= ${version}, NULL, ${column})`;

  const statementsOf = ({ domainId, type, version, at, problem }: SyncReport) => {
    const ofSet = and(eq(domainRecordSets.domainId, domainId), eq(domainRecordSets.type, type));
    const ofChanges = and(
      eq(domainChanges.domainId, domainId),
      eq(domainChanges.type, type),
      isNull(domainChanges.settledAt),
    );
    if (problem !== null) {
      return [
        database
          .update(domainRecordSets)
          .set({ problem })
          .where(and(ofSet, eq(domainRecordSets.version, version))),
        database
          .update(domainChanges)
          .set({ outcome: "failed", problem })
          .where(and(ofChanges, eq(domainChanges.version, version))),
      ] as const;
    }
    return [
      database
        .update(domainRecordSets)
        .set({
          syncedVersion: version,
          syncedAt: at,
          problem: unlessNewer(version, domainRecordSets.problem),
          openSince: unlessNewer(version, domainRecordSets.openSince),
          toldAt: unlessNewer(version, domainRecordSets.toldAt),
        })
        .where(and(ofSet, lt(domainRecordSets.syncedVersion, version))),
      // Of changes that came while the provider was busy, it was told the last one only.
      database
        .update(domainChanges)
        .set({ outcome: sql`iif(version = ${version}, 'live', 'overtaken')`, settledAt: at })
        .where(and(ofChanges, lte(domainChanges.version, version))),
    ] as const;
  };

  return {
    async settle(reports: SyncReport[]): Promise<void> {
      const [first, ...others] = reports.flatMap(statementsOf);
      if (first) await database.batch([first, ...others]);
    },
  };
}
