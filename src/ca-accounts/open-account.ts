/** A CA account with its secrets opened, for the object that signs with them. */
import { eq, sql } from "drizzle-orm";
import { type AccountKey, importAccountKey } from "../acme/account-key";
import type { Authority } from "../authorities/authority";
import { authorities, knownAuthority } from "../authorities/catalogue";
import { authorityFrom } from "../authorities/custom";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { customAuthorities, caAccounts as table } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import type { RateLimits } from "../storage/tables/authorities";

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
  /** What its authority publishes. */
  limits: RateLimits;
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
    .select({ row: table, own: customAuthorities })
    .from(table)
    .leftJoin(customAuthorities, own)
    .where(eq(table.id, id));
  if (!found) throw new Problem(404, "CA account not found");
  const { row, own: authority } = found;
  const { limits }: Authority = authority
    ? authorityFrom(authority)
    : (knownAuthority(row.authority) ?? authorities.custom);
  const keyIn = async (sealed: string) => importAccountKey(await sealer.open(sealed, placeOf(row, "account_key")));
  const { sealedNextAccountKey, eabKid, sealedEabHmacKey } = row;
  return {
    row,
    accountKey: await keyIn(row.sealedAccountKey),
    ...(sealedNextAccountKey ? { nextAccountKey: await keyIn(sealedNextAccountKey) } : {}),
    ...(eabKid && sealedEabHmacKey
      ? { externalAccount: { kid: eabKid, hmacKey: await sealer.open(sealedEabHmacKey, placeOf(row, "eab_hmac_key")) } }
      : {}),
    limits: limits[row.environment] ?? {},
    ...(authority?.rootsPem ? { rootsPem: authority.rootsPem } : {}),
  };
}
