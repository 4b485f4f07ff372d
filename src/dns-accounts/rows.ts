/** The rows of DNS accounts, and how one is found. */
import { and, asc, eq } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { dnsAccounts } from "../storage/schema";

export type DnsAccountRow = typeof dnsAccounts.$inferSelect;

export function createRows(database: Database) {
  async function listOf(ownerId: number, providerId?: string): Promise<DnsAccountRow[]> {
    return database
      .select()
      .from(dnsAccounts)
      .where(and(eq(dnsAccounts.ownerId, ownerId), providerId ? eq(dnsAccounts.provider, providerId) : undefined))
      .orderBy(asc(dnsAccounts.provider), asc(dnsAccounts.createdAt));
  }

  async function search(ownerId: number, providerId: string, accountId: string): Promise<DnsAccountRow | undefined> {
    const [row] = await database
      .select()
      .from(dnsAccounts)
      .where(
        and(
          eq(dnsAccounts.ownerId, ownerId),
          eq(dnsAccounts.provider, providerId),
          eq(dnsAccounts.accountId, accountId),
        ),
      );
    return row;
  }

  /** Throws 404 with those that there are. */
  async function find(ownerId: number, providerId: string, accountId: string): Promise<DnsAccountRow> {
    const row = await search(ownerId, providerId, accountId);
    if (row) return row;
    const others = (await listOf(ownerId, providerId)).map((account) => account.accountId).join(", ");
    const rest = others ? ` There are: ${others}.` : ` There is no ${providerId} account at all.`;
    throw new Problem(404, `There is no ${providerId} account "${accountId}".${rest}`);
  }

  /** Throws 404. */
  async function byId(id: string): Promise<DnsAccountRow> {
    const [row] = await database.select().from(dnsAccounts).where(eq(dnsAccounts.id, id));
    if (!row) throw new Problem(404, "The DNS account was deleted.");
    return row;
  }

  return { listOf, search, find, byId };
}
