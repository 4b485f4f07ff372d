/** What an instance says that it has installed. */
import { and, eq, sql } from "drizzle-orm";
import type { Database } from "../storage/database";
import { certificates, certificateVersions, installedCertificates, instances } from "../storage/schema";
import type { InstanceRow } from "./bindings";

export interface ReportedCertificate {
  domain: string;
  /** Null where nothing is installed. */
  fingerprint: string | null;
  installedAt: number | null;
  /** Why the newest version is not installed, in the instance's words. */
  problem: string | null;
}

export interface Report {
  certificates: ReportedCertificate[];
  /** What the instance says of itself; undefined is nothing new. */
  reporter?: Record<string, string> | undefined;
}

export interface ReportOutcome {
  taken: ReportedCertificate[];
  /** Names that are no certificates of the instance. */
  ignored: string[];
  /** Whether anything is said that was not known before. */
  isNews: boolean;
}

/** How long an instance has to install a new version before its owner is told. */
export const PATIENCE = 86_400_000;

export function createReports({ database, now }: { database: Database; now: () => number }) {
  /** What is known of the certificates of the instance that are named. */
  async function knownOf({ id, ownerId }: InstanceRow, domains: string[]) {
    const rows = await database
      .select({
        domain: certificates.domain,
        current: certificateVersions.fingerprint,
        before: { fingerprint: installedCertificates.fingerprint, problem: installedCertificates.problem },
        lookAt: installedCertificates.lookAt,
      })
      .from(certificates)
      .leftJoin(certificateVersions, eq(certificateVersions.id, certificates.currentVersionId))
      .leftJoin(
        installedCertificates,
        and(eq(installedCertificates.instanceId, id), eq(installedCertificates.domain, certificates.domain)),
      )
      .where(
        and(
          eq(certificates.ownerId, ownerId),
          eq(certificates.instanceId, id),
          sql`${certificates.domain} IN (SELECT value FROM json_each(${JSON.stringify(domains)}))`,
        ),
      );
    return new Map(rows.map((row) => [row.domain, row]));
  }

  type Known = NonNullable<ReturnType<Awaited<ReturnType<typeof knownOf>>["get"]>>;

  /** When it is looked whether the newest version was installed: a day from when it is first missed. */
  function lookAtAfter({ current, before, lookAt }: Known, { fingerprint, problem }: ReportedCertificate) {
    const isInSync = (one: { fingerprint: string | null; problem: string | null }) =>
      one.fingerprint === current && one.problem === null;
    if (current === null || isInSync({ fingerprint, problem })) return null;
    return before === null || isInSync(before) ? now() + PATIENCE : lookAt;
  }

  return {
    /** Keeps what is said; what is not named stays as it was. */
    async take(instance: InstanceRow, { certificates: given, reporter }: Report): Promise<ReportOutcome> {
      const known = await knownOf(
        instance,
        given.map(({ domain }) => domain),
      );
      const taken = given.filter(({ domain }) => known.has(domain));
      const ignored = given.filter(({ domain }) => !known.has(domain)).map(({ domain }) => domain);
      const rows = taken.map((one) => [
        one.domain,
        one.fingerprint ?? "",
        one.installedAt,
        one.problem,
        lookAtAfter(known.get(one.domain) as Known, one),
      ]);
      const isNews = taken.some(({ domain, fingerprint, problem }) => {
        const before = known.get(domain)?.before;
        return before?.fingerprint !== (fingerprint ?? "") || before.problem !== problem;
      });
      await database.batch([
        database
          .update(instances)
          .set({ reportedAt: now(), ...(reporter ? { reporter } : {}) })
          .where(eq(instances.id, instance.id)),
        // Of so many rows one statement has too many parameters: they go in as one.
        database
          .insert(installedCertificates)
          .select(
            sql`SELECT ${instance.id}, ${instance.ownerId}, value ->> 0, value ->> 1, value ->> 2, ${now()}, value ->> 3, value ->> 4
                FROM json_each(${JSON.stringify(rows)}) WHERE true`,
          )
          .onConflictDoUpdate({
            target: [installedCertificates.instanceId, installedCertificates.domain],
            set: {
              fingerprint: sql`excluded.fingerprint`,
              installedAt: sql`coalesce(excluded.installed_at, iif(excluded.fingerprint = installed_certificates.fingerprint,
                                        installed_certificates.installed_at, NULL))`,
              reportedAt: sql`excluded.reported_at`,
              problem: sql`excluded.problem`,
              lookAt: sql`excluded.look_at`,
            },
          }),
      ]);
      return { taken, ignored, isNews };
    },
  };
}
