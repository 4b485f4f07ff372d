/** The ACME server's state in D1. */
import { and, asc, desc, eq, gt, inArray, isNull, lt, ne, or, sql } from "drizzle-orm";
import type { AcmeServerStore, StoredAccount, StoredAuthorization } from "../acme-server/store";
import type { Database } from "../storage/database";
import {
  acmeAccounts as accounts,
  acmeAuthorizations as authorizations,
  acmeCertificates as certificates,
  externalAccountKeys as keys,
  acmeOrders as orders,
  acmeUsedNonces as usedNonces,
} from "../storage/schema";

const among = (ids: string[]) => sql`IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`;

/** Rows of authorizations that go into one statement: D1 takes 100 bound values. */
const ROWS_AT_ONCE = 10;

/** Of one directory: the accounts of others are not there. */
export function createAcmeStore(database: Database, profileId: string | null): AcmeServerStore {
  const ofDirectory = profileId === null ? isNull(accounts.profileId) : eq(accounts.profileId, profileId);
  const accountBy = async (where: ReturnType<typeof eq>): Promise<StoredAccount | undefined> =>
    (await database.select().from(accounts).where(and(where, ofDirectory)))[0];
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
          .where(and(eq(accounts.id, id ?? ""), ofDirectory)),
      ]);
      const [account] = found;
      return { fresh: used.length === 1, ...(account ? { account } : {}) };
    },

    accountByThumbprint: (thumbprint) => accountBy(eq(accounts.thumbprint, thumbprint)),

    async insertAccount(account) {
      const { id, externalAccountKeyId: keyId } = account;
      if (keyId === null) {
        const insert = database.insert(accounts).values(account).onConflictDoNothing();
        return (await insert.returning({ id: accounts.id })).length === 1;
      }
      const { thumbprint, createdAt } = account;
      const isKnown = sql`EXISTS (SELECT 1 FROM acme_accounts WHERE profile_id = ${profileId} AND thumbprint = ${thumbprint})`;
      const isUnused = or(eq(keys.isReusable, true), isNull(keys.lastAccountId));
      const isGood = and(isNull(keys.revokedAt), or(isNull(keys.expiresAt), gt(keys.expiresAt, createdAt)));
      const isUsedForThis = sql`EXISTS (SELECT 1 FROM external_account_keys WHERE id = ${keyId} AND last_account_id = ${id})`;
      const [, made] = await database.batch([
        database
          .update(keys)
          .set({ lastAccountId: id, lastUsedAt: createdAt })
          .where(and(eq(keys.id, keyId), isUnused, isGood, sql`NOT ${isKnown}`)),
        database
          .insert(accounts)
          .select(
            sql`SELECT ${id}, ${thumbprint}, ${JSON.stringify(account.jwk)}, ${account.status},
                  ${JSON.stringify(account.contact)}, ${account.termsOfServiceAgreed ? 1 : 0}, ${createdAt}, ${profileId}, ${keyId}
                WHERE ${isUsedForThis}`,
          )
          .returning({ id: accounts.id }),
      ]);
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
