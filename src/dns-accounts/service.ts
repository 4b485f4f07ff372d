/** DNS accounts: credentials of a provider under the person's own identifier, sealed, one of each provider the default. */
import { and, asc, eq, sql } from "drizzle-orm";
import { type PlanHolder, requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireOpened } from "../accounts/plans";
import type { DnsProvider } from "../dns/provider";
import { providers } from "../dns/registry";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { dnsAccounts } from "../storage/schema";
import type { Sealer } from "../storage/sealing";

export type DnsAccountRow = typeof dnsAccounts.$inferSelect;

/** What a new DNS account is made of; the identifier is the person's own: "production". */
export interface NewDnsAccount {
  accountId: string;
  name: string;
  credentials: Record<string, unknown>;
  nameservers: string[];
  setAsDefault: boolean;
}

/** A DNS account with its credentials opened, for the object that writes with them. */
export interface OpenDnsAccount {
  row: DnsAccountRow;
  provider: DnsProvider;
  credentials: Record<string, unknown>;
}

export type DnsAccounts = ReturnType<typeof createDnsAccounts>;

const MASK = "***masked***";

export function createDnsAccounts(ports: { database: Database; sealer: Sealer; now: () => number }) {
  const { database, sealer, now } = ports;

  async function listOf(ownerId: number, providerId?: string): Promise<DnsAccountRow[]> {
    return database
      .select()
      .from(dnsAccounts)
      .where(and(eq(dnsAccounts.ownerId, ownerId), providerId ? eq(dnsAccounts.provider, providerId) : undefined))
      .orderBy(asc(dnsAccounts.provider), asc(dnsAccounts.createdAt));
  }

  async function find(ownerId: number, providerId: string, accountId: string): Promise<DnsAccountRow> {
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
    if (!row) throw new Problem(404, `There is no ${providerId} account "${accountId}".`);
    return row;
  }

  async function open(row: DnsAccountRow): Promise<OpenDnsAccount> {
    const credentials = JSON.parse(await sealer.open(row.sealedCredentials, placeOf(row.id, row.ownerId)));
    return { row, provider: knownProvider(row.provider), credentials };
  }

  const makeDefault = ({ id, ownerId, provider }: DnsAccountRow) =>
    [
      clearDefault(database, ownerId, provider),
      database.update(dnsAccounts).set({ isDefault: true, updatedAt: now() }).where(eq(dnsAccounts.id, id)),
    ] as const;

  return {
    list: listOf,
    find,
    open,

    /** Stores a DNS account; the first of a provider becomes its default. Throws 409 when the identifier is taken. */
    async create(owner: PlanHolder, providerId: string, input: NewDnsAccount): Promise<DnsAccountRow> {
      requireOpened(owner, "ownZones");
      const ownerId = owner.id;
      const credentials = parseCredentials(knownProvider(providerId), input.credentials);
      const existing = await listOf(ownerId, providerId);
      if (existing.some((account) => account.accountId === input.accountId)) {
        throw new Problem(409, `There is a ${providerId} account "${input.accountId}" already. Change it with PUT.`);
      }
      const id = crypto.randomUUID();
      const isDefault = input.setAsDefault || existing.length === 0;
      const row: DnsAccountRow = {
        id,
        ownerId,
        provider: providerId,
        accountId: input.accountId,
        name: input.name,
        sealedCredentials: await sealer.seal(JSON.stringify(credentials), placeOf(id, ownerId)),
        nameservers: input.nameservers,
        isDefault,
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

    async setDefault(ownerId: number, providerId: string, accountId: string): Promise<DnsAccountRow> {
      const row = await find(ownerId, providerId, accountId);
      await database.batch(makeDefault(row));
      return { ...row, isDefault: true };
    },

    /** The account with its credentials, by the id of its row. Throws 404 when it is gone. */
    async openById(id: string): Promise<OpenDnsAccount> {
      const [row] = await database.select().from(dnsAccounts).where(eq(dnsAccounts.id, id));
      if (!row) throw new Problem(404, "The DNS account was deleted.");
      return open(row);
    },

    /** The credentials as they may be shown: every secret masked. */
    async masked(row: DnsAccountRow): Promise<Record<string, unknown>> {
      const { provider, credentials } = await open(row);
      const secrets = new Set(provider.credentialFields().flatMap((field) => (field.secret ? [field.name] : [])));
      return Object.fromEntries(
        Object.entries(credentials).map(([name, value]) => [name, secrets.has(name) ? MASK : value]),
      );
    },
  };
}

/** Throws 422 with the known providers when there is none of that name. */
export function knownProvider(id: string): DnsProvider {
  const provider = Object.hasOwn(providers, id) ? providers[id] : undefined;
  if (provider && provider.id !== "builtin") return provider;
  const known = Object.keys(providers).filter((name) => name !== "builtin");
  throw new Problem(422, `There is no DNS provider "${id}". Known providers: ${known.join(", ")}.`);
}

function parseCredentials(provider: DnsProvider, given: Record<string, unknown>): Record<string, unknown> {
  const parsed = provider.credentials.safeParse(given);
  if (parsed.success) return parsed.data;
  const fields = provider.credentialFields().map((field) => (field.optional ? `${field.name} (optional)` : field.name));
  throw new Problem(422, `The credentials do not fit ${provider.title}. Its fields: ${fields.join(", ")}.`, {
    errors: parsed.error.issues.map((issue) => ({
      pointer: `/credentials${issue.path.map((part) => `/${String(part)}`).join("")}`,
      detail: issue.message,
    })),
  });
}

const clearDefault = (database: Database, ownerId: number, providerId: string) =>
  database
    .update(dnsAccounts)
    .set({ isDefault: false })
    .where(and(eq(dnsAccounts.ownerId, ownerId), eq(dnsAccounts.provider, providerId), sql`is_default = 1`));

const placeOf = (id: string, ownerId: number) => `dns_accounts/${id}/credentials/${ownerId}`;
