/** Who sends an update, and which of the hosts that it names are theirs: one round trip to D1. */
import { and, eq, sql } from "drizzle-orm";
import { hashApiKey, looksLikeApiKey } from "../accounts/api-key";
import type { ApiKeyUses } from "../accounts/api-key-uses";
import type { Origin, Plan } from "../accounts/identity";
import { requireUsable } from "../accounts/narrowing";
import { requireApiAccess } from "../accounts/plans";
import type { Refusals } from "../accounts/refusals";
import { isAllowed, requireScope, type Scope } from "../accounts/scopes";
import type { Family } from "../ddns/addresses";
import { userFits } from "../ddns/credentials";
import type { UpdateRequest } from "../ddns/update-request";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, apiKeys, domainRecords, domains } from "../storage/schema";
import { type Addresses, type DomainRow, isPublished } from "./publishing";

export interface UpdateAccessPorts {
  database: Database;
  apiKeyUses: ApiKeyUses;
  refusals: Refusals;
  pepper: string;
  now: () => number;
}

export interface StoredHost {
  row: DomainRow;
  addresses: Addresses;
}

/** What the credential opens. */
export interface UpdateAccess {
  ownerId: number;
  plan: Plan;
  /** Those of the named hosts that may be updated. */
  hosts: Map<string, StoredHost>;
}

export type WaitUntil = (promise: Promise<unknown>) => void;

export function createUpdateAccess({ database, apiKeyUses, refusals, pepper, now }: UpdateAccessPorts) {
  const hostsNamed = (hosts: string[], owner: ReturnType<typeof sql>) =>
    database
      .select({ row: domains, type: domainRecords.type, value: domainRecords.value })
      .from(domains)
      .leftJoin(domainRecords, and(eq(domainRecords.domainId, domains.id), isPublished))
      .where(
        sql`${domains.fqdn} IN (SELECT value FROM json_each(${JSON.stringify(hosts)})) AND ${domains.ownerId} = ${owner}`,
      );

  async function byKey(update: UpdateRequest, user: string, key: string, origin: Origin, waitUntil: WaitUntil) {
    const { hosts } = update;
    const keyHash = await hashApiKey(key, pepper);
    const owner = sql`(SELECT owner_id FROM api_keys WHERE key_hash = ${keyHash} AND is_active = 1)`;
    const [[found], stored] = await database.batch([
      database
        // In a batch, D1 gives rows by column name: of two columns of one name, one would be lost.
        .select({
          id: apiKeys.id,
          ownerId: apiKeys.ownerId,
          expiresAt: apiKeys.expiresAt,
          scopes: apiKeys.scopes,
          allowedDomains: apiKeys.allowedDomains,
          allowedNetworks: apiKeys.allowedNetworks,
          lastUsedAt: apiKeys.lastUsedAt,
          lastUsedAddress: apiKeys.lastUsedAddress,
          username: accounts.username,
          email: accounts.email,
          plan: accounts.plan,
          suspendedAt: accounts.suspendedAt,
        })
        .from(apiKeys)
        .innerJoin(accounts, eq(accounts.id, apiKeys.ownerId))
        .where(and(eq(apiKeys.keyHash, keyHash), eq(apiKeys.isActive, true))),
      hostsNamed(hosts, owner),
    ]);
    if (!found || found.suspendedAt !== null) return "badauth";
    if (!userFits(user, [found.username, found.email, ...hosts])) return "badauth";
    const { id, ownerId, username, plan, allowedDomains } = found;
    try {
      requireUsable(found, origin.address, now());
      requireScope({ scopes: found.scopes as Scope[] | null, allowedDomains }, "domains:update");
    } catch (refusal) {
      if (!(refusal instanceof Problem)) throw refusal;
      const account = { id: ownerId, username };
      waitUntil(refusals.note({ account, via: "api_key", credentialId: id }, origin, "a router's update", refusal));
      return "badauth";
    }
    requireApiAccess({ plan });
    const note = apiKeyUses.noteOf(found, origin);
    if (note) waitUntil(note());
    const mine = stored.filter(({ row }) => allowedDomains === null || isAllowed(row.fqdn, allowedDomains));
    return { ownerId, plan, hosts: hostsOf(mine) };
  }

  return {
    /** What the update's credential opens, or the word for none. Throws 403 by plan. */
    async authenticate(update: UpdateRequest, origin: Origin, waitUntil: WaitUntil): Promise<UpdateAccess | "badauth"> {
      const { user, secret } = update.credentials ?? { user: "", secret: "" };
      if (looksLikeApiKey(secret)) return byKey(update, user, secret, origin, waitUntil);
      return "badauth";
    },
  };
}

function hostsOf(rows: { row: DomainRow; type: string | null; value: string | null }[]): Map<string, StoredHost> {
  const hosts = new Map<string, StoredHost>();
  for (const { row, type, value } of rows) {
    const host = hosts.get(row.fqdn) ?? { row, addresses: {} };
    if (type !== null && value !== null) host.addresses[type as Family] = value;
    hosts.set(row.fqdn, host);
  }
  return hosts;
}
