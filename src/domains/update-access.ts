/** Who sends an update, and which of the hosts that it names are theirs: one round trip to D1. */
import { and, eq, sql } from "drizzle-orm";
import { hashApiKey, looksLikeApiKey } from "../accounts/api-key";
import type { ApiKeyUses } from "../accounts/api-key-uses";
import { type Origin, requireNoInstance } from "../accounts/identity";
import { requireUsable } from "../accounts/narrowing";
import { planInForce, requireApiAccess } from "../accounts/plans";
import type { Refusals } from "../accounts/refusals";
import { isAllowed, requireScope, type Scope } from "../accounts/scopes";
import { type GivenCredentials, type UpdateCredentials, userFits } from "../ddns/credentials";
import { Problem } from "../problems";
import { accounts, apiKeys } from "../storage/schema";
import { createHostAccess, looksLikeCutHostPassword, looksLikeHostPassword } from "./host-passwords";
import { type Domain, domainsOf } from "./record-sets";
import {
  type Asked,
  among,
  hostsNamed,
  neighboursOf,
  type Refused,
  type UpdateAccess,
  type WaitUntil,
} from "./update-hosts";
import { createUpdatePassword, type UpdatePasswordPorts } from "./update-password";
import { refusalOf, type UpdateWays } from "./update-ways";

export interface UpdateAccessPorts extends UpdatePasswordPorts {
  apiKeyUses: ApiKeyUses;
  refusals: Refusals;
  pepper: string;
  ways: UpdateWays;
}

/** What stands for nothing but somebody who types in the wrong field, or whose field is too short. */
const KEY_CUT = /^ak_[\w-]{8,42}$/;

export function createUpdateAccess(ports: UpdateAccessPorts) {
  const { database, apiKeyUses, refusals, pepper, now } = ports;
  const { byPassword } = createUpdatePassword(ports);
  const byHostPassword = createHostAccess(ports);

  async function byKey(
    { user, secret }: UpdateCredentials,
    { hosts, prefix }: Asked,
    origin: Origin,
    waitUntil: WaitUntil,
  ): Promise<UpdateAccess | Refused> {
    const keyHash = await hashApiKey(secret, pepper);
    const owner = sql`(SELECT owner_id FROM api_keys WHERE key_hash = ${keyHash} AND is_active = 1)`;
    const statements = [
      database
        // In a batch, D1 gives rows by column name: of two columns of one name, one would be lost.
        .select({
          id: apiKeys.id,
          ownerId: apiKeys.ownerId,
          expiresAt: apiKeys.expiresAt,
          scopes: apiKeys.scopes,
          allowedDomains: apiKeys.allowedDomains,
          allowedNetworks: apiKeys.allowedNetworks,
          instanceId: apiKeys.instanceId,
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
    ] as const;
    const [[found], stored, around] = prefix
      ? await database.batch([...statements, neighboursOf(database, prefix, owner, among(hosts))])
      : [...(await database.batch(statements)), []];
    if (!found) return { word: "badauth", note: "There is no such API key, or it was deactivated." };
    if (found.suspendedAt !== null) return { word: "badauth", note: "The account is suspended." };
    if (!userFits(user, [found.username, found.email, ...hosts])) {
      return { word: "badauth", note: "The API key is right, and the user name is that of somebody else." };
    }
    const { id, ownerId, username, allowedDomains } = found;
    const plan = planInForce(found.plan, ports.plansOn);
    try {
      requireNoInstance(found);
      requireUsable(found, origin.address, now());
      requireScope({ scopes: found.scopes as Scope[] | null, allowedDomains }, "domains:update");
    } catch (refusal) {
      if (!(refusal instanceof Problem)) throw refusal;
      const account = { id: ownerId, username };
      waitUntil(refusals.note({ account, via: "api_key", credentialId: id }, origin, "a router's update", refusal));
      return { word: "badauth", note: refusal.detail };
    }
    try {
      requireApiAccess({ plan });
    } catch (refusal) {
      if (!(refusal instanceof Problem)) throw refusal;
      return { word: "!donator", note: `${refusal.detail}; the update password of a host is for every plan.` };
    }
    const mine = ({ row }: Pick<Domain, "row">) => allowedDomains === null || isAllowed(row.fqdn, allowedDomains);
    return {
      ownerId,
      plan,
      actor: { account_id: ownerId, username, via: "api_key", credential_id: id },
      hosts: new Map([...domainsOf(stored)].filter(([, domain]) => mine(domain))),
      neighbours: [...domainsOf(around).values()].filter(mine),
      noteUse(changed) {
        const note = apiKeyUses.noteOf(found, origin, changed);
        if (note) waitUntil(note());
      },
    };
  }

  return {
    /** What the update's credential opens, or the word for none. Throws 429 for guessing. */
    async authenticate(
      credentials: GivenCredentials | undefined,
      asked: Asked,
      isSecure: boolean,
      origin: Origin,
      waitUntil: WaitUntil,
    ): Promise<UpdateAccess | Refused> {
      if (!credentials) return { word: "badauth", note: "No user name and password came with it." };
      const { secret, place } = credentials;
      const refusal = (kind: "host" | "account") => refusalOf(ports.ways, { isSecure, place }, kind);
      if (looksLikeHostPassword(secret)) {
        const note = refusal("host");
        if (note) return { word: "badauth", note };
        const access = await byHostPassword(credentials, asked);
        if (access) return access;
      }
      const note = refusal("account");
      if (note) return { word: "badauth", note };
      if (looksLikeApiKey(secret)) return byKey(credentials, asked, origin, waitUntil);
      const access = await byPassword(credentials, asked, origin, waitUntil);
      if (!("word" in access)) return access;
      return { ...access, note: cutNote(secret) ?? access.note };
    },
  };
}

/** A short field cuts what is typed, and the router says nothing of it. */
function cutNote(secret: string): string | undefined {
  if (!KEY_CUT.test(secret) && !looksLikeCutHostPassword(secret)) return undefined;
  const whole = KEY_CUT.test(secret) ? "an API key has 46" : "an update password has 20";
  return `The password was cut: it came with ${secret.length} characters, and ${whole}.`;
}
