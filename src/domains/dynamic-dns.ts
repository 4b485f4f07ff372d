/** Router updates: one round trip to D1 for who asks and what is stored; a change goes through the zone's object. */
import { and, eq, sql } from "drizzle-orm";
import { hashApiKey, looksLikeApiKey } from "../accounts/api-key";
import { isStale } from "../accounts/api-keys";
import { requireApiAccess } from "../accounts/plans";
import type { Family, GivenAddress } from "../ddns/addresses";
import { answerHosts, answerRequest, type HostOutcome } from "../ddns/answers";
import { clientGiven } from "../ddns/client-address";
import { userFits } from "../ddns/credentials";
import { readUpdate, type UpdateRequest } from "../ddns/update-request";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, apiKeys, domainRecords, domains } from "../storage/schema";
import { type Addresses, type DomainRow, isPublished, type PublishingPorts, publish } from "./publishing";

const MOST_HOSTS = 20;
const HOST = /^(?=.{1,253}$)[a-z0-9_*]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)+$/;

export interface DynamicDnsPorts extends PublishingPorts {
  pepper: string;
}

interface StoredHost {
  row: DomainRow;
  addresses: Addresses;
}

export type DynamicDns = ReturnType<typeof createDynamicDns>;

export function createDynamicDns(ports: DynamicDnsPorts) {
  const { database, pepper, now } = ports;

  /** The account of the key and its hosts among those named, in one batch. */
  async function authenticate(update: UpdateRequest) {
    const { credentials, hosts } = update;
    if (!credentials || !looksLikeApiKey(credentials.secret)) return undefined;
    const keyHash = await hashApiKey(credentials.secret, pepper);
    const owner = sql`(SELECT owner_id FROM api_keys WHERE key_hash = ${keyHash} AND is_active = 1)`;
    const named = sql`IN (SELECT value FROM json_each(${JSON.stringify(hosts)}))`;
    const [found, stored] = await database.batch([
      database
        // In a batch, D1 gives rows by column name: of two columns of one name, one would be lost.
        .select({
          keyId: apiKeys.id,
          lastUsedAt: apiKeys.lastUsedAt,
          username: accounts.username,
          email: accounts.email,
          plan: accounts.plan,
          suspendedAt: accounts.suspendedAt,
        })
        .from(apiKeys)
        .innerJoin(accounts, eq(accounts.id, apiKeys.ownerId))
        .where(and(eq(apiKeys.keyHash, keyHash), eq(apiKeys.isActive, true))),
      database
        .select({ row: domains, type: domainRecords.type, value: domainRecords.value })
        .from(domains)
        .leftJoin(domainRecords, and(eq(domainRecords.domainId, domains.id), isPublished))
        .where(sql`${domains.fqdn} ${named} AND ${domains.ownerId} = ${owner}`),
    ]);
    const [match] = found;
    if (!match || match.suspendedAt !== null) return undefined;
    if (!userFits(credentials.user, [match.username, match.email, ...hosts])) return undefined;
    return { ...match, hosts: hostsOf(stored) };
  }

  async function updateHost(host: StoredHost | undefined, wanted: GivenAddress[]): Promise<HostOutcome> {
    if (!host) return { word: "nohost" };
    const changed = wanted.filter(({ family, address }) => host.addresses[family] !== address);
    const addresses = wanted.map(({ spelling }) => spelling);
    if (changed.length === 0) return { word: "nochg", addresses };
    const { row } = host;
    try {
      const desired = Object.fromEntries(changed.map(({ family, address }) => [family, address]));
      await publish(ports, row, desired);
      Object.assign(host.addresses, desired);
      return { word: "good", addresses };
    } catch (error) {
      console.error(JSON.stringify({ event: "update failed", host: row.fqdn, error: (error as Error).name }));
      return { word: "dnserr" };
    }
  }

  return {
    /** Answers in the words of dyndns2; never anything else, whatever happens. */
    async update(request: Request, waitUntil: (promise: Promise<unknown>) => void): Promise<Response> {
      try {
        if (!["GET", "POST", "HEAD"].includes(request.method)) return answerRequest("badagent");
        const update = readUpdate(request, request.method === "POST" ? await request.text() : "");
        const found = await authenticate(update);
        if (!found) return answerRequest("badauth");
        requireApiAccess(found);
        if (isStale(found.lastUsedAt, now())) waitUntil(noteUse(database, found.keyId, now()));
        // Not offered: passed over, it would publish the address of a host that goes away.
        if (update.offline) return answerRequest("!donator");
        if (update.hosts.length === 0) return answerRequest("notfqdn");
        if (update.hosts.length > MOST_HOSTS) return answerRequest("numhost");
        const wanted = wantedOf(update, request.headers);
        const outcomes: HostOutcome[] = [];
        for (const host of update.hosts) {
          // Without any address there is nothing that could be set: the caller's own is not a public one.
          if (!HOST.test(host)) outcomes.push({ word: "notfqdn" });
          else if (wanted.length === 0) outcomes.push({ word: "dnserr" });
          else outcomes.push(await updateHost(found.hosts.get(host), wanted));
        }
        return answerHosts(outcomes);
      } catch (error) {
        if (error instanceof Problem && error.status === 403) return answerRequest("!donator");
        console.error(JSON.stringify({ event: "update failed", error: (error as Error).name }));
        return answerRequest("911");
      }
    },
  };
}

/** The addresses of the request; without any, the caller's own, of the one family that it has. */
function wantedOf({ addresses }: UpdateRequest, headers: Headers): GivenAddress[] {
  const given = [addresses.A, addresses.AAAA].filter((address) => address !== undefined);
  if (given.length > 0) return given;
  const own = clientGiven(headers);
  return own ? [own] : [];
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

const noteUse = (database: Database, keyId: string, now: number) =>
  database.update(apiKeys).set({ lastUsedAt: now }).where(eq(apiKeys.id, keyId)).run();
