/** Domains and their updates over a real D1 database, with two accounts and a zone whose writes can be held up. */
import { hashApiKey, newApiKey } from "../../src/accounts/api-key";
import { createApiKeyUses } from "../../src/accounts/api-key-uses";
import type { AccountIdentity } from "../../src/accounts/identity";
import { createRefusals } from "../../src/accounts/refusals";
import { createSignInLimits } from "../../src/accounts/sign-in-limits";
import { createAudit } from "../../src/audit/service";
import type { RecordSet } from "../../src/dns/provider";
import { answerQuestion } from "../../src/dns/zone-answers";
import { createDynamicDns } from "../../src/domains/dynamic-dns";
import { createDomains } from "../../src/domains/service";
import { createUpdateBudget } from "../../src/domains/update-budget";
import { accounts, apiKeys, updateCounts, zones as zoneTable } from "../../src/storage/schema";
import { builtinRecords, zoneLookup } from "../../src/zones/records";
import type { Zones } from "../../src/zones/service";
import { localDatabase } from "../zones/local-database";

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
  const [records, write] = [zoneLookup(database), builtinRecords(database, now)];
  await database.insert(zoneTable).values({ name: ZONE, serial: 1, createdAt: now() });

  /** Runs before the zone is written; what it throws is the zone's failure. */
  let beforeWrite: (set: RecordSet) => Promise<void> = async () => undefined;
  const written: RecordSet[] = [];
  const zones: Pick<Zones, "locate" | "replace"> = {
    locate: async () => ({ dnsAccountId: null, provider: "builtin", zone: ZONE }),
    replace: async (_location, set) => {
      await beforeWrite(set);
      await write.replace(ZONE, set);
      written.push(set);
    },
  };
  const domains = createDomains({ database, zones: zones as Zones, now });
  const audit = createAudit({ database, now });
  const [apiKeyUses, refusals] = [createApiKeyUses({ database, audit, now }), createRefusals({ audit, now })];
  const dynamicDns = createDynamicDns({
    database,
    zones: zones as Zones,
    apiKeyUses,
    refusals,
    audit,
    updateLimits: createSignInLimits({ database, pepper, door: "update", isOn: true, now }),
    updateBudget: createUpdateBudget({ database, now }),
    pepper,
    plansOn: true,
    now,
  });

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

  let pending: Promise<unknown>[] = [];

  async function afterwards(): Promise<void> {
    const work = pending;
    pending = [];
    await Promise.all(work);
  }

  return {
    ...local,
    async close(): Promise<void> {
      await afterwards();
      await local.close();
    },
    audit,
    domains,
    join,
    written,
    beforeWrite: (hook: typeof beforeWrite) => {
      beforeWrite = hook;
    },

    /** The body of the answer to a router's update. */
    async update(person: Person, query: string): Promise<string> {
      const credentials = Buffer.from(`${person.identity.username}:${person.key}`).toString("base64");
      const request = new Request(`http://127.0.0.1/nic/update?${query}`, {
        headers: { authorization: `Basic ${credentials}` },
      });
      return (await dynamicDns.update(request, { address: null, client: null }, (work) => pending.push(work))).text();
    },

    /** Resolves once all is done that was left for after the answers. */
    afterwards,

    /** As if so many changes had been made. */
    spend: (spent: typeof updateCounts.$inferInsert) =>
      database.insert(updateCounts).values(spent).onConflictDoUpdate({ target: updateCounts.ownerId, set: spent }),

    /** What the zone answers. */
    resolve: async (name: string, type: "A" | "AAAA" = "A") =>
      (await answerQuestion(records, name, type)).answers.map(({ value }) => value),
  };
}
