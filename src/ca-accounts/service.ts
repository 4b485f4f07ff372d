/** CA accounts: registrations with authorities, their keys sealed, one of each owner the default. */
import { and, asc, eq, sql } from "drizzle-orm";
import type { PlanHolder } from "../accounts/plan-limits";
import { type AccountKey, generateAccountKey, importAccountKey } from "../acme/account-key";
import { authorities } from "../authorities/catalogue";
import { Problem } from "../problems";
import { caAccounts as table } from "../storage/schema";
import type { CaAccount } from "./account-object";
import type { CaAccountTest } from "./account-test";
import { type CaAccountChange, changeAccount, requireDefaultable } from "./changes";
import { bequeath, deactivateAtCa, makeDefault, requireReleasable } from "./ending";
import { CaError, type CaFailure, valueIn } from "./failure";
import { type CaAccountRow, type OpenCaAccount, openAccount, placeOf } from "./open-account";
import { createRegistration, type ImportedCaAccount, type NewCaAccount, type RegistrationPorts } from "./registration";

export type { CaAccountChange } from "./changes";
export type { CaAccountRow, OpenCaAccount } from "./open-account";
export type { ImportedCaAccount, NewCaAccount } from "./registration";

export type CaAccountPorts = RegistrationPorts;

export type CaAccounts = ReturnType<typeof createCaAccounts>;

export function createCaAccounts(ports: CaAccountPorts) {
  const { database, sealer, objects, now } = ports;
  const registration = createRegistration(ports);
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

  /** The built-in CA is everybody's first CA account. */
  async function ensureBuiltin(ownerId: number): Promise<CaAccountRow[]> {
    const rows = await rowsOf(ownerId);
    if (rows.length > 0) return rows;
    const { title, directories } = authorities.builtin;
    const builtin = { name: title, authority: "builtin", environment: "production", contact: [] } as const;
    const accountKey = await generateAccountKey();
    const made = { ...builtin, contact: [], directoryUrl: directories.production, accountKey, termsAgreedAt: null };
    // No plan counts it.
    await registration
      .insert({ id: ownerId, plan: "elite" }, { ...made, setAsDefault: true, isDefault: true })
      .catch((error) => {
        if (!(error instanceof Problem && error.status === 409)) throw error; // another request made it
      });
    return rowsOf(ownerId);
  }

  async function setDefault(row: CaAccountRow): Promise<CaAccountRow> {
    requireDefaultable(row);
    await database.batch(makeDefault(ports, row));
    return { ...row, isDefault: true };
  }

  const heirOf = async (ownerId: number, id: string | undefined) =>
    id === undefined ? undefined : await find(ownerId, id);

  return {
    objectOf,
    find,
    list: ensureBuiltin,

    /** Stores a CA account and registers it. A CA that says no refuses it; one that is away is asked again at the first order. */
    async create(owner: PlanHolder, input: NewCaAccount): Promise<{ row: CaAccountRow; failure?: CaFailure }> {
      await registration.prepare(owner, input);
      await ensureBuiltin(owner.id);
      const { row, ...more } = await registration.register(owner, input);
      return { row: input.setAsDefault ? await setDefault(row) : row, ...more };
    },

    /** Takes over an account of another client. Throws 422 where the CA does not know the key. */
    async import(owner: PlanHolder, input: ImportedCaAccount): Promise<CaAccountRow> {
      await registration.prepare(owner, input);
      await ensureBuiltin(owner.id);
      const row = await registration.takeOver(owner, input);
      return input.setAsDefault ? setDefault(row) : row;
    },

    /** What is not given stays. `failure` is why one that was not registered still is not. */
    async change(ownerId: number, id: string, change: CaAccountChange) {
      const row = await find(ownerId, id);
      const outcome = await changeAccount(ports, row, change);
      if (change.setAsDefault) await setDefault(await find(ownerId, id));
      return { before: row, row: await find(ownerId, id), ...outcome };
    },

    /** Asks the CA for its directory and for the account, and keeps what it says. */
    async test(row: CaAccountRow): Promise<CaAccountTest> {
      const { directory, account, ...result } = valueIn(await objectOf(row.id).test());
      if (directory) await ports.authorities.directories.note(row.directoryUrl, directory);
      if (account?.status === "valid" && row.accountUrl === null) {
        await database.update(table).set({ accountUrl: account.url, updatedAt: now() }).where(eq(table.id, row.id));
        await objectOf(row.id).forgetOpened();
      }
      return result;
    },

    /** Throws 502 where the CA did not take the new key; the old one is kept then. */
    async rollOver(row: CaAccountRow): Promise<CaAccountRow> {
      const outcome = await objectOf(row.id).rollover();
      if (!outcome.ok) {
        throw new Problem(502, `The authority did not take the new key: ${new CaError(outcome.failure).message}`);
      }
      return find(row.ownerId, row.id);
    },

    /** At the CA, for good. What uses it goes to `heir`, a CA account's id. Throws 409 that lists what it is needed for. */
    async deactivate(ownerId: number, id: string, heir?: string): Promise<CaAccountRow> {
      const row = await find(ownerId, id);
      if (row.deactivatedAt !== null) throw new Problem(409, "It is deactivated already.");
      if (row.accountUrl === null) throw new Problem(409, "It was never registered: there is nothing to deactivate.");
      const successor = await heirOf(ownerId, heir);
      await requireReleasable(ports, row, successor);
      await deactivateAtCa(ports, row);
      await bequeath(ports, row, successor);
      return find(ownerId, id);
    },

    /** Deletes it here; the CA is asked first to deactivate it, if that is wanted. Throws 409 that lists what it is needed for. */
    async remove(ownerId: number, id: string, options: { heir?: string; deactivate?: boolean } = {}) {
      const row = await find(ownerId, id);
      const heir = await heirOf(ownerId, options.heir);
      await requireReleasable(ports, row, heir);
      const isActive = row.accountUrl !== null && row.deactivatedAt === null;
      if (options.deactivate && isActive) await deactivateAtCa(ports, row);
      await bequeath(ports, row, heir);
      await database.delete(table).where(eq(table.id, row.id));
      await objectOf(row.id).destroy();
      return row;
    },

    setDefault: async (ownerId: number, id: string): Promise<CaAccountRow> => setDefault(await find(ownerId, id)),

    /** What was changed of an authority holds from the next step on, for all accounts with it. */
    async forgetOpened(ownerId: number, authority: string): Promise<void> {
      const rows = await rowsOf(ownerId);
      const those = rows.filter((row) => row.authority === authority);
      await Promise.all(those.map(({ id }) => objectOf(id).forgetOpened()));
    },

    /** Called by the account's object when its CA is to be left alone for a while, or is well again. */
    async showCircuit(id: string, held: { until: number; reason: string } | undefined) {
      const circuit = { circuitOpenUntil: held?.until ?? null, circuitReason: held?.reason ?? null };
      const [row] = await database.update(table).set(circuit).where(eq(table.id, id)).returning();
      return row;
    },

    /** Called by the account's object when the CA has answered newAccount. */
    async registered(id: string, accountUrl: string): Promise<void> {
      await database.update(table).set({ accountUrl, updatedAt: now() }).where(eq(table.id, id));
    },

    openById: (id: string): Promise<OpenCaAccount> => openAccount(database, sealer, id),

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
