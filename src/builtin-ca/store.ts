/** The ACME server's state in D1. */
import { and, asc, desc, eq, gt, inArray, isNull, lt, ne, or, sql } from "drizzle-orm";
import type { AcmeServerStore, StoredAccount, StoredAuthorization } from "../acme-server/store";
import type { Database } from "../storage/database";
import {
  acmeAccounts as accounts,
  acmeAuthorizations as authorizations,
  acmeCertificates as certificates,
  acmeOrders as orders,
  acmeUsedNonces as usedNonces,
} from "../storage/schema";

const among = (ids: string[]) => sql`IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;

/** Rows of authorizations that go into one statement: D1 takes 100 bound values. */
const ROWS_AT_ONCE = 10;

export function createAcmeStore(database: Database): AcmeServerStore {
  const accountBy = async (where: ReturnType<typeof eq>): Promise<StoredAccount | undefined> =>
    (await database.select().from(accounts).where(where))[0];
  const certificateBy = async (where: ReturnType<typeof eq>) =>
    (await database.select().from(certificates).where(where))[0];

  return {
    async useNonce(nonce, expiresAt, { id }) {
      const use = database
        .insert(usedNonces)
        .values({ nonce, expiresAt })
        .onConflictDoNothing()
        .returning({ nonce: usedNonces.nonce });
      const [used, found] = await database.batch([
        use,
        database
          .select()
          .from(accounts)
          .where(eq(accounts.id, id ?? "")),
      ]);
      const [account] = found;
      return { fresh: used.length === 1, ...(account ? { account } : {}) };
    },

    accountByThumbprint: (thumbprint) => accountBy(eq(accounts.thumbprint, thumbprint)),

    async insertAccount(account) {
      const made = await database.insert(accounts).values(account).onConflictDoNothing().returning({ id: accounts.id });
      return made.length === 1;
    },

    async updateAccount(id, change) {
      await database.update(accounts).set(change).where(eq(accounts.id, id));
    },

    async insertOrder(order, rows) {
      const groups: StoredAuthorization[][] = [];
      for (let start = 0; start < rows.length; start += ROWS_AT_ONCE)
        groups.push(rows.slice(start, start + ROWS_AT_ONCE));
      await database.batch([
        database.insert(orders).values(order),
        ...groups.map((group) => database.insert(authorizations).values(group)),
      ]);
    },

    order: async (id) => (await database.select().from(orders).where(eq(orders.id, id)))[0],

    async openOrder(accountId, identifiersKey, now) {
      const same = and(eq(orders.accountId, accountId), eq(orders.identifiersKey, identifiersKey));
      const open = and(inArray(orders.status, ["pending", "ready"]), gt(orders.expiresAt, now));
      const [order] = await database
        .select()
        .from(orders)
        .where(and(same, open))
        .orderBy(desc(orders.createdAt))
        .limit(1);
      return order;
    },

    ordersOf: (accountId, after, limit, now) =>
      database
        .select({ id: orders.id, createdAt: orders.createdAt })
        .from(orders)
        .where(
          and(
            eq(orders.accountId, accountId),
            ne(orders.status, "invalid"),
            gt(orders.expiresAt, now),
            or(
              gt(orders.createdAt, after.createdAt),
              and(eq(orders.createdAt, after.createdAt), gt(orders.id, after.id)),
            ),
          ),
        )
        .orderBy(asc(orders.createdAt), asc(orders.id))
        .limit(limit),

    async updateOrder(id, from, change) {
      const changed = await database
        .update(orders)
        .set(change)
        .where(and(eq(orders.id, id), eq(orders.status, from)))
        .returning({ id: orders.id });
      return changed.length === 1;
    },

    authorizations: (ids) =>
      database
        .select()
        .from(authorizations)
        .where(sql`${authorizations.id} ${among(ids)}`)
        .orderBy(asc(authorizations.createdAt)),

    async updateAuthorization(id, from, change) {
      const changed = await database
        .update(authorizations)
        .set(change)
        .where(and(eq(authorizations.id, id), eq(authorizations.status, from)))
        .returning({ id: authorizations.id });
      return changed.length === 1;
    },

    async authorizedNames(accountId, now) {
      const valid = await database
        .select({ identifier: authorizations.identifier, wildcard: authorizations.wildcard })
        .from(authorizations)
        .where(
          and(
            eq(authorizations.accountId, accountId),
            eq(authorizations.status, "valid"),
            gt(authorizations.expiresAt, now),
          ),
        );
      return valid.map(({ identifier, wildcard }) => (wildcard ? `*.${identifier.value}` : identifier.value));
    },

    async insertCertificate(certificate) {
      const mine = sql`(SELECT id FROM acme_certificates WHERE order_id = ${certificate.orderId})`;
      await database.batch([
        database.insert(certificates).values(certificate).onConflictDoNothing(),
        database
          .update(orders)
          .set({ status: "valid", certificateId: mine })
          .where(and(eq(orders.id, certificate.orderId), eq(orders.status, "processing"))),
      ]);
    },

    certificate: (id) => certificateBy(eq(certificates.id, id)),
    certificateOfOrder: (orderId) => certificateBy(eq(certificates.orderId, orderId)),
    certificateBySerial: (serial) => certificateBy(eq(certificates.serial, serial)),
    certificateByRenewalIdentifier: (identifier) => certificateBy(eq(certificates.renewalIdentifier, identifier)),

    async revokeCertificate(id, reason, now) {
      const revoked = await database
        .update(certificates)
        .set({ revokedAt: now, revocationReason: reason })
        .where(and(eq(certificates.id, id), isNull(certificates.revokedAt)))
        .returning({ id: certificates.id });
      return revoked.length === 1;
    },

    async replaceCertificate(id, from, orderId) {
      const same = from === null ? isNull(certificates.replacedBy) : eq(certificates.replacedBy, from);
      const replaced = await database
        .update(certificates)
        .set({ replacedBy: orderId })
        .where(and(eq(certificates.id, id), same))
        .returning({ id: certificates.id });
      return replaced.length === 1;
    },
  };
}

/** For the cron: nonces that have run out need not be known as used any more. */
export async function forgetOldNonces(database: Database, now: number): Promise<void> {
  await database.delete(usedNonces).where(lt(usedNonces.expiresAt, now));
}
