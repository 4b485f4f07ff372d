/** Domains and their updates over a real D1 database, with two accounts and a zone whose writes can be held up. */
import { hashApiKey, newApiKey } from "../../src/accounts/api-key";
import { createApiKeyUses } from "../../src/accounts/api-key-uses";
import type { AccountIdentity } from "../../src/accounts/identity";
import { createRefusals } from "../../src/accounts/refusals";
import { createSignInLimits } from "../../src/accounts/sign-in-limits";
import { createAudit } from "../../src/audit/service";
import { dialectOf } from "../../src/ddns/dialects";
import { type RecordSet, type RecordType, recordTypes } from "../../src/dns/provider";
import { answerQuestion } from "../../src/dns/zone-answers";
import { createDynamicDns } from "../../src/domains/dynamic-dns";
import { createHostPasswords } from "../../src/domains/host-passwords";
import { addressesOf } from "../../src/domains/record-sets";
import { createDomainRecords, type WantedSet } from "../../src/domains/records";
import { createReservedNames } from "../../src/domains/reserved-names";
import { createDomains, type DomainSettings } from "../../src/domains/service";
import { createDomainSync } from "../../src/domains/synchronisation";
import { type Attempt, createUpdateLog } from "../../src/domains/update-log";
import type { UpdateLog } from "../../src/domains/update-log-object";
import type { UpdateWays } from "../../src/domains/update-ways";
import { accounts, apiKeys, updateCounts, zones as zoneTable } from "../../src/storage/schema";
import type { HostSet } from "../../src/zones/host-sets";
import { builtinRecords, zoneLookup } from "../../src/zones/records";
import type { Zones } from "../../src/zones/service";
import { toFailure } from "../../src/zones/zone-failure";
import { localDatabase } from "../zones/local-database";
import { localZone } from "./local-zone";

const ZONE = "certedge.test";
const pepper = "pepper";
const now = Date.now;

export interface Person {
  identity: AccountIdentity;
  key: string;
}

export type LocalDomains = Awaited<ReturnType<typeof localDomains>>;

