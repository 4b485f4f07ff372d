/** What depends on a DNS account: certificates that are pinned to it, and domains whose records it writes. */
import { and, asc, eq, inArray, isNull, ne, or } from "drizzle-orm";
import type { Database } from "../storage/database";
import { certificates, type dnsAccounts, domainRecordSets, domains } from "../storage/schema";

type Row = typeof dnsAccounts.$inferSelect;

export interface Uses {
  certificates: string[];
  domains: string[];
}

/** With `except`, only what is not for this instance. */
export async function findUses(database: Database, row: Row, except?: string): Promise<Uses> {
  const isOther =
    except === undefined ? undefined : or(isNull(certificates.instanceId), ne(certificates.instanceId, except));
  const [pinned, written] = await database.batch([
    database
      .select({ name: certificates.domain })
      .from(certificates)
      .where(and(pinnedTo(row), isOther))
      .orderBy(asc(certificates.domain)),
    database
      .select({ name: domains.fqdn })
      .from(domains)
      .where(eq(domains.dnsAccountId, row.id))
      .orderBy(asc(domains.fqdn)),
  ]);
  return { certificates: pinned.map(({ name }) => name), domains: written.map(({ name }) => name) };
}

/** To another account of the same provider: certificates take it at their next order, domains within minutes. */
export async function moveUses(database: Database, from: Row, to: Row, now: number): Promise<void> {
  const domainsOfIt = database.select({ id: domains.id }).from(domains).where(eq(domains.dnsAccountId, from.id));
  await database.batch([
    database.update(certificates).set({ dnsAccountId: to.accountId, updatedAt: now }).where(pinnedTo(from)),
    // Not known to be in the zone of the new account, which is told by the next update, or by the upkeep of domains.
    database
      .update(domainRecordSets)
      .set({ syncedVersion: 0, openSince: now })
      .where(inArray(domainRecordSets.domainId, domainsOfIt)),
    database.update(domains).set({ dnsAccountId: to.id, updatedAt: now }).where(eq(domains.dnsAccountId, from.id)),
  ]);
}

/** For a sentence: "the certificates a.example, b.example". */
export const namesOf = ({ certificates, domains }: Uses): string[] => [
  ...(certificates.length > 0 ? [`the certificates ${certificates.join(", ")}`] : []),
  ...(domains.length > 0 ? [`the domains ${domains.join(", ")}`] : []),
];

const pinnedTo = ({ ownerId, provider, accountId }: Row) =>
  and(
    eq(certificates.ownerId, ownerId),
    eq(certificates.dnsProvider, provider),
    eq(certificates.dnsAccountId, accountId),
  );
