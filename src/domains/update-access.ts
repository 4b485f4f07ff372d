/** Who sends an update, and which of the hosts that it names are theirs: one round trip to D1. */
import { and, eq, sql } from "drizzle-orm";
import { hashApiKey, looksLikeApiKey } from "../accounts/api-key";
import type { ApiKeyUses } from "../accounts/api-key-uses";
import type { Origin } from "../accounts/identity";
import { requireUsable } from "../accounts/narrowing";
import { planInForce, requireApiAccess } from "../accounts/plans";
import type { Refusals } from "../accounts/refusals";
import { isAllowed, requireScope, type Scope } from "../accounts/scopes";
import { type UpdateCredentials, userFits } from "../ddns/credentials";
import type { UpdateRequest } from "../ddns/update-request";
import { Problem } from "../problems";
import { accounts, apiKeys } from "../storage/schema";
import { hostsNamed, hostsOf, type UpdateAccess, type WaitUntil } from "./update-hosts";
import { createUpdatePassword, type UpdatePasswordPorts } from "./update-password";

export interface UpdateAccessPorts extends UpdatePasswordPorts {
  apiKeyUses: ApiKeyUses;
  refusals: Refusals;
  pepper: string;
}

export function createUpdateAccess(ports: UpdateAccessPorts) {
  const { database, apiKeyUses, refusals, pepper, now } = ports;
  const { byPassword } = createUpdatePassword(ports);

  async function byKey(
    { user, secret }: UpdateCredentials,
    hosts: string[],
    origin: Origin,
    waitUntil: WaitUntil,
  ): Promise<UpdateAccess | "badauth"> {
    const keyHash = await hashApiKey(secret, pepper);
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
      hostsNamed(database, hosts, owner),
    ]);
    if (!found || found.suspendedAt !== null) return "badauth";
    if (!userFits(user, [found.username, found.email, ...hosts])) return "badauth";
    const { id, ownerId, username, allowedDomains } = found;
    const plan = planInForce(found.plan, ports.plansOn);
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
    const actor = { account_id: ownerId, username, via: "api_key" as const, credential_id: id };
    return { ownerId, plan, actor, hosts: hostsOf(mine) };
  }

  return {
    /** What the update's credential opens, or the word for none. Throws 403 by plan, 429 for guessing. */
    async authenticate(
      { credentials, hosts }: UpdateRequest,
      origin: Origin,
      waitUntil: WaitUntil,
    ): Promise<UpdateAccess | "badauth"> {
      if (!credentials) return "badauth";
      const authenticate = looksLikeApiKey(credentials.secret) ? byKey : byPassword;
      return authenticate(credentials, hosts, origin, waitUntil);
    },
  };
}
