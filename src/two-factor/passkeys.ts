/** The passkeys of accounts: registered, used, removed. */
import { and, asc, eq, sql } from "drizzle-orm";
import { keyedHash } from "../accounts/api-key";
import type { AccountIdentity } from "../accounts/identity";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { passkeys } from "../storage/schema";
import type { RelyingParty } from "./relying-party";
import { type Assertion, type Credential, creationOptions } from "./webauthn";

const MOST = 20;

export type PasskeyRow = typeof passkeys.$inferSelect;

export type Passkeys = ReturnType<typeof createPasskeys>;

export function createPasskeys(ports: { database: Database; pepper: string; now: () => number }) {
  const { database, pepper, now } = ports;

  /** Says nothing about the account, and is the same for all its passkeys (WebAuthn §14.6.1). */
  const userHandleOf = (accountId: number) => keyedHash(`passkey_user:${accountId}`, pepper);

  async function list(accountId: number): Promise<PasskeyRow[]> {
    return database.select().from(passkeys).where(eq(passkeys.accountId, accountId)).orderBy(asc(passkeys.createdAt));
  }

  return {
    list,

    async creationOptions({ id, username }: AccountIdentity, relyingParty: RelyingParty, challenge: string) {
      const user = { handle: await userHandleOf(id), name: username };
      return creationOptions(relyingParty, user, challenge, await list(id));
    },

    /** Throws 409 when the passkey is registered already, or there are twenty. */
    async add(accountId: number, name: string, credential: Credential): Promise<PasskeyRow> {
      const row: PasskeyRow = { ...credential, accountId, name, createdAt: now(), lastUsedAt: null };
      const added = await database.all(sql`
        INSERT INTO passkeys (id, account_id, name, public_key, counter, transports, created_at)
        SELECT ${row.id}, ${accountId}, ${name}, ${row.publicKey}, ${row.counter}, ${JSON.stringify(row.transports)},
          ${row.createdAt}
        WHERE (SELECT count(*) FROM passkeys WHERE account_id = ${accountId}) < ${MOST}
        ON CONFLICT DO NOTHING
        RETURNING id`);
      if (added.length === 1) return row;
      const full = (await list(accountId)).length >= MOST;
      throw new Problem(
        409,
        full ? `There are ${MOST} passkeys already. Remove one first.` : "This passkey is registered already.",
      );
    },

    /** The passkey that answered (the account's); nothing when that does not hold. A counter that went back is a copy's. */
    async use(
      assertion: Assertion,
      relyingParty: RelyingParty,
      challenge: string,
      accountId?: number,
    ): Promise<PasskeyRow | undefined> {
      const [row] = await database.select().from(passkeys).where(eq(passkeys.id, assertion.id));
      if (!row || (accountId !== undefined && row.accountId !== accountId)) return undefined;
      const { userHandle } = assertion.response;
      if (userHandle && userHandle !== (await userHandleOf(row.accountId))) return undefined;
      const { verifyAssertion } = await import("./verification");
      const counter = await verifyAssertion(assertion, relyingParty, challenge, row);
      if (counter === undefined) return undefined;
      // One statement decides between two answers at once. Synced passkeys count nothing: theirs stays 0.
      const used = await database
        .update(passkeys)
        .set({ counter, lastUsedAt: now() })
        .where(and(eq(passkeys.id, row.id), sql`(counter < ${counter} OR (counter = 0 AND ${counter} = 0))`))
        .returning();
      return used[0];
    },

    /** Throws 404. */
    async remove(accountId: number, id: string): Promise<PasskeyRow> {
      const [removed] = await database
        .delete(passkeys)
        .where(and(eq(passkeys.id, id), eq(passkeys.accountId, accountId)))
        .returning();
      if (!removed) throw new Problem(404, "There is no such passkey.");
      return removed;
    },
  };
}
