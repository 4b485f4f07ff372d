/** The ACME accounts that clients have made at a profile. */
import { and, desc, eq } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { acmeAccounts, externalAccountKeys } from "../storage/schema";
import type { AcmeProfileRow } from "./service";

export interface ClientAccount {
  id: string;
  status: "valid" | "deactivated" | "revoked";
  contact: string[];
  externalAccountKeyId: string | null;
  /** The name of the key that it was made with. */
  externalAccountKeyName: string | null;
  createdAt: number;
}

const LONGEST_LIST = 1000;

export type ClientAccounts = ReturnType<typeof createClientAccounts>;

export function createClientAccounts({ database }: { database: Database }) {
  return {
    /** The newest first. */
    list: ({ id }: AcmeProfileRow): Promise<ClientAccount[]> =>
      database
        .select({
          id: acmeAccounts.id,
          status: acmeAccounts.status,
          contact: acmeAccounts.contact,
          externalAccountKeyId: acmeAccounts.externalAccountKeyId,
          externalAccountKeyName: externalAccountKeys.name,
          createdAt: acmeAccounts.createdAt,
        })
        .from(acmeAccounts)
        .leftJoin(externalAccountKeys, eq(externalAccountKeys.id, acmeAccounts.externalAccountKeyId))
        .where(eq(acmeAccounts.profileId, id))
        .orderBy(desc(acmeAccounts.createdAt), desc(acmeAccounts.id))
        .limit(LONGEST_LIST),

    /** For ever; its key can make no other one here (RFC 8555 §7.3.6). Throws Problem 404. */
    async deactivate({ id: profileId }: AcmeProfileRow, id: string): Promise<void> {
      const isIt = and(eq(acmeAccounts.id, id), eq(acmeAccounts.profileId, profileId));
      const changed = await database
        .update(acmeAccounts)
        .set({ status: "deactivated" })
        .where(isIt)
        .returning({ id: acmeAccounts.id });
      if (changed.length === 0) throw new Problem(404, `There is no ACME account ${id} at this profile.`);
    },
  };
}
