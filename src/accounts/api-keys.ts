/** API keys: made, listed, deactivated; the contract is CertaDNS's. */
import { and, asc, desc, eq, sql } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, apiKeys, knownNetworks } from "../storage/schema";
import { hashApiKey, looksLikeApiKey, newApiKey } from "./api-key";
import type { ApiKeyUses } from "./api-key-uses";
import { type Access, type AccountIdentity, identityOf, type Origin, requireVerifiedEmail } from "./identity";
import { type GivenNarrowing, readNarrowing, requireUsable, strongerIn } from "./narrowing";
import { requireApiAccess } from "./plans";
import type { Scope } from "./scopes";

export type ApiKeyRow = typeof apiKeys.$inferSelect;
export type KnownNetwork = Pick<typeof knownNetworks.$inferSelect, "network" | "firstAt" | "lastAt">;

const MOST_KEYS = 5;

/** Who makes or ends a key: by a session all may be done, by a key nothing that is stronger than itself. */
type Holder = Pick<Access, "account" | "via" | "credentialId">;

export interface KeyUse {
  access: Access;
  /** Why the key is not taken now, though it is a right one. */
  refusal?: Problem;
  /** Notes the use; nothing when it was noted a moment ago. */
  note?: () => Promise<void>;
}

export interface ApiKeyPorts {
  database: Database;
  uses: ApiKeyUses;
  pepper: string;
  now: () => number;
}

export type ApiKeys = ReturnType<typeof createApiKeys>;

export function createApiKeys({ database, uses, pepper, now }: ApiKeyPorts) {
  /** The active keys of an account itself, or those of one of its instances. */
  const keysOf = (ownerId: number, instanceId: string | null) =>
    and(eq(apiKeys.ownerId, ownerId), sql`${apiKeys.instanceId} IS ${instanceId}`, eq(apiKeys.isActive, true));

  async function find(ownerId: number, id: string, instanceId: string | null = null): Promise<ApiKeyRow> {
    const [row] = await database
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.id, id), keysOf(ownerId, instanceId)));
    if (!row) throw new Problem(404, "API key not found");
    return row;
  }

  /** Throws 403 when a key makes or ends one that is stronger than itself. */
  async function requireNoStronger({ account, via, credentialId }: Holder, key: Parameters<typeof strongerIn>[0]) {
    if (via !== "api_key") return;
    const stronger = strongerIn(key, await find(account.id, credentialId));
    if (stronger.length === 0) return;
    throw new Problem(
      403,
      `The key would be stronger than the one of this request, which is narrowed in ${stronger.join(", ")}. ` +
        "Narrow it at least as much, or sign in.",
    );
  }

  return {
    /**
     * Makes a key, of the account or of one of its instances; its value is in the answer only. Throws 403 by plan and
     * without a verified e-mail, 400 at five active keys: the account has five, and so has each instance.
     */
    async create(
      holder: Holder,
      name: string,
      given: GivenNarrowing = {},
      instanceId: string | null = null,
    ): Promise<{ row: ApiKeyRow; key: string }> {
      const { account } = holder;
      requireApiAccess(account);
      requireVerifiedEmail(account, "API keys");
      const narrowing = readNarrowing(given, now());
      await requireNoStronger(holder, narrowing);
      const key = newApiKey();
      const id = crypto.randomUUID();
      const keyHash = await hashApiKey(key, pepper);
      const json = (values: string[] | null) => values && JSON.stringify(values);
      const { expiresAt, scopes, allowedDomains, allowedNetworks } = narrowing;
      // One statement counts and inserts, so that of ten requests for the fifth slot one gets it.
      const made = await database.all(sql`
        INSERT INTO api_keys (id, owner_id, key_hash, name, created_at, is_active,
                              expires_at, scopes, allowed_domains, allowed_networks, instance_id)
        SELECT ${id}, ${account.id}, ${keyHash}, ${name}, ${now()}, 1,
               ${expiresAt}, ${json(scopes)}, ${json(allowedDomains)}, ${json(allowedNetworks)}, ${instanceId}
        WHERE (SELECT count(*) FROM api_keys WHERE ${keysOf(account.id, instanceId)}) < ${MOST_KEYS}
        RETURNING id`);
      if (made.length === 0) throw new Problem(400, `Maximum number of API keys reached (${MOST_KEYS})`);
      const unused = { lastUsedAt: null, lastUsedAddress: null, lastUsedClient: null };
      const row = { id, ownerId: account.id, instanceId, keyHash, name, createdAt: now(), isActive: true };
      return { row: { ...row, ...unused, ...narrowing }, key };
    },

    /** The active keys of the account, or of one of its instances; newest first. */
    async list(owner: AccountIdentity, instanceId: string | null = null): Promise<ApiKeyRow[]> {
      requireApiAccess(owner);
      return database.select().from(apiKeys).where(keysOf(owner.id, instanceId)).orderBy(desc(apiKeys.createdAt));
    },

    /** One active key, and the networks that it was used from. Throws 404. */
    async look(owner: AccountIdentity, id: string): Promise<{ row: ApiKeyRow; networks: KnownNetwork[] }> {
      requireApiAccess(owner);
      const row = await find(owner.id, id);
      const networks = await database
        .select()
        .from(knownNetworks)
        .where(and(eq(knownNetworks.ownerId, owner.id), eq(knownNetworks.credential, `key:${id}`)))
        .orderBy(asc(knownNetworks.firstAt));
      return { row, networks };
    },

    /** At once and for ever. Throws 404 for a key that is not the owner's or was deactivated before. */
    async deactivate(holder: Holder, id: string, instanceId: string | null = null): Promise<ApiKeyRow> {
      const { account, via } = holder;
      if (via === "api_key") await requireNoStronger(holder, await find(account.id, id, instanceId));
      const [done] = await database
        .update(apiKeys)
        .set({ isActive: false })
        .where(and(eq(apiKeys.id, id), keysOf(account.id, instanceId)))
        .returning();
      if (!done) throw new Problem(404, "API key not found");
      return done;
    },

    /** Whose key this is, or nothing. One query, by the unique index of the hash. */
    async authenticate(key: string, origin: Origin): Promise<KeyUse | undefined> {
      if (!looksLikeApiKey(key)) return undefined;
      const [found] = await database
        .select({ key: apiKeys, account: accounts })
        .from(apiKeys)
        .innerJoin(accounts, eq(accounts.id, apiKeys.ownerId))
        .where(and(eq(apiKeys.keyHash, await hashApiKey(key, pepper)), eq(apiKeys.isActive, true)));
      if (!found || found.account.suspendedAt !== null) return undefined;
      const access: Access = {
        account: identityOf(found.account),
        via: "api_key",
        credentialId: found.key.id,
        scopes: found.key.scopes as Scope[] | null,
        allowedDomains: found.key.allowedDomains,
        instanceId: found.key.instanceId,
      };
      try {
        requireUsable(found.key, origin.address, now());
      } catch (refusal) {
        if (refusal instanceof Problem) return { access, refusal };
        throw refusal;
      }
      const note = uses.noteOf({ ...found.key, username: access.account.username }, origin);
      return note ? { access, note } : { access };
    },
  };
}
