/** A CA account with its secrets opened, for the object that signs with them. */
import { eq, sql } from "drizzle-orm";
import { type AccountKey, importAccountKey } from "../acme/account-key";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { customAuthorities, caAccounts as table } from "../storage/schema";
import type { Sealer } from "../storage/sealing";

export type CaAccountRow = typeof table.$inferSelect;

export interface ExternalAccountKey {
  kid: string;
  /** base64url */
  hmacKey: string;
}

export interface OpenCaAccount {
  row: CaAccountRow;
  accountKey: AccountKey;
  nextAccountKey?: AccountKey;
  externalAccount?: ExternalAccountKey;
  /** The roots that chains of its authority have to lead to, PEM. */
  rootsPem?: string;
}

/** Where a sealed column of an account belongs: it opens nowhere else. */
export const placeOf = (row: { id: string; ownerId: number }, column: "account_key" | "eab_hmac_key") =>
  `ca_accounts/${row.id}/${column}/${row.ownerId}`;

/** Throws 404 for one that is gone. */
export async function openAccount(database: Database, sealer: Sealer, id: string): Promise<OpenCaAccount> {
  const own = sql`${customAuthorities.id} = ${table.authority} AND ${customAuthorities.ownerId} = ${table.ownerId}`;
  const [found] = await database
    .select({ row: table, rootsPem: customAuthorities.rootsPem })
    .from(table)
    .leftJoin(customAuthorities, own)
    .where(eq(table.id, id));
  if (!found) throw new Problem(404, "CA account not found");
  const { row, rootsPem } = found;
  const keyIn = async (sealed: string) => importAccountKey(await sealer.open(sealed, placeOf(row, "account_key")));
  const { sealedNextAccountKey, eabKid, sealedEabHmacKey } = row;
  return {
    row,
    accountKey: await keyIn(row.sealedAccountKey),
    ...(sealedNextAccountKey ? { nextAccountKey: await keyIn(sealedNextAccountKey) } : {}),
    ...(eabKid && sealedEabHmacKey
      ? { externalAccount: { kid: eabKid, hmacKey: await sealer.open(sealedEabHmacKey, placeOf(row, "eab_hmac_key")) } }
      : {}),
    ...(rootsPem ? { rootsPem } : {}),
  };
}
