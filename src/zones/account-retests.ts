/** Tries DNS accounts out again every week, and when their credential was changed, so that a credential that has ended is known before a renewal needs it. */
import type { DnsAccounts } from "../dns-accounts/service";
import type { Tell } from "../notifications/events";
import { failedAccountNotice } from "./account-notices";
import type { AccountTests } from "./account-test";

export interface AccountRetestPorts {
  dnsAccounts: DnsAccounts;
  accountTests: AccountTests;
  tell: Tell;
}

/** A tick has other work to do. */
const AT_ONCE = 3;

export function createAccountRetests({ dnsAccounts, accountTests, tell }: AccountRetestPorts) {
  return {
    /** One tick's share. The owner is told when an account that worked does not any more. */
    async sweep(): Promise<void> {
      const due = await dnsAccounts.claimRetests(AT_ONCE);
      await Promise.all(
        due.map(async (row) => {
          const result = await accountTests.test(row, row.testZone ?? undefined);
          const failed = result.steps.find(({ ok }) => !ok);
          if (!failed || row.lastTest?.ok === false) return;
          await tell(row.ownerId, failedAccountNotice(row, row.testZone, failed.detail));
        }),
      );
    },
  };
}
