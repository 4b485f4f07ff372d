/** What instances have installed, by their own reports, beside what they should have. */
import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { Database } from "../storage/database";
import { certificates, certificateVersions, installedCertificates } from "../storage/schema";
import type { InstanceRow } from "./bindings";

/** "behind" has another version than the newest one, "failed" could not install it, of "unknown" nothing was reported. */
export const installationStates = ["in_sync", "behind", "failed", "unknown"] as const;
export type InstallationState = (typeof installationStates)[number];

export interface Installation {
  domain: string;
  instanceId: string;
  state: InstallationState;
  /** What is installed; null where nothing was reported. */
  fingerprint: string | null;
  installedAt: number | null;
  reportedAt: number | null;
  problem: string | null;
  /** What should be; null where nothing was issued yet. */
  current: { fingerprint: string; notAfter: number; issuedAt: number } | null;
}

export type Counts = Record<InstallationState, number>;

const state = sql<InstallationState>`CASE
  WHEN ${installedCertificates.domain} IS NULL OR ${certificateVersions.id} IS NULL THEN 'unknown'
  WHEN ${installedCertificates.problem} IS NOT NULL THEN 'failed'
  WHEN ${installedCertificates.fingerprint} = ${certificateVersions.fingerprint} THEN 'in_sync'
  ELSE 'behind' END`;

const isCurrent = eq(certificateVersions.id, certificates.currentVersionId);
/** A report of an instance that a certificate is no longer for is none of it. */
const isReported = and(
  eq(installedCertificates.instanceId, certificates.instanceId),
  eq(installedCertificates.domain, certificates.domain),
);

export function createInstalled({ database }: { database: Database }) {
  const installations = () =>
    database
      .select({
        domain: certificates.domain,
        instanceId: sql<string>`${certificates.instanceId}`,
        state,
        fingerprint: sql<string | null>`nullif(${installedCertificates.fingerprint}, '')`,
        installedAt: installedCertificates.installedAt,
        reportedAt: installedCertificates.reportedAt,
        problem: installedCertificates.problem,
        current: {
          fingerprint: certificateVersions.fingerprint,
          notAfter: certificateVersions.notAfter,
          issuedAt: certificateVersions.createdAt,
        },
      })
      .from(certificates)
      .leftJoin(certificateVersions, isCurrent)
      .leftJoin(installedCertificates, isReported);

  return {
    /** Of the certificates of an instance, by name. */
    list(
      { id, ownerId }: InstanceRow,
      filter: { state?: InstallationState | undefined; after?: string | undefined },
      limit: number,
    ): Promise<Installation[]> {
      return installations()
        .where(
          and(
            eq(certificates.ownerId, ownerId),
            eq(certificates.instanceId, id),
            filter.state === undefined ? undefined : sql`${state} = ${filter.state}`,
            filter.after === undefined ? undefined : gt(certificates.domain, filter.after),
          ),
        )
        .orderBy(asc(certificates.domain))
        .limit(limit);
    },

    /** Of one certificate; nothing where it is for no instance. */
    async of({ id, instanceId }: { id: string; instanceId: string | null }): Promise<Installation | undefined> {
      if (instanceId === null) return undefined;
      const [found] = await installations().where(eq(certificates.id, id));
      return found;
    },

    /** How many certificates each of the instances has in each state: one query. */
    async counts(ownerId: number, ids: string[]): Promise<Map<string, Counts>> {
      const found = await database
        .select({ instanceId: sql<string>`${certificates.instanceId}`, state, count: sql<number>`count(*)` })
        .from(certificates)
        .leftJoin(certificateVersions, isCurrent)
        .leftJoin(installedCertificates, isReported)
        .where(
          and(
            eq(certificates.ownerId, ownerId),
            sql`${certificates.instanceId} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
          ),
        )
        .groupBy(certificates.instanceId, state);
      const counts = new Map(ids.map((id) => [id, { in_sync: 0, behind: 0, failed: 0, unknown: 0 }]));
      for (const { instanceId, state, count } of found) Object.assign(counts.get(instanceId) ?? {}, { [state]: count });
      return counts;
    },
  };
}
