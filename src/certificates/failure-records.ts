/** What a failure leaves at a certificate: the reason, the time of the next try, and word to the owner where it is due. */
import { eq, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Tell } from "../notifications/events";
import type { Database } from "../storage/database";
import { certificates } from "../storage/schema";
import { failedNotice } from "./certificate-notices";
import { isTold, nextTry } from "./failure-plan";
import type { OrderProblem } from "./order-failure";
import { plannedCertificates } from "./planned-certificates";

export interface FailureRecordPorts {
  database: Database;
  tell: Tell;
  now: () => number;
}

export type FailureRecords = ReturnType<typeof createFailureRecords>;

export function createFailureRecords({ database, tell, now }: FailureRecordPorts) {
  return {
    /** Counts the failure, in one transaction with what else is to be noted; the certificate that is in use stays what it is. */
    async note(certificateId: string, problem: OrderProblem, ...also: BatchItem<"sqlite">[]): Promise<void> {
      const [planned] = await plannedCertificates(database, eq(certificates.id, certificateId));
      if (!planned) return; // deleted meanwhile
      const { row, version } = planned;
      const failed = {
        cause: problem.cause,
        failures: row.failures + 1,
        retryAfter: problem.retry_after ? Date.parse(problem.retry_after) : undefined,
        validity: version ?? undefined,
      };
      const told = row.toldCause?.split(" ") ?? [];
      const isDue = isTold(failed, told, now());
      const renewAt = nextTry(failed, now(), Math.random());
      // Told before it is noted: after a crash between the two it is told twice rather than never.
      if (isDue) {
        await tell(
          row.ownerId,
          failedNotice(row, problem, { failures: failed.failures, nextTry: renewAt, now: now() }),
        );
      }
      const update = database
        .update(certificates)
        .set({
          status: sql`CASE WHEN current_version_id IS NULL THEN 'failed' ELSE status END`,
          failures: failed.failures,
          problem,
          renewAt,
          ...(isDue ? { toldCause: [...told, problem.cause].join(" ") } : {}),
          updatedAt: now(),
        })
        .where(eq(certificates.id, row.id));
      await database.batch([update, ...also]);
    },
  };
}
