/** DNS accounts: credentials of a provider under the person's own identifier, sealed, one of each provider the default. */
import { and, asc, eq, isNull, lt, sql } from "drizzle-orm";
import { type PlanHolder, requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireOpened } from "../accounts/plans";
import type { DnsProvider } from "../dns/provider";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { type AllowedRecords, accounts, type DnsAccountTest, dnsAccounts } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import { changeFields, type Fields, maskFields, parseFields } from "../stored-credentials/fields";
import { knownProvider } from "./providers";
import { findUses, moveUses } from "./uses";

export type DnsAccountRow = typeof dnsAccounts.$inferSelect;

/** What a person sets; the identifier is their own: "production". */
export interface DnsAccountSettings {
  name: string;
  description: string | null;
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

export type DnsAccounts = ReturnType<typeof createDnsAccounts>;

export function createDnsAccounts(ports: { database: Database; sealer: Sealer; now: () => number }) {
  const { database, sealer, now } = ports;

  async function listOf(ownerId: number, providerId?: string): Promise<DnsAccountRow[]> {
    return database
      .select()
      .from(dnsAccounts)
      .where(and(eq(dnsAccounts.ownerId, ownerId), providerId ? eq(dnsAccounts.provider, providerId) : undefined))
      .orderBy(asc(dnsAccounts.provider), asc(dnsAccounts.createdAt));
  }

  async function search(ownerId: number, providerId: string, accountId: string): Promise<DnsAccountRow | undefined> {
    const [row] = await database
      .select()
      .from(dnsAccounts)
      .where(
        and(
          eq(dnsAccounts.ownerId, ownerId),
          eq(dnsAccounts.provider, providerId),
          eq(dnsAccounts.accountId, accountId),
        ),
      );
    return row;
  }

  async function find(ownerId: number, providerId: string, accountId: string): Promise<DnsAccountRow> {
    const row = await search(ownerId, providerId, accountId);
    if (row) return row;
    const others = (await listOf(ownerId, providerId)).map((account) => account.accountId).join(", ");
    const rest = others ? ` There are: ${others}.` : ` There is no ${providerId} account at all.`;
    throw new Problem(404, `There is no ${providerId} account "${accountId}".${rest}`);
  }

  async function open(row: DnsAccountRow): Promise<OpenDnsAccount> {
    const credentials = JSON.parse(await sealer.open(row.sealedCredentials, placeOf(row.id, row.ownerId)));
    return { row, provider: knownProvider(row.provider), credentials };
  }

  async function byId(id: string): Promise<DnsAccountRow> {
    const [row] = await database.select().from(dnsAccounts).where(eq(dnsAccounts.id, id));
    if (!row) throw new Problem(404, "The DNS account was deleted.");
    return row;
  }

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
      const credentials = parseFields(knownProvider(providerId), input.credentials, "/credentials");
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
        instanceId: null,
        credentialId: null,
        sealedCredentials: await seal(id, owner.id, credentials),
        isDefault,
        disabledAt: enabled ? null : now(),
        lastTest: null,
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
      const { provider, credentials } = await open(row);
      const changed = given && changeFields(provider, credentials, given, "/credentials");
      const change = {
        ...settings,
        ...(changed ? { sealedCredentials: await seal(row.id, ownerId, changed), lastTest: null } : {}),
        ...(enabled === undefined ? {} : { disabledAt: enabled ? null : (row.disabledAt ?? now()) }),
        updatedAt: now(),
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
        await moveUses(database, row, successor, now());
        if (row.isDefault) await database.batch(makeDefault(successor));
      } else await requireUnused(row);
      await database.delete(dnsAccounts).where(eq(dnsAccounts.id, row.id));
    },

    byId,

    /** The account with its credentials, by the id of its row. Throws 404 when it is gone. */
    openById: async (id: string): Promise<OpenDnsAccount> => open(await byId(id)),

    /** The credentials as they may be shown: every secret masked. */
    async masked(row: DnsAccountRow): Promise<Fields> {
      const { provider, credentials } = await open(row);
      return maskFields(provider, credentials);
    },

    async noteTest(id: string, lastTest: DnsAccountTest): Promise<void> {
      await database.update(dnsAccounts).set({ lastTest }).where(eq(dnsAccounts.id, id));
    },

    /** Accounts that were tried out before, and not since `before`; the oldest first. */
    async testedBefore(before: number, limit: number): Promise<DnsAccountRow[]> {
      const testedAt = sql`${dnsAccounts.lastTest} ->> '$.at'`;
      return database
        .select()
        .from(dnsAccounts)
        .where(and(isNull(dnsAccounts.disabledAt), lt(testedAt, before)))
        .orderBy(asc(testedAt))
        .limit(limit);
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

  async function requireUnused(row: DnsAccountRow): Promise<void> {
    const { certificates, domains } = await findUses(database, row);
    const others = (await listOf(row.ownerId, row.provider)).filter(({ id }) => id !== row.id);
    const reasons = [
      ...(certificates.length > 0 ? [`the certificates ${certificates.join(", ")}`] : []),
      ...(domains.length > 0 ? [`the domains ${domains.join(", ")}`] : []),
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
