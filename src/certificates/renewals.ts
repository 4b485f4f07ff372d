/** The cron's work: what is due is found by index and handed to the certificates' objects, in batches; what does not fit waits for the next tick. */
import type { Database } from "../storage/database";
import { claimDue, claimRenewals, findLeftOpen } from "./due-certificates";
import type { CertificateOrder } from "./order-object";
import type { RenewalWindows } from "./renewal-windows";

export interface RenewalPorts {
  database: Database;
  windows: RenewalWindows;
  objects: DurableObjectNamespace<CertificateOrder>;
  /** How many certificates one tick takes up: each is a call of an object. */
  perTick: number;
  now: () => number;
}

export interface TickReport {
  due: number;
  ordered: number;
  /** Due, but their plans have no automatic renewal, their names are another's, or nobody acts for their accounts. */
  left: number;
  /** Of which the CA or a maintenance window said later. */
  moved: number;
  /** No order could be made. */
  refused: number;
  asked: number;
  reminded: number;
  resumed: number;
  failed: number;
}

const AT_ONCE = 20;
const OPEN_TOO_LONG = 120_000;

export type Renewals = ReturnType<typeof createRenewals>;

export function createRenewals({ database, windows, objects, perTick, now }: RenewalPorts) {
  const objectOf = (id: string) => objects.getByName(id);
  const few = Math.ceil(perTick / 4);

  return {
    /** One tick. Its cost follows what is due, not what there is. */
    async tick(): Promise<TickReport> {
      const report = {
        due: 0,
        ordered: 0,
        left: 0,
        moved: 0,
        refused: 0,
        asked: 0,
        reminded: 0,
        resumed: 0,
        failed: 0,
      };
      // A call that fails is made again: the claim runs out within the hour.
      const failed = () => {
        report.failed++;
      };

      // The windows first: one that was pulled in is renewed in this very tick.
      const checked = await windows.check(perTick);
      report.asked = checked.asked;
      report.moved = checked.moved;

      const due = await claimRenewals(database, now(), perTick);
      report.due = due.length;
      await inGroups(
        due,
        async (id) => {
          const turn = await objectOf(id).renew();
          report[turn]++;
        },
        failed,
      );

      await inGroups(
        await claimDue(database, "notice_at", now(), few),
        async (id) => {
          if (await objectOf(id).remind()) report.reminded++;
        },
        failed,
      );

      await inGroups(
        await findLeftOpen(database, now() - OPEN_TOO_LONG, few, Math.random()),
        async (id) => {
          if (await objectOf(id).resume()) report.resumed++;
        },
        failed,
      );
      return report;
    },
  };
}

async function inGroups<T>(items: T[], work: (item: T) => Promise<void>, failed: () => void): Promise<void> {
  for (let start = 0; start < items.length; start += AT_ONCE) {
    await Promise.all(items.slice(start, start + AT_ONCE).map((item) => work(item).catch(failed)));
  }
}
