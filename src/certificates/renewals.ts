/** The cron's work: what is due is found by index and handed to the certificates' objects, in batches; what does not fit waits for the next tick. */
import type { Database } from "../storage/database";
import { claimDue, claimRenewals, findLeftOpen } from "./due-certificates";
import type { CertificateOrder } from "./order-object";
import type { RenewalWindows } from "./renewal-windows";
import type { RevocationLists } from "./revocation-lists";

export interface RenewalPorts {
  database: Database;
  windows: RenewalWindows;
  lists: RevocationLists;
  objects: Pick<DurableObjectNamespace<CertificateOrder>, "getByName">;
  /** How many certificates one tick takes up: each is a call of an object. */
  perTick: number;
  now: () => number;
}

const nothing = {
  due: 0,
  ordered: 0,
  /** Due, but their plans have no automatic renewal, their names are another's, or nobody acts for their accounts. */
  left: 0,
  /** Of which the CA or a maintenance window said later. */
  moved: 0,
  /** No order could be made. */
  refused: 0,
  /** Whose CAs were asked for their renewal windows. */
  asked: 0,
  reminded: 0,
  /** Orders that were left open. */
  resumed: 0,
  /** Revocation lists that were due, and certificates that they have. */
  lists: 0,
  revoked: 0,
  /** Calls that came to nothing; they are made again within the hour. */
  failed: 0,
};

export type TickReport = typeof nothing;

const AT_ONCE = 20;
const OPEN_TOO_LONG = 120_000;
/** Each may have a hundred thousand entries. */
const LISTS = 2;

export type Renewals = ReturnType<typeof createRenewals>;

export function createRenewals({ database, windows, lists, objects, perTick, now }: RenewalPorts) {
  const few = Math.ceil(perTick / 4);

  /** The windows first: what was pulled in is renewed in this very tick. The lists last: to read a long one takes time. */
  const parts: ((report: TickReport) => Promise<void>)[] = [
    async (report) => {
      const { asked, moved } = await windows.check(perTick);
      Object.assign(report, { asked, moved });
    },
    async (report) => {
      const due = await claimRenewals(database, now(), perTick);
      report.due = due.length;
      await each(due, report, async (id) => {
        const turn = await objects.getByName(id).renew();
        report[turn]++;
      });
    },
    async (report) =>
      each(await claimDue(database, "notice_at", now(), few), report, async (id) => {
        if (await objects.getByName(id).remind()) report.reminded++;
      }),
    async (report) =>
      each(await findLeftOpen(database, now() - OPEN_TOO_LONG, few, Math.random()), report, async (id) => {
        if (await objects.getByName(id).resume()) report.resumed++;
      }),
    async (report) => {
      const { read, replaced } = await lists.check(LISTS);
      Object.assign(report, { lists: read, revoked: replaced });
    },
  ];

  return {
    /** One tick. Its cost follows what is due, not what there is. What fails in one part keeps no other from its work. */
    async tick(): Promise<TickReport> {
      const report = { ...nothing };
      const errors: unknown[] = [];
      for (const part of parts) await part(report).catch((error) => errors.push(error));
      if (errors.length > 0) throw errors[0];
      return report;
    },
  };
}

async function each(ids: string[], report: TickReport, work: (id: string) => Promise<void>): Promise<void> {
  const failed = () => {
    report.failed++;
  };
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    await Promise.all(ids.slice(start, start + AT_ONCE).map((id) => work(id).catch(failed)));
  }
}
