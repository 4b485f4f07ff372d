/** Tries DNS accounts out again every week, so that a credential that has ended is known before a renewal needs it. */
import { eq } from "drizzle-orm";
import type { Letters } from "../accounts/letters";
import type { DnsAccountRow, DnsAccounts } from "../dns-accounts/service";
import type { Mailer } from "../mail/mailer";
import type { Database } from "../storage/database";
import { accounts } from "../storage/schema";
import type { AccountTests } from "./account-test";

export interface AccountRetestPorts {
  database: Database;
  dnsAccounts: DnsAccounts;
  accountTests: AccountTests;
  mailer: Mailer;
  letters: Letters;
  now: () => number;
}

const WEEK = 7 * 86_400_000;
/** A tick has other work to do. */
const AT_ONCE = 3;

export function createAccountRetests(ports: AccountRetestPorts) {
  const { database, dnsAccounts, accountTests, mailer, letters, now } = ports;

  async function tell(row: DnsAccountRow, detail: string): Promise<void> {
    const [owner] = await database.select().from(accounts).where(eq(accounts.id, row.ownerId));
    if (!owner || owner.emailVerifiedAt === null || mailer.off) return;
    const name = `${row.provider}/${row.accountId}`;
    await mailer.send(letters.dnsAccountFails(owner.email, owner.username, name, detail)).catch(() => undefined);
  }

  return {
    /** One tick's share. The owner is told when an account that worked does not any more. */
    async sweep(): Promise<void> {
      const due = await dnsAccounts.testedBefore(now() - WEEK, AT_ONCE);
      await Promise.all(
        due.map(async (row) => {
          const result = await accountTests.test(row, row.lastTest?.zone ?? undefined);
          const failed = result.steps.find(({ ok }) => !ok);
          if (failed && row.lastTest?.ok) await tell(row, failed.detail);
        }),
      );
    },
  };
}
