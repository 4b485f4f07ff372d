/** Looks whether instances have installed what was new, and tells the owner once of what they have not. */
import { and, asc, eq, sql } from "drizzle-orm";
import type { Notification, Tell } from "../notifications/events";
import type { Database } from "../storage/database";
import { certificates, certificateVersions, installedCertificates, instances } from "../storage/schema";
import type { InstanceSettings } from "../storage/tables/instances";
import { latestFor, openingAtOrAfter } from "./maintenance";
import { PATIENCE } from "./reports";

export interface BehindPorts {
  database: Database;
  tell: Tell;
  now: () => number;
}

/** A tick has other work to do. */
const MOST_AT_ONCE = 100;
/** So many are named in one notification. */
const MOST_NAMED = 20;

interface Row {
  instanceId: string;
  domain: string;
  problem: string | null;
  ownerId: number;
  name: string;
  settings: InstanceSettings;
  reportedAt: number | null;
  /** What should be installed; nothing where the instance has it, or it is not to have it any more. */
  missed: { createdAt: number; notAfter: number } | null;
}

/** Goes with the batch that stores a new version: after a while it is looked whether it was installed. */
export const lookLater = (database: Database, ownerId: number, domain: string, now: number) =>
  database
    .update(installedCertificates)
    .set({ lookAt: now + PATIENCE })
    .where(and(eq(installedCertificates.ownerId, ownerId), eq(installedCertificates.domain, domain)));

/** Goes with the batch that deletes a certificate. */
export const forgetInstalled = (database: Database, ownerId: number, domain: string) =>
  database
    .delete(installedCertificates)
    .where(and(eq(installedCertificates.ownerId, ownerId), eq(installedCertificates.domain, domain)));

export function createBehind({ database, tell, now }: BehindPorts) {
  async function due(): Promise<Row[]> {
    const rows = await database
      .select({
        instanceId: installedCertificates.instanceId,
        domain: installedCertificates.domain,
        problem: installedCertificates.problem,
        fingerprint: installedCertificates.fingerprint,
        ownerId: instances.ownerId,
        name: instances.name,
        settings: instances.settings,
        reportedAt: instances.reportedAt,
        newest: {
          fingerprint: certificateVersions.fingerprint,
          createdAt: certificateVersions.createdAt,
          notAfter: certificateVersions.notAfter,
        },
      })
      .from(installedCertificates)
      .innerJoin(instances, eq(instances.id, installedCertificates.instanceId))
      .leftJoin(
        certificates,
        and(
          eq(certificates.ownerId, installedCertificates.ownerId),
          eq(certificates.domain, installedCertificates.domain),
          eq(certificates.instanceId, installedCertificates.instanceId),
        ),
      )
      .leftJoin(certificateVersions, eq(certificateVersions.id, certificates.currentVersionId))
      .where(sql`${installedCertificates.lookAt} IS NOT NULL AND ${installedCertificates.lookAt} <= ${now()}`)
      .orderBy(asc(installedCertificates.lookAt))
      .limit(MOST_AT_ONCE);
    return rows.map(({ fingerprint, newest, ...row }) => {
      const isInSync = fingerprint === newest?.fingerprint && row.problem === null;
      return { ...row, missed: isInSync ? null : newest };
    });
  }

  /** Until when an instance has time for what it misses: a day, from the first of its windows on. */
  function deadlineOf({ missed, settings }: Row): number {
    if (!missed) return Number.POSITIVE_INFINITY;
    const { createdAt, notAfter } = missed;
    const windows = settings.maintenanceWindows ?? [];
    return openingAtOrAfter(windows, createdAt, latestFor(createdAt, notAfter)) + PATIENCE;
  }

  /** Looks again at `at`, or not until there is something new. */
  const lookAgain = (rows: Row[], at: (row: Row) => number | null) =>
    database.run(sql`
      UPDATE installed_certificates SET look_at = given.look_at
      FROM (SELECT value ->> 0 AS instance_id, value ->> 1 AS domain, value ->> 2 AS look_at
            FROM json_each(${JSON.stringify(rows.map((row) => [row.instanceId, row.domain, at(row)]))})) AS given
      WHERE installed_certificates.instance_id = given.instance_id AND installed_certificates.domain = given.domain`);

  return {
    /** One tick's share: its cost is that of what was not installed in time, not of what there is. */
    async sweep(): Promise<void> {
      const rows = await due();
      if (rows.length === 0) return;
      const late = rows.filter((row) => deadlineOf(row) <= now());
      const byInstance = Map.groupBy(late, ({ instanceId }) => instanceId);
      // Stored before they are forgotten here: after a crash an owner is told twice rather than never.
      for (const [, missing] of byInstance) await tell(missing[0]?.ownerId ?? 0, notice(missing));
      await lookAgain(rows, (row) => (row.missed && !late.includes(row) ? deadlineOf(row) : null));
    },
  };
}

/** Of one instance, at least one row. */
function notice(rows: Row[]): Notification {
  const [first] = rows as [Row, ...Row[]];
  const named = rows.slice(0, MOST_NAMED).map(({ domain, problem }) => (problem ? `${domain} (${problem})` : domain));
  const more = rows.length > MOST_NAMED ? ` and ${rows.length - MOST_NAMED} more` : "";
  const reportedAt = first.reportedAt && `${new Date(first.reportedAt).toISOString().slice(0, 19)}Z`;
  return {
    event: "instance.behind",
    subject: `instance ${first.name}`,
    title: `The instance "${first.name}" did not install ${rows.length === 1 ? "a new version" : `${rows.length} new versions`} in time.`,
    detail:
      `It goes on with an older version of ${named.join(", ")}${more}. It last reported at ${reportedAt}: ` +
      "look whether its agent runs, and what it says.",
    facts: {
      instance_id: first.instanceId,
      certificates: rows.map(({ domain, problem }) => ({ domain, problem })),
      reported_at: reportedAt,
    },
  };
}
