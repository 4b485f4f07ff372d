/** What the owner of a DNS account is told of it. */
import type { DnsAccountRow } from "../dns-accounts/service";
import type { Notification } from "../notifications/events";

export function failedAccountNotice(row: DnsAccountRow, zone: string | null, problem: string): Notification {
  const account = `${row.provider}/${row.accountId}`;
  return {
    event: "dns_account.failed",
    subject: `DNS account ${account}`,
    title: `The DNS account ${account} does not work any more`,
    detail:
      `certedge could not write with it: ${problem}\n\n` +
      "Certificates that are proven over it cannot be renewed until it works. Give it a credential that does.",
    facts: {
      provider: row.provider,
      account_id: row.accountId,
      zone,
      problem,
      ...(row.instanceId ? { instance_id: row.instanceId } : {}),
    },
  };
}