export async function localDomains() {
  const local = await localDatabase();
  const { database } = local;
  // What zones, clients of DNS and the logs do costs an update nothing.
  const [records, write] = [zoneLookup(local.uncounted), builtinRecords(local.uncounted, now)];
  await database.insert(zoneTable).values({ name: ZONE, serial: 1, createdAt: now() });

  let pending: Promise<unknown>[] = [];
  const later = (work: Promise<unknown>) => void pending.push(work);

  /** Runs before the zone's object hears of it; what it throws keeps it from there. */
  let onTheWay: (sets: HostSet[]) => Promise<void> = async () => undefined;
  /** Runs before the provider is told; what it throws is the provider's failure. */
  let beforeWrite: (set: RecordSet) => Promise<void> = async () => undefined;
  const written: RecordSet[] = [];
  const texts = new Map<string, string[]>();
  const sync = createDomainSync({ database: local.uncounted });
  const zone = localZone(
    async (set) => {
      await beforeWrite(set);
      await write.replace(ZONE, set);
      written.push(set);
    },
    sync,
    later,
  );
  const zones: Pick<Zones, "locate" | "publish" | "keep" | "release" | "recordTypesOf"> = {
    recordTypesOf: async () => recordTypes,
    locate: async () => ({ dnsAccountId: null, provider: "builtin", zone: ZONE }),
    async publish(_place, sets) {
      try {
        await onTheWay(sets);
      } catch (error) {
        return sets.map(() => ({ ok: false as const, failure: toFailure(error) }));
      }
      return zone.publish(sets);
    },
    keep: async (_place, owner, values) =>
      void texts.set(
        owner,
        values.map(({ name, value }) => `${name} ${value}`),
      ),
    release: async (_place, owner) => void texts.delete(owner),
  };
  const updateLog = createUpdateLog({ database, objects: localLogs(), now });
  const domains = createDomains({
    database,
    zones,
    reservedNames: createReservedNames(),
    forget: updateLog.forget,
    now,
  });
  const domainRecords = createDomainRecords({ database, zones, now });
  const audit = createAudit({ database: local.uncounted, now });
  const [apiKeyUses, refusals] = [createApiKeyUses({ database, audit, now }), createRefusals({ audit, now })];
  const ways: UpdateWays = { plainHttp: "host", inAddress: "host" };
  const dynamicDns = createDynamicDns({
    database,
    zones,
    apiKeyUses,
    refusals,
    audit,
    updateLimits: createSignInLimits({ database, pepper, door: "update", isOn: true, now }),
    pepper,
    plansOn: true,
    baseZone: ZONE,
    ways,
    updateLog,
    now,
  });
  const hostPasswords = createHostPasswords({ database, pepper, plansOn: true, now });

  async function join(username: string, plan: AccountIdentity["plan"] = "elite"): Promise<Person> {
    const email = `${username}@example.com`;
    const account = { username, email, role: "member", plan } as const;
    const [stored] = await database
      .insert(accounts)
      .values({ ...account, passwordHash: "", createdAt: now() })
      .returning();
    if (!stored) throw new Error("the account was not stored");
    const key = newApiKey();
    const keyHash = await hashApiKey(key, pepper);
    const row = {
      id: crypto.randomUUID(),
      ownerId: stored.id,
      keyHash,
      name: "router",
      createdAt: now(),
      isActive: true,
    };
    await database.insert(apiKeys).values(row);
    return { identity: { ...account, id: stored.id, emailVerified: true }, key };
  }

  async function afterwards(): Promise<void> {
    while (pending.length > 0) {
      const work = pending;
      pending = [];
      await Promise.all(work);
    }
  }

  /** The answer to a router's update, whoever it is from. */
  async function ask(
    query: string,
    { path = "/nic/update", scheme = "https", headers = {}, method = "GET", body = "" }: Asking = {},
  ): Promise<Response> {
    const url = new URL(`${scheme}://update-test.example${path}${query && `?${query}`}`);
    const request = { method, url, headers: new Headers(headers), body };
    const dialect = dialectOf(request);
    if (!dialect) throw new Error(`${path} is no path of updates`);
    const address = request.headers.get("cf-connecting-ip");
    return dynamicDns.update(dialect, request, { address, client: request.headers.get("user-agent") }, later);
  }

  return {
    ...local,
    async close(): Promise<void> {
      await afterwards();
      await local.close();
    },
    audit,
    domains,
    domainRecords,
    zones,
    hostPasswords,
    join,
    ask,
    ways,
    updateLog,
    written,
    texts,
    retry: zone.retry,
    onTheWay: (hook: typeof onTheWay) => {
      onTheWay = hook;
    },
    beforeWrite: (hook: typeof beforeWrite) => {
      beforeWrite = hook;
    },

    /** Takes a name for somebody, as the API does. */
    take: (person: Person, fqdn: string, recordIp?: string) =>
      domains.create(person.identity, { fqdn, recordIp }, by(person)),

    /** Makes a record set exactly this, as the API does. */
    put: async (person: Person, fqdn: string, set: WantedSet) =>
      domainRecords.put(person.identity, await domains.find(person.identity.id, fqdn), set, by(person)),

    /** Changes what is set of a domain beside its records, as the API does. */
    change: (person: Person, fqdn: string, settings: DomainSettings) =>
      domains.update(person.identity, fqdn, settings, by(person)),

    /** Sets an address, as the API does. */
    set: (person: Person, fqdn: string, recordIp: string) =>
      domains.update(person.identity, fqdn, { recordIp }, by(person)),

    /** The log of a domain, the newest first. */
    async attempts(person: Person, fqdn: string): Promise<Attempt[]> {
      await afterwards();
      return updateLog.list((await domains.find(person.identity.id, fqdn)).row.id);
    },

    /** An update password for one of somebody's hosts. */
    async hostPassword(person: Person, fqdn: string): Promise<string> {
      const { row } = await domains.find(person.identity.id, fqdn);
      return (await hostPasswords.make(person.identity.id, row.id)).password;
    },

    stored: async (person: Person, fqdn: string) => addressesOf(await domains.find(person.identity.id, fqdn)),

    /** The body of the answer to a router's update. */
    update: async (person: Person, query: string, asking: Asking = {}): Promise<string> => {
      const headers = { authorization: basic(person.identity.username, person.key), ...asking.headers };
      return (await ask(query, { ...asking, headers })).text();
    },

    /** Resolves once all is done that was left for after the answers. */
    afterwards,

    /** As if so many changes had been made. */
    spend: (spent: typeof updateCounts.$inferInsert) =>
      database.insert(updateCounts).values(spent).onConflictDoUpdate({ target: updateCounts.ownerId, set: spent }),

    /** What the zone answers. */
    resolve: async (name: string, type: RecordType = "A") =>
      (await answerQuestion(records, name, type)).answers.map(({ value }) => value),
  };
}

/** The objects of the log, in memory. */
function localLogs(): DurableObjectNamespace<UpdateLog> {
  const logs = new Map<string, Attempt[]>();
  const getByName = (name: string) => ({
    note: async (attempt: Attempt) => void logs.set(name, [attempt, ...(logs.get(name) ?? [])]),
    list: async () => logs.get(name) ?? [],
    forget: async () => void logs.delete(name),
  });
  return { getByName } as unknown as DurableObjectNamespace<UpdateLog>;
}

interface Asking {
  path?: string;
  scheme?: "http" | "https";
  headers?: Record<string, string>;
  method?: string;
  body?: string;
}

export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

const by = ({ identity: { id, username } }: Person) => ({
  actor: { account_id: id, username, via: "session" as const, credential_id: null },
  origin: { address: null, client: null },
});
