/** CA accounts: registrations with authorities, their keys sealed, one of each owner the default. */
import { and, asc, eq, sql } from "drizzle-orm";
import { type PlanHolder, requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireAny } from "../accounts/plans";
import { type AccountKey, generateAccountKey, importAccountKey } from "../acme/account-key";
import type { Authority } from "../authorities/authority";
import { type AuthorityId, authorities } from "../authorities/catalogue";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { caAccounts as table } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import type { Environment } from "../storage/tables/instances";
import type { CaAccount } from "./account-object";
import type { CaFailure } from "./failure";
import { checkOutgoingUrl } from "./outgoing-url";

export type CaAccountRow = typeof table.$inferSelect;

export interface NewCaAccount {
  name: string;
  authority: AuthorityId;
  environment: Environment;
  directoryUrl?: string | undefined;
  contact: string[];
  preferredChain?: string | undefined;
  externalAccount?: { kid: string; hmacKey: string } | undefined;
  setAsDefault: boolean;
}

/** A CA account with its secrets opened, for the object that signs with them. */
export interface OpenCaAccount {
  row: CaAccountRow;
  accountKey: AccountKey;
  nextAccountKey?: AccountKey;
  externalAccount?: { kid: string; hmacKey: string };
}

export interface CaAccountPorts {
  database: Database;
  sealer: Sealer;
  objects: DurableObjectNamespace<CaAccount>;
  allowPrivateHosts: boolean;
  now: () => number;
}

export type CaAccounts = ReturnType<typeof createCaAccounts>;

const placeOf = (row: { id: string; ownerId: number }, column: string) =>
  `ca_accounts/${row.id}/${column}/${row.ownerId}`;

