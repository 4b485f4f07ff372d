/** Directories of an account's own, at which ACME clients find certedge as their CA. */
import { and, asc, eq, sql } from "drizzle-orm";
import { type AccountIdentity, requireAdmin } from "../accounts/identity";
import { requireAny } from "../accounts/plans";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { acmeAccounts, acmeProfiles, externalAccountKeys } from "../storage/schema";
import { readNames } from "./names";

export type AcmeProfileRow = typeof acmeProfiles.$inferSelect;

export interface ProfileInput {
  slug: string;
  title: string;
  allowedNames: string[] | null;
  lifetimeDays: number | null;
  eabRequired: boolean;
  website: string | null;
  isDefault: boolean;
}

const MOST_PROFILES = 50;
/** Addresses that are something else. */
const RESERVED = new Set(["builtin", "directory"]);

export type AcmeProfiles = ReturnType<typeof createAcmeProfiles>;

export function createAcmeProfiles({ database, now }: { database: Database; now: () => number }) {
  const table = acmeProfiles;

  async function find(ownerId: number, id: string): Promise<AcmeProfileRow> {
    const [row] = await database
      .select()
      .from(table)
      .where(and(eq(table.id, id), eq(table.ownerId, ownerId)));
    if (!row) throw new Problem(404, `There is no profile ${id}.`);
    return row;
  }

  /** /acme/directory is one for all, so that who runs the installation says which it is. */
  const clearDefault = (isDefault: boolean | undefined) =>
    database
      .update(table)
      .set({ isDefault: false })
      .where(isDefault ? eq(table.isDefault, true) : sql`0`);

  return {
    find,

    list: (ownerId: number): Promise<AcmeProfileRow[]> =>
      database.select().from(table).where(eq(table.ownerId, ownerId)).orderBy(asc(table.createdAt), asc(table.id)),

    /** Throws Problem 403, 409, 422. */
    async create(owner: AccountIdentity, input: ProfileInput): Promise<AcmeProfileRow> {
      requireAny(owner, "certificates");
      if (input.isDefault) requireAdmin(owner);
      requireFree(input.slug);
      const time = { createdAt: now(), updatedAt: now() };
      const allowedNames = readNames(input.allowedNames, "/allowed_names");
      const row: AcmeProfileRow = {
        id: crypto.randomUUID(),
        ownerId: owner.id,
        mode: "builtin",
        ...input,
        allowedNames,
        ...time,
      };
      const count = await database.$count(table, eq(table.ownerId, owner.id));
      if (count >= MOST_PROFILES) throw new Problem(409, `There are ${count} profiles already; that is the most.`);
      const made = await database
        .insert(table)
        .values({ ...row, isDefault: false })
        .onConflictDoNothing({ target: table.slug })
        .returning({ id: table.id });
      if (made.length === 0) throw slugIsTaken(input.slug);
      if (!row.isDefault) return row;
      const makeDefault = database.update(table).set({ isDefault: true }).where(eq(table.id, row.id));
      await database.batch([clearDefault(true), makeDefault]);
      return row;
    },

    /** Throws Problem 403, 404, 422. */
    async change(
      owner: AccountIdentity,
      id: string,
      input: Partial<Omit<ProfileInput, "slug">>,
    ): Promise<AcmeProfileRow> {
      await find(owner.id, id);
      if (input.isDefault !== undefined) requireAdmin(owner);
      const names =
        input.allowedNames === undefined ? {} : { allowedNames: readNames(input.allowedNames, "/allowed_names") };
      const [, [row]] = await database.batch([
        clearDefault(input.isDefault),
        database
          .update(table)
          .set({ ...input, ...names, updatedAt: now() })
          .where(and(eq(table.id, id), eq(table.ownerId, owner.id)))
          .returning(),
      ]);
      if (!row) throw new Problem(404, `There is no profile ${id}.`);
      return row;
    },

    /** Its keys go with it, and its accounts can do nothing any more. Throws Problem 404. */
    async remove(ownerId: number, id: string): Promise<AcmeProfileRow> {
      const row = await find(ownerId, id);
      await database.batch([
        database.update(acmeAccounts).set({ status: "revoked" }).where(eq(acmeAccounts.profileId, id)),
        database.delete(externalAccountKeys).where(eq(externalAccountKeys.profileId, id)),
        database.delete(table).where(and(eq(table.id, id), eq(table.ownerId, ownerId))),
      ]);
      return row;
    },
  };
}

function requireFree(slug: string): void {
  if (RESERVED.has(slug)) throw slugIsTaken(slug);
}

const slugIsTaken = (slug: string) => {
  const detail = `/acme/${slug} is taken. Choose another slug.`;
  return new Problem(409, detail, { errors: [{ pointer: "/slug", detail }] });
};
