/** Whose the names in a zone are that we offer to everybody. It is asked at each order: names are given up, and taken. */
import { eq, sql } from "drizzle-orm";
import { ancestors } from "../dns/names";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, domains, zones } from "../storage/schema";

/** A name is its domain's owner's; a free one only the admin's. Throws 403 for the first that is not. */
export async function requireHeld(database: Database, ownerId: number, names: string[]): Promise<void> {
  const all = JSON.stringify([...new Set(names.flatMap((name) => ancestors(bareOf(name))))]);
  const among = sql`IN (SELECT value FROM json_each(${all}))`;
  const [bases, held, [owner]] = await database.batch([
    database.select({ name: zones.name }).from(zones).where(sql`${zones.name} ${among} AND owner_id IS NULL`),
    database
      .select({ fqdn: domains.fqdn, ownerId: domains.ownerId })
      .from(domains)
      .where(sql`${domains.fqdn} ${among}`),
    database.select({ role: accounts.role }).from(accounts).where(eq(accounts.id, ownerId)),
  ]);
  const isAdmin = owner?.role === "admin";
  const baseZones = new Set(bases.map(({ name }) => name));
  const holders = new Map(held.map(({ fqdn, ownerId }) => [fqdn, ownerId]));
  const shared = names.filter((name) => ancestors(bareOf(name)).some((ancestor) => baseZones.has(ancestor)));
  for (const name of shared.map(bareOf)) {
    const holder = ancestors(name)
      .map((ancestor) => holders.get(ancestor))
      .find((id) => id !== undefined);
    if (holder === ownerId || (holder === undefined && isAdmin)) continue;
    throw new Problem(
      403,
      holder === undefined
        ? `${name} is not a domain of yours yet. Take it first with POST /api/domains.`
        : `${name} belongs to another account.`,
    );
  }
  if (!isAdmin)
    await requireWildcards(
      database,
      ownerId,
      shared.filter((name) => name.startsWith("*.")),
    );
}

/** A name may have been taken before the one above it: that one's wildcard would stand for both. */
async function requireWildcards(database: Database, ownerId: number, wildcards: string[]): Promise<void> {
  if (wildcards.length === 0) return;
  const suffixes = JSON.stringify(wildcards.map((name) => name.slice(1)));
  const [foreign] = await database.all<{ fqdn: string; suffix: string }>(sql`
    SELECT fqdn, suffixes.value AS suffix FROM domains
    JOIN json_each(${suffixes}) AS suffixes ON substr(fqdn, instr(fqdn, '.')) = suffixes.value
    WHERE owner_id <> ${ownerId} LIMIT 1`);
  if (!foreign) return;
  const { fqdn, suffix } = foreign;
  throw new Problem(403, `*${suffix} would stand for ${fqdn}, which belongs to another account.`);
}

const bareOf = (name: string): string => name.replace(/^\*\./, "");
