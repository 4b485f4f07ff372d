/** API keys: made, listed, deactivated; the contract is CertaDNS's. */
import { and, desc, eq, sql } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, apiKeys } from "../storage/schema";
import { hashApiKey, looksLikeApiKey, newApiKey } from "./api-key";
import type { Access, AccountIdentity, Origin } from "./identity";
import { requireApiAccess } from "./plans";
import type { Scope } from "./scopes";

export type ApiKeyRow = typeof apiKeys.$inferSelect;

const MOST_KEYS = 5;
const MINUTE = 60_000;

/** Whom a key stands for, and whether its use is worth a write. */
export interface KeyUse {
  access: Access;
  /** The last recorded use is older than a minute. */
  stale: boolean;
}

export type ApiKeys = ReturnType<typeof createApiKeys>;

export function createApiKeys({ database, now, pepper }: { database: Database; now: () => number; pepper: string }) {
  return {
    /** Makes a key; its value is in the answer only. Throws 403 by plan, 400 at five active keys. */
    async create(owner: AccountIdentity, name: string): Promise<{ row: ApiKeyRow; key: string }> {
      requireApiAccess(owner);
      const key = newApiKey();
      const id = crypto.randomUUID();
      const keyHash = await hashApiKey(key, pepper);
      // One statement counts and inserts, so that of ten requests for the fifth slot one gets it.
      const made = await database.all(sql`
        INSERT INTO api_keys (id, owner_id, key_hash, name, created_at, is_active)
        SELECT ${id}, ${owner.id}, ${keyHash}, ${name}, ${now()}, 1
        WHERE (SELECT count(*) FROM api_keys WHERE owner_id = ${owner.id} AND is_active = 1) < ${MOST_KEYS}
        RETURNING id`);
      if (made.length === 0) throw new Problem(400, `Maximum number of API keys reached (${MOST_KEYS})`);
      const unused = { lastUsedAt: null, lastUsedAddress: null, lastUsedClient: null };
      const free = { expiresAt: null, scopes: null, allowedDomains: null, allowedNetworks: null };
      const row = { id, ownerId: owner.id, keyHash, name, createdAt: now(), isActive: true, ...unused, ...free };
      return { row, key };
    },

    /** The active keys, newest first. */
    async list(owner: AccountIdentity): Promise<ApiKeyRow[]> {
      requireApiAccess(owner);
      return database
        .select()
        .from(apiKeys)
        .where(and(eq(apiKeys.ownerId, owner.id), eq(apiKeys.isActive, true)))
        .orderBy(desc(apiKeys.createdAt));
    },

    /** At once and for ever. Throws 404 for a key that is not the owner's or was deactivated before. */
    async deactivate(owner: AccountIdentity, id: string): Promise<void> {
      const done = await database
        .update(apiKeys)
        .set({ isActive: false })
        .where(and(eq(apiKeys.id, id), eq(apiKeys.ownerId, owner.id), eq(apiKeys.isActive, true)))
        .returning({ id: apiKeys.id });
      if (done.length === 0) throw new Problem(404, "API key not found");
    },

    /** Whose key this is, or nothing. One query, by the unique index of the hash. */
    async authenticate(key: string): Promise<KeyUse | undefined> {
      if (!looksLikeApiKey(key)) return undefined;
      const [found] = await database
        .select({ key: apiKeys, account: accounts })
        .from(apiKeys)
        .innerJoin(accounts, eq(accounts.id, apiKeys.ownerId))
        .where(and(eq(apiKeys.keyHash, await hashApiKey(key, pepper)), eq(apiKeys.isActive, true)));
      if (!found || found.account.suspendedAt !== null) return undefined;
      const { id, username, email, role, plan } = found.account;
      const access: Access = {
        account: { id, username, email, role, plan },
        via: "api_key",
        credentialId: found.key.id,
        scopes: found.key.scopes as Scope[] | null,
        allowedDomains: found.key.allowedDomains,
      };
      return { access, stale: isStale(found.key.lastUsedAt, now()) };
    },

    /** Notes a use; exact to a minute, so that a busy key costs no write for each request. */
    async noteUse(keyId: string, { address, client }: Origin): Promise<void> {
      await database
        .update(apiKeys)
        .set({ lastUsedAt: now(), lastUsedAddress: address, lastUsedClient: client })
        .where(eq(apiKeys.id, keyId));
    },
  };
}

export const isStale = (lastUsedAt: number | null, now: number): boolean =>
  lastUsedAt === null || now - lastUsedAt >= MINUTE;
