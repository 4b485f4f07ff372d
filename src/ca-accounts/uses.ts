/** What depends on a CA account: certificates that are pinned to it, or that nothing else can be for; settings that name it; orders. */
import { and, asc, eq, isNull, ne, notExists, or, type SQL, sql } from "drizzle-orm";
import { alias, type SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { Database } from "../storage/database";
import { accountSettings, caAccounts, certificates, instances, orders } from "../storage/schema";

type Row = typeof caAccounts.$inferSelect;

export interface Uses {
  /** The domains of those that are pinned to it. */
  certificates: string[];
  /** The domains of those that have to come from its authority, where it is the last account there. */
  certificatesOfAuthority: string[];
  /** The domains of those whose own settings name it. */
  certificateSettings: string[];
  /** The names of those whose settings name it. */
  instances: string[];
  accountSettings: boolean;
  /** The domains of the certificates whose orders are under way. */
  orders: string[];
}

/** Ids are random: a setting that has one in its text names it. */
const names = (column: SQLiteColumn, { id }: Row): SQL => sql`instr(${column}, ${id}) > 0`;

/** Those that name the account's authority and no account, where no other account is left that could be theirs. */
function leftAlone(database: Database, { id, ownerId, authority, environment }: Row): SQL | undefined {
  const other = alias(caAccounts, "other");
  const others = database
    .select({ id: other.id })
    .from(other)
    .where(
      and(
        eq(other.ownerId, ownerId),
        eq(other.authority, authority),
        eq(other.environment, environment),
        ne(other.id, id),
        isNull(other.deactivatedAt),
        isNull(other.instanceId),
      ),
    );
  const named = and(eq(certificates.authority, authority), eq(certificates.environment, environment));
  return and(eq(certificates.ownerId, ownerId), named, isNull(certificates.caAccountId), notExists(others));
}

export async function findUses(database: Database, row: Row): Promise<Uses> {
  const { id, ownerId } = row;
  const ofOrder = or(eq(orders.caAccountId, id), and(isNull(orders.caAccountId), eq(certificates.caAccountId, id)));
  const [pinned, alone, named, instancesOf, settings, open] = await database.batch([
    database
      .select({ name: certificates.domain })
      .from(certificates)
      .where(and(eq(certificates.ownerId, ownerId), eq(certificates.caAccountId, id)))
      .orderBy(asc(certificates.domain)),
    database
      .select({ name: certificates.domain })
      .from(certificates)
      .where(leftAlone(database, row))
      .orderBy(asc(certificates.domain)),
    database
      .select({ name: certificates.domain })
      .from(certificates)
      .where(and(eq(certificates.ownerId, ownerId), names(certificates.ca, row)))
      .orderBy(asc(certificates.domain)),
    database
      .select({ name: instances.name })
      .from(instances)
      .where(and(eq(instances.ownerId, ownerId), names(instances.settings, row)))
      .orderBy(asc(instances.name)),
    database
      .select({ ownerId: accountSettings.ownerId })
      .from(accountSettings)
      .where(and(eq(accountSettings.ownerId, ownerId), names(accountSettings.ca, row))),
    database
      .select({ name: certificates.domain })
      .from(orders)
      .innerJoin(certificates, eq(certificates.id, orders.certificateId))
      .where(and(eq(orders.ownerId, ownerId), isNull(orders.finishedAt), ofOrder)),
  ]);
  const namesOf = (rows: { name: string }[]) => rows.map(({ name }) => name);
  return {
    certificates: namesOf(pinned),
    certificatesOfAuthority: namesOf(alone),
    certificateSettings: namesOf(named),
    instances: namesOf(instancesOf),
    accountSettings: settings.length > 0,
    orders: namesOf(open),
  };
}

/** In words, one for each kind of use. Orders are none: they end by themselves. */
export const reasonsOf = (uses: Uses): string[] => [
  ...(uses.certificates.length > 0 ? [`the certificates ${uses.certificates.join(", ")}`] : []),
  ...(uses.certificatesOfAuthority.length > 0
    ? [`${uses.certificatesOfAuthority.join(", ")}, which have to come from its authority`]
    : []),
  ...(uses.certificateSettings.length > 0 ? [`the settings of ${uses.certificateSettings.join(", ")}`] : []),
  ...(uses.instances.length > 0 ? [`the settings of the instances ${uses.instances.join(", ")}`] : []),
  ...(uses.accountSettings ? ["the settings of the account"] : []),
];

/**
 * To another account: pins, certificates that had to come from the authority of the one, and every setting that names it.
 * The statements of one batch.
 */
export function moveUses(database: Database, from: Row, to: Row, now: number) {
  const renamed = (column: SQLiteColumn) => sql`replace(${column}, ${from.id}, ${to.id})`;
  const { ownerId } = from;
  const pinned = and(eq(certificates.ownerId, ownerId), eq(certificates.caAccountId, from.id));
  const required = and(pinned, eq(certificates.authority, from.authority));
  return [
    database.update(certificates).set({ authority: to.authority, updatedAt: now }).where(leftAlone(database, from)),
    database.update(certificates).set({ authority: to.authority }).where(required),
    database.update(certificates).set({ caAccountId: to.id, updatedAt: now }).where(pinned),
    database
      .update(certificates)
      .set({ ca: renamed(certificates.ca), updatedAt: now })
      .where(and(eq(certificates.ownerId, ownerId), names(certificates.ca, from))),
    database
      .update(instances)
      .set({ settings: renamed(instances.settings), updatedAt: now })
      .where(and(eq(instances.ownerId, ownerId), names(instances.settings, from))),
    database
      .update(accountSettings)
      .set({ ca: renamed(accountSettings.ca), updatedAt: now })
      .where(and(eq(accountSettings.ownerId, ownerId), names(accountSettings.ca, from))),
  ] as const;
}
