/** The names that clients of a directory may have, and those that they need not prove. */
import { eq, sql } from "drizzle-orm";
import { isAllowed } from "../accounts/scopes";
import { requireHeld } from "../certificates/shared-names";
import { ancestors } from "../dns/names";
import { type Identifier, NameError, parseIdentifier } from "../pki/identifiers";
import { type FieldProblem, Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, zones } from "../storage/schema";

/** In canonical form: "home.example.com", "*.example.com" for all below it, "192.0.2.7". Throws Problem 422. */
export function readNames(given: string[] | null, pointer: string): string[] | null {
  if (given === null) return null;
  const errors: FieldProblem[] = [];
  const names = given.map((name, index) => {
    try {
      return parseIdentifier(name).value;
    } catch (error) {
      if (!(error instanceof NameError)) throw error;
      errors.push({ pointer: `${pointer}/${index}`, detail: error.message });
      return name;
    }
  });
  if (errors.length > 0) throw new Problem(422, errors.map(({ detail }) => detail).join(" "), { errors });
  return [...new Set(names)];
}

/** Why a name may not be had, where one of the lists does not have it. */
export function refusalOf(name: string, lists: string[][]): string | undefined {
  const other = lists.find((list) => !isAllowed(name, list));
  if (!other) return undefined;
  return `${name} is not for this account. ${other.length > 0 ? `It is for ${other.join(", ")}.` : "It is for no name."}`;
}

/**
 * Of the names, those that their owner need not prove to the built-in CA: an administrator, who runs it, none at all;
 * others not those in their own zones, which they have proven, and their domains in ours.
 */
export async function provenAmong(database: Database, ownerId: number, names: Identifier[]): Promise<Set<string>> {
  const bare = new Map(
    names.flatMap(({ type, value }) => (type === "dns" ? [[value, value.replace(/^\*\./, "")]] : [])),
  );
  const all = JSON.stringify([...new Set([...bare.values()].flatMap(ancestors))]);
  const [[owner], found] = await database.batch([
    database.select({ role: accounts.role }).from(accounts).where(eq(accounts.id, ownerId)),
    database
      .select({ name: zones.name, ownerId: zones.ownerId })
      .from(zones)
      .where(sql`${zones.name} IN (SELECT value FROM json_each(${all}))`),
  ]);
  if (owner?.role === "admin") return new Set(names.map(({ value }) => value));
  const holders = new Map(found.map(({ name, ownerId }) => [name, ownerId]));
  const proven = new Set<string>();
  const shared: string[] = [];
  for (const [value, name] of bare) {
    const holder = ancestors(name)
      .map((ancestor) => holders.get(ancestor))
      .find((id) => id !== undefined);
    if (holder === ownerId) proven.add(value);
    if (holder === null) shared.push(value);
  }
  if (shared.length > 0 && (await areHeld(database, ownerId, shared))) for (const name of shared) proven.add(name);
  return proven;
}

const areHeld = (database: Database, ownerId: number, names: string[]): Promise<boolean> =>
  requireHeld(database, ownerId, names).then(
    () => true,
    (error) => {
      if (error instanceof Problem) return false;
      throw error;
    },
  );
