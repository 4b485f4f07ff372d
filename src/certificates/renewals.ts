/** The cron's work: due certificates by index, in batches, to their objects; and orders that a crash left open. */
import { and, asc, eq, isNull, lt } from "drizzle-orm";
import type { CaAccounts } from "../ca-accounts/service";
import type { Database } from "../storage/database";
import { certificates, certificateVersions, orders } from "../storage/schema";
import type { CertificateOrder } from "./order-object";
import { windowOf } from "./order-records";
import { type CertificateRow, type Certificates, claimDue } from "./service";

export interface RenewalPorts {
  database: Database;
  certificates: Certificates;
  caAccounts: CaAccounts;
  objects: DurableObjectNamespace<CertificateOrder>;
  now: () => number;
}

export interface TickReport {
  due: number;
  ordered: number;
  moved: number;
  resumed: number;
  failed: number;
}

const BATCH = 200;
const AT_ONCE = 20;
const OPEN_TOO_LONG = 120_000;

export type Renewals = ReturnType<typeof createRenewals>;

export function createRenewals(ports: RenewalPorts) {
  const { database, now } = ports;

  /** A CA may have moved its window since the date was set (RFC 9773 §4.2): then the certificate waits for the new one. */
  async function renew(row: CertificateRow): Promise<"ordered" | "moved"> {
    const later = await laterWindow(row);
    if (later !== undefined) {
      await database.update(certificates).set({ renewAt: later }).where(eq(certificates.id, row.id));
      return "moved";
    }
    await ports.certificates.order(row, "renew");
    return "ordered";
  }

  async function laterWindow(row: CertificateRow): Promise<number | undefined> {
    if (!row.currentVersionId || row.failures > 0) return undefined;
    const [version] = await database
      .select()
      .from(certificateVersions)
      .where(eq(certificateVersions.id, row.currentVersionId));
    if (!version?.renewalIdentifier) return undefined;
    const window = await windowOf(ports.caAccounts, version.caAccountId, version.renewalIdentifier);
    if (!window || window.start <= now()) return undefined;
    return Math.round(window.start + (window.end - window.start) * Math.random());
  }

  return {
    /** One tick. Its cost follows what is due, not what there is; what does not fit waits for the next tick. */
    async tick(): Promise<TickReport> {
      const report: TickReport = { due: 0, ordered: 0, moved: 0, resumed: 0, failed: 0 };
      const due = await claimDue(database, now(), BATCH);
      report.due = due.length;
      await inGroups(due, async (row) => {
        await renew(row).then(
          (done) => report[done]++,
          () => report.failed++, // its claim runs out within the hour, and it is due again
        );
      });
      const left = await database
        .select({ certificateId: orders.certificateId })
        .from(orders)
        .where(and(isNull(orders.finishedAt), lt(orders.createdAt, now() - OPEN_TOO_LONG)))
        .orderBy(asc(orders.createdAt))
        .limit(BATCH);
      await inGroups(left, async ({ certificateId }) => {
        if (await ports.objects.getByName(certificateId).resume()) report.resumed++;
      });
      return report;
    },
  };
}

async function inGroups<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) {
    await Promise.all(items.slice(start, start + AT_ONCE).map(work));
  }
}
