/** DNS accounts: credentials of a provider under the person's own identifier, sealed, one of each provider the default. */
import { and, asc, eq, inArray, isNull, lte, sql } from "drizzle-orm";
import { type PlanHolder, requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireOpened } from "../accounts/plans";
import type { DnsProvider } from "../dns/provider";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { type AllowedRecords, accounts, type DnsAccountTest, dnsAccounts } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import { requireInstance } from "../stored-credentials/binding";
import { type Fields, maskFields, parseFields } from "../stored-credentials/fields";
import type { StoredCredentials } from "../stored-credentials/service";
import { testedAnew } from "../stored-credentials/usage";
import { contentOf, ownAlone, ownBeside } from "./content";
import { knownProvider } from "./providers";
import { createRows, type DnsAccountRow } from "./rows";
import { findUses, moveUses, namesOf } from "./uses";

export type { DnsAccountRow } from "./rows";

/** What a person sets; the identifier is their own: "production". */
export interface DnsAccountSettings {
  name: string;
  description: string | null;
  /** Only what is for this instance may use it. */
  instanceId: string | null;
  /** The stored credential that it works with. */
  credentialId: string | null;
  nameservers: string[];
  allowedZones: string[] | null;
  allowedRecords: AllowedRecords[] | null;
  enabled: boolean;
}

export interface NewDnsAccount extends DnsAccountSettings {
  accountId: string;
  credentials: Fields;
  setAsDefault: boolean;
}

export interface DnsAccountChange extends Partial<DnsAccountSettings> {
  /** Fields that are not given stay, and so do masked secrets. */
  credentials?: Fields;
  setAsDefault?: boolean;
}

/** A DNS account with its credentials opened, for the object that writes with them. */
export interface OpenDnsAccount {
  row: DnsAccountRow;
  provider: DnsProvider;
  credentials: Fields;
}

const WEEK = 7 * 86_400_000;

export type DnsAccounts = ReturnType<typeof createDnsAccounts>;

export interface DnsAccountPorts {
  database: Database;
  sealer: Sealer;
  storedCredentials: Pick<StoredCredentials, "byIds" | "findFor">;
  now: () => number;
}

