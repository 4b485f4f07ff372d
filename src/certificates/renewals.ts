/** The cron's work: due certificates by index, in batches, to their objects; and orders that a crash left open. */
import { and, asc, eq, isNull, lt, sql } from "drizzle-orm";
import type { Plan } from "../accounts/identity";
import { closedBy, planInForce } from "../accounts/plans";
import type { CaAccounts } from "../ca-accounts/service";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, certificates, certificateVersions, orders } from "../storage/schema";
import { type CertificateRow, claimDue } from "./certificate-rows";
import type { CertificateOrder } from "./order-object";
import { windowOf } from "./order-records";
import type { Certificates } from "./service";

export interface RenewalPorts {
  database: Database;
  certificates: Certificates;
  caAccounts: CaAccounts;
  objects: DurableObjectNamespace<CertificateOrder>;
  plansOn: boolean;
  now: () => number;
}

export interface TickReport {
  due: number;
  ordered: number;
  /** Due, but their plans have no automatic renewal, their names are another's, or nobody acts for their accounts. */
  left: number;
  moved: number;
  resumed: number;
  failed: number;
}

interface Owner {
  plan: Plan;
  suspendedAt: number | null;
}

const BATCH = 200;
const AT_ONCE = 20;
const OPEN_TOO_LONG = 120_000;
/** When a certificate that its plan leaves alone is looked at again: the plan may be another one by then. */
const LOOK_AGAIN = 6 * 3_600_000;

/** Why the certificate of these names is not renewed without being asked; nothing where it is. */
export function renewalRefusal(names: string[], owner: { plan: Plan }): Problem | undefined {
  const hasWildcard = names.some((name) => name.startsWith("*."));
  return closedBy(owner, "automaticRenewal") ?? (hasWildcard ? closedBy(owner, "wildcards") : undefined);
}

export type Renewals = ReturnType<typeof createRenewals>;

export function createRenewals(ports: RenewalPorts) {
  const { database, now } = ports;

  /** A CA may have moved its window since the date was set (RFC 9773 §4.2): then the certificate waits for the new one. */
  async function renew(row: CertificateRow, owner: Owner | undefined): Promise<"ordered" | "moved" | "left"> {
    if (!owner || owner.suspendedAt !== null) {
      const detail = "The account is suspended: nobody acts for it.";
      await leave(row, { cause: "suspended", detail, what_to_do: "Ask an administrator to resume the account." });
      return "left";
    }
    const { plan } = owner;
    // One that was never issued is no renewal: its own order is taken up again.
    const refusal = row.currentVersionId === null ? undefined : renewalRefusal(row.names, { plan });
    if (refusal) {
      const what_to_do = `Renew it with POST /api/certificates/${row.domain}/renew.`;
      await leave(row, { cause: "plan", detail: refusal.detail, what_to_do });
      return "left";
    }
    const later = await laterWindow(row);
    if (later !== undefined) {
      await database.update(certificates).set({ renewAt: later }).where(eq(certificates.id, row.id));
      return "moved";
    }
    try {
      await ports.certificates.order(row, "renew");
      return "ordered";
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 403) throw error;
      await leave(row, { cause: "names", detail: error.detail, what_to_do: "Delete it, or take the name again." });
      return "left";
    }
  }

  /** The certificate says why; the reason of a failed order is worth more, and stays. */
  async function leave(row: CertificateRow, why: { cause: string; detail: string; what_to_do: string }): Promise<void> {
    const problem = { ...why, title: "It is not renewed automatically", evidence: {} };
    await database
      .update(certificates)
      .set({ renewAt: now() + LOOK_AGAIN, ...(row.failures > 0 ? {} : { problem }) })
      .where(eq(certificates.id, row.id));
  }

  async function ownersOf(rows: CertificateRow[]): Promise<Map<number, Owner>> {
    if (rows.length === 0) return new Map();
    const ids = JSON.stringify([...new Set(rows.map(({ ownerId }) => ownerId))]);
    const found = await database
      .select({ id: accounts.id, plan: accounts.plan, suspendedAt: accounts.suspendedAt })
      .from(accounts)
      .where(sql`${accounts.id} IN (SELECT value FROM json_each(${ids}))`);
    return new Map(
      found.map(({ id, plan, suspendedAt }) => [id, { plan: planInForce(plan, ports.plansOn), suspendedAt }]),
    );
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
      const report: TickReport = { due: 0, ordered: 0, left: 0, moved: 0, resumed: 0, failed: 0 };
      const due = await claimDue(database, now(), BATCH);
      report.due = due.length;
      const owners = await ownersOf(due);
      await inGroups(due, async (row) => {
        await renew(row, owners.get(row.ownerId)).then(
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
