/** What is bound to an instance: its certificates, and the accounts and credentials that only it may use. */
import { and, asc, eq, sql } from "drizzle-orm";
import type { Database } from "../storage/database";
import { caAccounts, certificates, dnsAccounts, type instances, storedCredentials } from "../storage/schema";

export type InstanceRow = typeof instances.$inferSelect;

/** By name: a few of each kind. */
export interface Bindings {
  certificates: string[];
  ca_accounts: string[];
  dns_accounts: string[];
  credentials: string[];
}

type Bound = typeof certificates | typeof caAccounts | typeof dnsAccounts | typeof storedCredentials;

const boundTo = ({ id, ownerId }: InstanceRow, table: Bound) =>
  and(eq(table.ownerId, ownerId), eq(table.instanceId, id));

/** Of each kind; what is beyond is not named. */
const MOST_NAMED = 100;

export async function bindingsOf(database: Database, row: InstanceRow): Promise<Bindings> {
  const dnsName = sql<string>`${dnsAccounts.provider} || '/' || ${dnsAccounts.accountId}`;
  const [certificatesOfIt, caAccountsOfIt, dnsAccountsOfIt, credentials] = await database.batch([
    database
      .select({ name: certificates.domain })
      .from(certificates)
      .where(boundTo(row, certificates))
      .orderBy(asc(certificates.domain))
      .limit(MOST_NAMED),
    database
      .select({ name: caAccounts.name })
      .from(caAccounts)
      .where(boundTo(row, caAccounts))
      .orderBy(asc(caAccounts.name))
      .limit(MOST_NAMED),
    database
      .select({ name: dnsName.as("name") })
      .from(dnsAccounts)
      .where(boundTo(row, dnsAccounts))
      .orderBy(asc(dnsAccounts.provider), asc(dnsAccounts.accountId))
      .limit(MOST_NAMED),
    database
      .select({ name: storedCredentials.name })
      .from(storedCredentials)
      .where(boundTo(row, storedCredentials))
      .orderBy(asc(storedCredentials.name))
      .limit(MOST_NAMED),
  ]);
  const namesOf = (rows: { name: string }[]) => rows.map(({ name }) => name);
  return {
    certificates: namesOf(certificatesOfIt),
    ca_accounts: namesOf(caAccountsOfIt),
    dns_accounts: namesOf(dnsAccountsOfIt),
    credentials: namesOf(credentials),
  };
}

/** The statements that bind all of it to another instance, or to none. */
export function rebind(database: Database, row: InstanceRow, to: string | null, now: number) {
  const change = { instanceId: to, updatedAt: now };
  return [
    database.update(certificates).set(change).where(boundTo(row, certificates)),
    database.update(caAccounts).set(change).where(boundTo(row, caAccounts)),
    database.update(dnsAccounts).set(change).where(boundTo(row, dnsAccounts)),
    database.update(storedCredentials).set(change).where(boundTo(row, storedCredentials)),
  ] as const;
}

/** Whether anything is bound to the instance, for a statement that is about the table of instances. */
export const isBound = sql.join(
  [certificates, caAccounts, dnsAccounts, storedCredentials].map(
    (table) =>
      sql`EXISTS (SELECT 1 FROM ${table} WHERE ${table.ownerId} = instances.owner_id AND ${table.instanceId} = instances.id)`,
  ),
  sql` OR `,
);
