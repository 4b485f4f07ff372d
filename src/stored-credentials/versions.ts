/** The versions of stored credentials: each sealed by itself, the newest ones kept. */
import { and, desc, eq, lte, sql } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { storedCredentials, storedCredentialVersions as versions } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import type { Fields } from "./fields";

export type CredentialRow = typeof storedCredentials.$inferSelect;
export type VersionRow = typeof versions.$inferSelect;
export type SealedVersion = Pick<VersionRow, "version" | "sealedFields" | "mayBeUnlocked">;

export interface NewVersion {
  fields: Fields;
  /** Who made it: a user name, or the name of an API key. */
  createdBy: string;
  /** The version that it brings back. */
  copyOf?: number;
  mayBeUnlocked: boolean;
}

/** How many are kept of each credential. */
const MOST_VERSIONS = 50;

export function createVersions({ database, sealer, now }: { database: Database; sealer: Sealer; now: () => number }) {
  return {
    /**
     * The statements that store a version, for the batch that makes the credential's row say that this is its version:
     * where another request has made that one, they store nothing.
     */
    async storing(row: Pick<CredentialRow, "id" | "ownerId">, version: number, made: NewVersion) {
      const sealedFields = await sealer.seal(JSON.stringify(made.fields), placeOf(row, version));
      const itself = and(eq(storedCredentials.id, row.id), eq(storedCredentials.version, version));
      return [
        database
          .insert(versions)
          .select(
            database
              .select({
                credentialId: storedCredentials.id,
                version: storedCredentials.version,
                sealedFields: sql<string>`${sealedFields}`.as("sealed_fields"),
                createdBy: sql<string>`${made.createdBy}`.as("created_by"),
                copyOf: sql<number | null>`${made.copyOf ?? null}`.as("copy_of"),
                mayBeUnlocked: sql<boolean>`${Number(made.mayBeUnlocked)}`.as("may_be_unlocked"),
                createdAt: sql<number>`${now()}`.as("created_at"),
              })
              .from(storedCredentials)
              .where(itself),
          )
          .onConflictDoNothing(),
        database
          .delete(versions)
          .where(and(eq(versions.credentialId, row.id), lte(versions.version, version - MOST_VERSIONS))),
      ] as const;
    },

    open: async (row: Pick<CredentialRow, "id" | "ownerId">, { version, sealedFields }: SealedVersion) =>
      JSON.parse(await sealer.open(sealedFields, placeOf(row, version))) as Fields,

    /** Newest first. */
    list: (row: Pick<CredentialRow, "id">): Promise<VersionRow[]> =>
      database.select().from(versions).where(eq(versions.credentialId, row.id)).orderBy(desc(versions.version)),

    /** Throws 404. */
    async find(row: Pick<CredentialRow, "id" | "name">, version: number): Promise<VersionRow> {
      const [found] = await database
        .select()
        .from(versions)
        .where(and(eq(versions.credentialId, row.id), eq(versions.version, version)));
      if (found) return found;
      throw new Problem(404, `The credential "${row.name}" has no version ${version}, or not any more.`);
    },

    /** The statement after which no version's secrets may be shown any more, if the row says so. */
    hideAll: (row: Pick<CredentialRow, "id">) =>
      database
        .update(versions)
        .set({ mayBeUnlocked: false })
        .where(
          and(
            eq(versions.credentialId, row.id),
            sql`EXISTS (SELECT 1 FROM stored_credentials WHERE id = ${row.id} AND may_be_unlocked = 0)`,
          ),
        ),
  };
}

/** Where a version's sealed text belongs: it opens nowhere else. */
const placeOf = ({ id, ownerId }: Pick<CredentialRow, "id" | "ownerId">, version: number): string =>
  `stored_credential_versions/${id}/${version}/fields/${ownerId}`;
