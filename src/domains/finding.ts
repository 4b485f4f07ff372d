/** Domains found by name, by id, or page by page. */
import { and, asc, eq, gt, type SQL, sql } from "drizzle-orm";
import { NameError, parseIdentifier } from "../pki/identifiers";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { domains } from "../storage/schema";
import { type Domain, domainsOf, domainsWhere } from "./record-sets";

/** How a request names a domain. */
export type DomainReference = { fqdn: string } | { id: string };

export interface DomainFilter {
  zone?: string | undefined;
  /** A part of the name. */
  search?: string | undefined;
  /** Those whose names come after it. */
  after?: string | undefined;
  /** The names and "*." patterns that a key is for; null is all. */
  allowedDomains: string[] | null;
}

/** The form that names are stored in; what is no name stays as it is, and is found nowhere. */
export const canonical = (given: string): string => {
  try {
    return parseIdentifier(given).value;
  } catch (error) {
    if (error instanceof NameError) return given.toLowerCase();
    throw error;
  }
};

export async function readDomains(database: Database, where: SQL | undefined): Promise<Domain[]> {
  return [...domainsOf(await domainsWhere(database, where).orderBy(asc(domains.fqdn))).values()];
}

/** Throws 404, for another account's too. */
export async function findDomain(database: Database, ownerId: number, given: DomainReference): Promise<Domain> {
  const named = "id" in given ? eq(domains.id, given.id) : eq(domains.fqdn, canonical(given.fqdn));
  const [domain] = await readDomains(database, and(eq(domains.ownerId, ownerId), named));
  if (!domain) throw new Problem(404, `There is no domain ${"id" in given ? given.id : given.fqdn}.`);
  return domain;
}

/** All of an account's. */
export async function domainNames(database: Database, ownerId: number): Promise<string[]> {
  const rows = await database.select({ fqdn: domains.fqdn }).from(domains).where(eq(domains.ownerId, ownerId));
  return rows.map(({ fqdn }) => fqdn);
}

/** By name; one query for a page, however many domains there are. */
export function listDomains(
  database: Database,
  ownerId: number,
  { zone, search, after, allowedDomains }: DomainFilter,
  limit: number,
): Promise<Domain[]> {
  const page = database
    .select({ id: domains.id })
    .from(domains)
    .where(
      and(
        eq(domains.ownerId, ownerId),
        after === undefined ? undefined : gt(domains.fqdn, after),
        zone === undefined ? undefined : eq(domains.zone, zone.toLowerCase()),
        search === undefined ? undefined : sql`instr(${domains.fqdn}, ${search.toLowerCase()}) > 0`,
        allowedDomains === null ? undefined : isAmong(allowedDomains),
      ),
    )
    .orderBy(asc(domains.fqdn))
    .limit(limit);
  return readDomains(database, sql`${domains.id} IN ${page}`);
}

/** As `isAllowed` of the scopes has it. */
const isAmong = (patterns: string[]): SQL =>
  sql`EXISTS (SELECT 1 FROM json_each(${JSON.stringify(patterns)}) AS pattern WHERE ${domains.fqdn} = pattern.value
    OR (substr(pattern.value, 1, 2) = '*.' AND length(${domains.fqdn}) >= length(pattern.value)
      AND substr(${domains.fqdn}, 1 - length(pattern.value)) = substr(pattern.value, 2)))`;
