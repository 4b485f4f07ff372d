/** The ACME server's state in memory, for tests. Values are copied in and out, as a database does. */
import type {
  AcmeServerStore,
  StoredAccount,
  StoredAuthorization,
  StoredCertificate,
  StoredOrder,
} from "../../src/acme-server/store";

export interface MemoryStore extends AcmeServerStore {
  orders: Map<string, StoredOrder>;
  certificates: Map<string, StoredCertificate>;
}

const copy = <T>(value: T): T => structuredClone(value);

export function memoryStore(): MemoryStore {
  const nonces = new Set<string>();
  /** Here, each external account key is for one account. */
  const usedKeys = new Set<string>();
  const accounts = new Map<string, StoredAccount>();
  const orders = new Map<string, StoredOrder>();
  const authorizations = new Map<string, StoredAuthorization>();
  const certificates = new Map<string, StoredCertificate>();

  const find = <T>(rows: Map<string, T>, matches: (row: T) => boolean): T | undefined => {
    const found = [...rows.values()].find(matches);
    return found && copy(found);
  };
  /** Changes the row only while it still has the status that the writer saw. */
  const compareAndSet = <T extends { status: string }>(
    rows: Map<string, T>,
    id: string,
    from: string,
    change: Partial<T>,
  ) => {
    const row = rows.get(id);
    if (row?.status !== from) return false;
    rows.set(id, { ...row, ...copy(change) });
    return true;
  };

  return {
    orders,
    certificates,

    async useNonce(nonce, _expiresAt, { id }) {
      const fresh = !nonces.has(nonce);
      nonces.add(nonce);
      const account = accounts.get(id ?? "");
      return { fresh, ...(account ? { account: copy(account) } : {}) };
    },

    accountByThumbprint: async (thumbprint) => find(accounts, (row) => row.thumbprint === thumbprint),

    async insertAccount(account) {
      if (find(accounts, (row) => row.thumbprint === account.thumbprint)) return false;
      const { externalAccountKeyId: keyId } = account;
      if (keyId !== null && usedKeys.has(keyId)) return false;
      if (keyId !== null) usedKeys.add(keyId);
      accounts.set(account.id, copy(account));
      return true;
    },

    async updateAccount(id, change) {
      const row = accounts.get(id);
      const holder = find(accounts, ({ thumbprint }) => thumbprint === change.thumbprint);
      if (holder && holder.id !== id) throw new Error("UNIQUE constraint failed: acme_accounts.thumbprint");
      if (row) accounts.set(id, { ...row, ...copy(change) });
    },

    async insertOrder(order, rows) {
      orders.set(order.id, copy(order));
      for (const row of rows) authorizations.set(row.id, copy(row));
    },

    order: async (id) => find(orders, (row) => row.id === id),

    async openOrder(accountId, identifiersKey, now) {
      const open = [...orders.values()].filter(
        (row) =>
          row.accountId === accountId &&
          row.identifiersKey === identifiersKey &&
          (row.status === "pending" || row.status === "ready") &&
          row.expiresAt > now,
      );
      const newest = open.sort((a, b) => b.createdAt - a.createdAt)[0];
      return newest && copy(newest);
    },

    async ordersOf(accountId, after, limit, now) {
      const isAfter = ({ createdAt, id }: StoredOrder) =>
        createdAt > after.createdAt || (createdAt === after.createdAt && id > after.id);
      return [...orders.values()]
        .filter((row) => row.accountId === accountId && row.status !== "invalid" && row.expiresAt > now && isAfter(row))
        .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
        .slice(0, limit)
        .map(({ id, createdAt }) => ({ id, createdAt }));
    },

    updateOrder: async (id, from, change) => compareAndSet(orders, id, from, change),

    authorizations: async (ids) => ids.flatMap((id) => copy(authorizations.get(id) ?? [])),
    updateAuthorization: async (id, from, change) => compareAndSet(authorizations, id, from, change),

    async authorizedNames(accountId, now) {
      return [...authorizations.values()]
        .filter((row) => row.accountId === accountId && row.status === "valid" && row.expiresAt > now)
        .map(({ identifier, wildcard }) => (wildcard ? `*.${identifier.value}` : identifier.value));
    },

    async insertCertificate(certificate) {
      const known = find(certificates, (row) => row.orderId === certificate.orderId);
      if (!known) certificates.set(certificate.id, copy(certificate));
      compareAndSet(orders, certificate.orderId, "processing", {
        status: "valid",
        certificateId: known?.id ?? certificate.id,
      });
    },

    certificate: async (id) => find(certificates, (row) => row.id === id),
    certificateOfOrder: async (orderId) => find(certificates, (row) => row.orderId === orderId),
    certificateBySerial: async (serial) => find(certificates, (row) => row.serial === serial),
    certificateByRenewalIdentifier: async (identifier) =>
      find(certificates, (row) => row.renewalIdentifier === identifier),

    async revokeCertificate(id, reason, now) {
      const row = certificates.get(id);
      if (!row || row.revokedAt !== null) return false;
      certificates.set(id, { ...row, revokedAt: now, revocationReason: reason });
      return true;
    },

    async replaceCertificate(id, from, orderId) {
      const row = certificates.get(id);
      if (!row || row.replacedBy !== from) return false;
      certificates.set(id, { ...row, replacedBy: orderId });
      return true;
    },
  };
}