export function createDnsAccounts({ database, sealer, storedCredentials, now }: DnsAccountPorts) {
  const { listOf, search, find, byId } = createRows(database);

  /** All of an owner's, with as many questions as for one. */
  async function openAll(rows: DnsAccountRow[]): Promise<OpenDnsAccount[]> {
    const ids = rows.flatMap(({ credentialId }) => credentialId ?? []);
    const credentials = rows[0] && ids.length > 0 ? await storedCredentials.byIds(rows[0].ownerId, ids) : new Map();
    return Promise.all(
      rows.map(async (row) => {
        const provider = knownProvider(row.provider);
        const credential = row.credentialId === null ? undefined : credentials.get(row.credentialId);
        return { row, provider, credentials: contentOf(provider, await ownOf(row), credential) };
      }),
    );
  }

  const open = async (row: DnsAccountRow): Promise<OpenDnsAccount> => (await openAll([row]))[0] as OpenDnsAccount;

  /** The fields of the account's own. */
  const ownOf = async (row: DnsAccountRow): Promise<Fields> =>
    JSON.parse(await sealer.open(row.sealedCredentials, placeOf(row.id, row.ownerId)));

  const seal = (id: string, ownerId: number, credentials: Fields): Promise<string> =>
    sealer.seal(JSON.stringify(credentials), placeOf(id, ownerId));

  const makeDefault = ({ id, ownerId, provider }: DnsAccountRow) =>
    [
      database
        .update(dnsAccounts)
        .set({ isDefault: false })
        .where(and(eq(dnsAccounts.ownerId, ownerId), eq(dnsAccounts.provider, provider))),
      database.update(dnsAccounts).set({ isDefault: true, updatedAt: now() }).where(eq(dnsAccounts.id, id)),
    ] as const;

  return {
    list: listOf,
    search,
    find,
    open,

    /** Stores a DNS account; the first of a provider becomes its default. Throws 409 when the identifier is taken. */
    async create(owner: PlanHolder, providerId: string, input: NewDnsAccount): Promise<DnsAccountRow> {
      requireOpened(owner, "ownZones");
      const provider = knownProvider(providerId);
      await requireInstance(database, owner.id, input.instanceId);
      const credential = await chosen(owner.id, input.credentialId, input.instanceId);
      const own = credential
        ? ownBeside(credential, provider, {}, input.credentials)
        : parseFields(provider, input.credentials, "/credentials");
      const existing = await listOf(owner.id, providerId);
      if (existing.some((account) => account.accountId === input.accountId)) {
        throw new Problem(
          409,
          `There is a ${providerId} account "${input.accountId}" already. Change it with PUT /api/dns/${providerId}/accounts/${input.accountId}.`,
        );
      }
      const id = crypto.randomUUID();
      const { accountId, setAsDefault, enabled, credentials: _given, ...settings } = input;
      const isDefault = setAsDefault || existing.length === 0;
      const row: DnsAccountRow = {
        id,
        ownerId: owner.id,
        provider: providerId,
        accountId,
        ...settings,
        sealedCredentials: await seal(id, owner.id, own),
        isDefault,
        disabledAt: enabled ? null : now(),
        lastTest: null,
        testZone: null,
        retestAt: null,
        createdAt: now(),
        updatedAt: now(),
      };
      const [, takenBack] = await database.batch([
        database.insert(dnsAccounts).values({ ...row, isDefault: false }),
        takeBackBeyondPlan(database, "dnsAccounts", id, owner),
      ]);
      requireKept(takenBack, "dnsAccounts", owner);
      if (isDefault) await database.batch(makeDefault(row));
      return row;
    },

    /** Changes what is given. Throws 404 for one that is not there: nothing is made by a misspelt identifier. */
    async change(
      ownerId: number,
      providerId: string,
      accountId: string,
      input: DnsAccountChange,
    ): Promise<DnsAccountRow> {
      const row = await find(ownerId, providerId, accountId);
      const { credentials: given, setAsDefault, enabled, ...settings } = input;
      const own = await changedContent(row, input);
      if (input.instanceId !== undefined) {
        await requireInstance(database, ownerId, input.instanceId);
        await requireUsersOf(row, input.instanceId);
      }
      const change = {
        ...settings,
        ...(own ? { sealedCredentials: await seal(row.id, ownerId, own), ...testedAnew(now()) } : {}),
        ...(enabled === undefined ? {} : { disabledAt: enabled ? null : (row.disabledAt ?? now()) }),
        updatedAt: Math.max(now(), row.updatedAt + 1),
      };
      const update = database.update(dnsAccounts).set(change).where(eq(dnsAccounts.id, row.id));
      await (setAsDefault ? database.batch([update, ...makeDefault(row)]) : update);
      return find(ownerId, providerId, accountId);
    },

    async setDefault(ownerId: number, providerId: string, accountId: string): Promise<DnsAccountRow> {
      const row = await find(ownerId, providerId, accountId);
      await database.batch(makeDefault(row));
      return { ...row, isDefault: true };
    },

    /**
     * Deletes an account. What uses it, and its being the default, goes to `heir`, an account of the same provider.
     * Throws 409 that lists what it is needed for when there is no heir.
     */
    async remove(ownerId: number, providerId: string, accountId: string, heir?: string): Promise<void> {
      const row = await find(ownerId, providerId, accountId);
      if (heir === accountId) throw new Problem(422, "?reassign_to: An account cannot be its own heir.");
      const successor = heir === undefined ? undefined : await find(ownerId, providerId, heir);
      if (successor) {
        await requireUsersOf(row, successor.instanceId);
        await moveUses(database, row, successor, now());
        if (row.isDefault) await database.batch(makeDefault(successor));
      } else await requireUnused(row);
      await database.delete(dnsAccounts).where(eq(dnsAccounts.id, row.id));
    },

    byId,

    /** The account with its credentials, by the id of its row. Throws 404 when it is gone. */
    openById: async (id: string): Promise<OpenDnsAccount> => open(await byId(id)),

    /** Their credentials as they may be shown: every secret masked. */
    async masked(rows: DnsAccountRow[]): Promise<Fields[]> {
      return (await openAll(rows)).map(({ provider, credentials }) => maskFields(provider, credentials));
    },

    async noteTest(id: string, lastTest: DnsAccountTest): Promise<void> {
      const testZone = sql`coalesce(${lastTest.zone}, ${dnsAccounts.testZone})`;
      await database
        .update(dnsAccounts)
        .set({ lastTest, testZone, retestAt: now() + WEEK })
        .where(eq(dnsAccounts.id, id));
    },

    /** Accounts that were tried out a week ago, or have changed since; the oldest first. Nobody else gets them now. */
    async claimRetests(limit: number): Promise<DnsAccountRow[]> {
      const due = database
        .select({ id: dnsAccounts.id })
        .from(dnsAccounts)
        .where(and(lte(dnsAccounts.retestAt, now()), isNull(dnsAccounts.disabledAt)))
        .orderBy(asc(dnsAccounts.retestAt))
        .limit(limit);
      return database
        .update(dnsAccounts)
        .set({ retestAt: now() + WEEK })
        .where(inArray(dnsAccounts.id, due))
        .returning();
    },

    /** The provider that is meant where none is named; nothing while none was chosen. */
    async defaultProvider(ownerId: number): Promise<string | null> {
      const [row] = await database
        .select({ provider: accounts.defaultDnsProvider })
        .from(accounts)
        .where(eq(accounts.id, ownerId));
      return row?.provider ?? null;
    },

    async setDefaultProvider(ownerId: number, providerId: string): Promise<void> {
      knownProvider(providerId);
      await database.update(accounts).set({ defaultDnsProvider: providerId }).where(eq(accounts.id, ownerId));
    },
  };

  async function chosen(ownerId: number, credentialId: string | null, instanceId: string | null) {
    return credentialId === null ? undefined : storedCredentials.findFor(ownerId, credentialId, instanceId);
  }

  /** The fields of its own after a change; nothing where they stay as they are. */
  async function changedContent(row: DnsAccountRow, input: DnsAccountChange): Promise<Fields | undefined> {
    const { credentials: given, credentialId = row.credentialId, instanceId = row.instanceId } = input;
    const isSame = credentialId === row.credentialId;
    // One that is bound to the account's instance does not go with it to another.
    const credential = await chosen(row.ownerId, credentialId, instanceId);
    if (given === undefined && isSame) return undefined;
    const [provider, stored] = [knownProvider(row.provider), await ownOf(row)];
    if (credential) return ownBeside(credential, provider, stored, given);
    return ownAlone(provider, stored, row.credentialId !== null, given ?? {});
  }

  /** Throws 409 where something uses it that is not for the instance. */
  async function requireUsersOf(row: DnsAccountRow, instanceId: string | null): Promise<void> {
    if (instanceId === null || instanceId === row.instanceId) return;
    const { certificates, domains } = await findUses(database, row, instanceId);
    if (certificates.length + domains.length === 0) return;
    const users = namesOf({ certificates, domains }).join("; ");
    const detail = `Not everything that uses the DNS account "${row.accountId}" is for that instance: ${users}.`;
    throw new Problem(409, detail, { extra: { certificates, domains } });
  }

  async function requireUnused(row: DnsAccountRow): Promise<void> {
    const { certificates, domains } = await findUses(database, row);
    const others = (await listOf(row.ownerId, row.provider)).filter(({ id }) => id !== row.id);
    const reasons = [
      ...namesOf({ certificates, domains }),
      ...(row.isDefault && others.length > 0
        ? [`what names no account, for it is the default of ${row.provider}`]
        : []),
    ];
    if (reasons.length === 0) return;
    throw new Problem(
      409,
      `The DNS account "${row.accountId}" is used by ${reasons.join("; ")}. Move them with ?reassign_to=, naming another ${row.provider} account.`,
      { extra: { certificates, domains, is_default: row.isDefault } },
    );
  }
}

/** Where a credential's sealed text belongs: it opens nowhere else. */
const placeOf = (id: string, ownerId: number): string => `dns_accounts/${id}/credentials/${ownerId}`;