export function createCaAccounts(ports: CaAccountPorts) {
  const { database, sealer, objects, now } = ports;
  const objectOf = (id: string): DurableObjectStub<CaAccount> => objects.getByName(id);

  const rowsOf = (ownerId: number) =>
    database.select().from(table).where(eq(table.ownerId, ownerId)).orderBy(asc(table.createdAt));

  async function find(ownerId: number, id: string): Promise<CaAccountRow> {
    const [row] = await database
      .select()
      .from(table)
      .where(and(eq(table.id, id), eq(table.ownerId, ownerId)));
    if (!row) throw new Problem(404, "CA account not found");
    return row;
  }

  /** Throws 403 beyond the plan, 409 for a name that is taken. */
  async function insert(owner: PlanHolder, input: NewCaAccount, isDefault = false): Promise<CaAccountRow> {
    const ownerId = owner.id;
    const id = crypto.randomUUID();
    const key = { id, ownerId };
    const { externalAccount } = input;
    const row: CaAccountRow = {
      ...key,
      name: input.name,
      authority: input.authority,
      environment: input.environment,
      directoryUrl: directoryOf(input, ports.allowPrivateHosts),
      contact: input.contact,
      preferredChain: input.preferredChain ?? null,
      eabKid: externalAccount?.kid ?? null,
      sealedEabHmacKey: externalAccount
        ? await sealer.seal(externalAccount.hmacKey, placeOf(key, "eab_hmac_key"))
        : null,
      sealedAccountKey: await sealer.seal(await generateAccountKey(), placeOf(key, "account_key")),
      sealedNextAccountKey: null,
      accountUrl: null,
      termsAgreedAt: null,
      isDefault,
      instanceId: null,
      deactivatedAt: null,
      circuitOpenUntil: null,
      circuitReason: null,
      createdAt: now(),
      updatedAt: now(),
    };
    const store = database.insert(table).values(row).onConflictDoNothing().returning({ id: table.id });
    const [stored, takenBack] = await database.batch([store, takeBackBeyondPlan(database, "caAccounts", id, owner)]);
    requireKept(takenBack, "caAccounts", owner);
    if (stored.length === 0) throw new Problem(409, `There is a CA account named "${input.name}" already.`);
    return row;
  }

  /** The built-in CA is everybody's first CA account. */
  async function ensureBuiltin(ownerId: number): Promise<CaAccountRow[]> {
    const rows = await rowsOf(ownerId);
    if (rows.length > 0) return rows;
    const { title } = authorities.builtin;
    const input = { name: title, authority: "builtin", environment: "production", contact: [], setAsDefault: true };
    // No plan counts it.
    await insert({ id: ownerId, plan: "elite" }, input as NewCaAccount, true).catch((error) => {
      if (!(error instanceof Problem && error.status === 409)) throw error; // another request made it
    });
    return rowsOf(ownerId);
  }

  const setDefault = ({ id, ownerId }: CaAccountRow) =>
    database.batch([
      clearDefault(database, ownerId),
      database.update(table).set({ isDefault: true, updatedAt: now() }).where(eq(table.id, id)),
    ]);

  return {
    objectOf,
    find,
    list: ensureBuiltin,

    /** Stores a CA account and registers it. A CA that says no refuses it; one that is away is asked again at the first order. */
    async create(owner: PlanHolder, input: NewCaAccount): Promise<{ row: CaAccountRow; failure?: CaFailure }> {
      requireAny(owner, "caAccounts");
      await ensureBuiltin(owner.id);
      const row = await insert(owner, input);
      const outcome = await objectOf(row.id).register();
      const { kind, detail } = outcome.ok ? { kind: "ok", detail: "" } : outcome.failure;
      if (kind !== "problem" && kind !== "garbage") {
        if (input.setAsDefault) await setDefault(row);
        const kept = { ...row, isDefault: input.setAsDefault };
        if (!outcome.ok) return { row: kept, failure: outcome.failure };
        return { row: { ...kept, accountUrl: outcome.value.accountUrl } };
      }
      await database.delete(table).where(eq(table.id, row.id));
      const words = kind === "problem" ? `The authority refused the account: ${detail}` : detail;
      throw new Problem(422, words, { errors: [{ pointer: "/directory_url", detail: words }] });
    },

    /** The account for an order: the pinned one, else the owner's default. */
    async choose(ownerId: number, pinned: string | null): Promise<CaAccountRow> {
      if (pinned !== null) return find(ownerId, pinned);
      const rows = await ensureBuiltin(ownerId);
      const chosen = rows.find((row) => row.isDefault) ?? rows[0];
      if (chosen) return chosen;
      throw new Problem(422, "There is no matching ACME account. Add one with POST /api/ca/accounts.");
    },

    async setDefault(ownerId: number, id: string): Promise<CaAccountRow> {
      const row = await find(ownerId, id);
      await setDefault(row);
      return { ...row, isDefault: true };
    },

    /** Called by the account's object when the CA has answered newAccount. */
    async registered(id: string, accountUrl: string): Promise<void> {
      await database.update(table).set({ accountUrl, updatedAt: now() }).where(eq(table.id, id));
    },

    async openById(id: string): Promise<OpenCaAccount> {
      const [row] = await database.select().from(table).where(eq(table.id, id));
      if (!row) throw new Problem(404, "CA account not found");
      const key = await sealer.open(row.sealedAccountKey, placeOf(row, "account_key"));
      const next = row.sealedNextAccountKey;
      return {
        row,
        accountKey: await importAccountKey(key),
        ...(next
          ? { nextAccountKey: await importAccountKey(await sealer.open(next, placeOf(row, "account_key"))) }
          : {}),
        ...(row.eabKid && row.sealedEabHmacKey
          ? {
              externalAccount: {
                kid: row.eabKid,
                hmacKey: await sealer.open(row.sealedEabHmacKey, placeOf(row, "eab_hmac_key")),
              },
            }
          : {}),
      };
    },

    /** Makes the key of a rollover and keeps it before the CA hears of it. */
    async prepareRollover(row: CaAccountRow): Promise<AccountKey> {
      const key = await generateAccountKey();
      const sealedNextAccountKey = await sealer.seal(key, placeOf(row, "account_key"));
      await database.update(table).set({ sealedNextAccountKey, updatedAt: now() }).where(eq(table.id, row.id));
      return importAccountKey(key);
    },

    /** Ends a rollover: the prepared key is the key from now on, or is thrown away. */
    async settleRollover({ id }: CaAccountRow, taken: boolean): Promise<void> {
      await database
        .update(table)
        .set({
          ...(taken ? { sealedAccountKey: sql`sealed_next_account_key` } : {}),
          sealedNextAccountKey: null,
          updatedAt: now(),
        })
        .where(eq(table.id, id));
    },
  };
}

function directoryOf(input: NewCaAccount, allowPrivateHosts: boolean): string {
  const { title, directories }: Authority = authorities[input.authority];
  const known = directories[input.environment];
  const refuse = (pointer: string, detail: string) => new Problem(422, detail, { errors: [{ pointer, detail }] });
  if (input.authority !== "custom") {
    if (input.directoryUrl !== undefined && input.directoryUrl !== known) {
      throw refuse("/directory_url", 'directory_url goes with authority "custom" only.');
    }
    if (!known) throw refuse("/environment", `${title} has no ${input.environment} directory.`);
    return known;
  }
  if (input.directoryUrl === undefined) throw refuse("/directory_url", "A custom authority needs its directory_url.");
  return checkOutgoingUrl(input.directoryUrl, "/directory_url", allowPrivateHosts);
}

const clearDefault = (database: Database, ownerId: number) =>
  database
    .update(table)
    .set({ isDefault: false })
    .where(and(eq(table.ownerId, ownerId), sql`is_default = 1`));
