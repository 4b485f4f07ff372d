/** Codes that stand in for a second factor that is lost: ten, shown once, kept as keyed hashes, each good for one use. */
import { and, count, eq, isNull, sql } from "drizzle-orm";
import { keyedHash } from "../accounts/api-key";
import type { Database } from "../storage/database";
import { recoveryCodes } from "../storage/schema";

const HOW_MANY = 10;
const LENGTH = 10;
/** 32 letters, so that ten of them are 50 bits; none looks like another: there is no i, l, o or u. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** "7k3qd-0fwzm" */
export function newCode(): string {
  const letters = Array.from(crypto.getRandomValues(new Uint8Array(LENGTH)), (byte) => ALPHABET[byte & 31]).join("");
  return `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`;
}

/** A code as it was made, from how a person writes it; nothing when it cannot be one. */
export function readCode(text: string): string | undefined {
  const letters = text.toLowerCase().replace(/[\s-]/g, "").replaceAll("o", "0").replace(/[il]/g, "1");
  return /^[0-9a-hjkmnp-tv-z]{10}$/.test(letters) ? letters : undefined;
}

export type RecoveryCodes = ReturnType<typeof createRecoveryCodes>;

export function createRecoveryCodes(ports: { database: Database; pepper: string; now: () => number }) {
  const { database, pepper, now } = ports;

  const hashOf = (accountId: number, letters: string) => keyedHash(`recovery_code:${accountId}:${letters}`, pepper);

  const unused = (accountId: number) => and(eq(recoveryCodes.accountId, accountId), isNull(recoveryCodes.usedAt));

  async function newSet(accountId: number) {
    const codes = Array.from({ length: HOW_MANY }, newCode);
    const hashes = await Promise.all(codes.map((code) => hashOf(accountId, readCode(code) ?? "")));
    return { codes, hashes };
  }

  return {
    async left(accountId: number): Promise<number> {
      const [row] = await database.select({ left: count() }).from(recoveryCodes).where(unused(accountId));
      return row?.left ?? 0;
    },

    /** Ten new ones; those before are void. */
    async replace(accountId: number): Promise<string[]> {
      const { codes, hashes } = await newSet(accountId);
      await database.batch([
        database.delete(recoveryCodes).where(eq(recoveryCodes.accountId, accountId)),
        database.insert(recoveryCodes).values(hashes.map((codeHash) => ({ accountId, codeHash }))),
      ]);
      return codes;
    },

    /** Ten, if there is none that could be used. One statement decides, so that nobody is shown void ones. */
    async makeFirst(accountId: number): Promise<string[] | undefined> {
      const { codes, hashes } = await newSet(accountId);
      const made = await database.all(sql`
        INSERT INTO recovery_codes (account_id, code_hash)
        SELECT ${accountId}, value FROM json_each(${JSON.stringify(hashes)})
        WHERE NOT EXISTS (SELECT 1 FROM recovery_codes WHERE account_id = ${accountId} AND used_at IS NULL)
        RETURNING code_hash`);
      return made.length > 0 ? codes : undefined;
    },

    /** Of two uses of one code at once, one is taken. */
    async use(accountId: number, text: string): Promise<boolean> {
      const letters = readCode(text);
      if (letters === undefined) return false;
      const used = await database
        .update(recoveryCodes)
        .set({ usedAt: now() })
        .where(and(unused(accountId), eq(recoveryCodes.codeHash, await hashOf(accountId, letters))))
        .returning({ codeHash: recoveryCodes.codeHash });
      return used.length === 1;
    },
  };
}
