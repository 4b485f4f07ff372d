/** The name of a new domain: a host's, and free. */
import { and, inArray, isNull, ne, sql } from "drizzle-orm";
import type { AccountIdentity } from "../accounts/identity";
import { ancestors } from "../dns/names";
import { NameError, parseIdentifier } from "../pki/identifiers";
import { type FieldProblem, Problem } from "../problems";
import type { Database } from "../storage/database";
import { domains, zones } from "../storage/schema";
import type { ZoneLocation } from "../zones/location";
import type { NameRefusal, ReservedNames } from "./reserved-names";

export const invalid = (error: FieldProblem) => new Problem(422, error.detail, { errors: [error] });

/** In canonical form. Throws Problem 422. */
export function hostNameOf(given: string): string {
  try {
    const { type, value } = parseIdentifier(given);
    if (type === "dns" && !value.startsWith("*.")) return value;
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw invalid({ pointer: "/fqdn", detail: error.message });
  }
  throw invalid({ pointer: "/fqdn", detail: `${given} is not the name of a host.` });
}

interface NamingPorts {
  database: Database;
  reservedNames: ReservedNames;
}

/** In one's own zone every name may be taken. In a base zone, none that is the operator's. Throws 409, 422. */
export async function requireFree(
  { database, reservedNames }: NamingPorts,
  owner: AccountIdentity,
  fqdn: string,
  { zone, dnsAccountId }: ZoneLocation,
): Promise<void> {
  const above = ancestors(fqdn)
    .slice(1)
    .filter((ancestor) => ancestor.length >= zone.length);
  const [holders, base] = await database.batch([
    database
      .select({ fqdn: domains.fqdn })
      .from(domains)
      .where(
        and(
          sql`${domains.fqdn} IN (SELECT value FROM json_each(${JSON.stringify(above)}))`,
          ne(domains.ownerId, owner.id),
        ),
      )
      .limit(1),
    database
      .select({ name: zones.name })
      .from(zones)
      .where(and(inArray(zones.name, dnsAccountId === null ? [zone] : []), isNull(zones.ownerId))),
  ]);
  const [holder] = holders;
  if (base.length > 0) {
    if (fqdn === zone) throw invalid({ pointer: "/fqdn", detail: `${fqdn} is the zone itself; choose a name in it.` });
    const refusal = owner.role === "admin" ? undefined : reservedNames(fqdn.slice(0, -zone.length - 1));
    if (refusal) throw invalid({ pointer: "/fqdn", detail: wordsOf(refusal, fqdn) });
  }
  if (holder) throw new Problem(409, `${fqdn} is below ${holder.fqdn}, which is taken.`);
}

function wordsOf(refusal: NameRefusal, fqdn: string): string {
  switch (refusal.kind) {
    case "reserved":
      return `${fqdn} is reserved. Choose another name.`;
    case "alike":
      return `${fqdn} looks like ${refusal.to}, which is reserved. Choose another name.`;
    case "scripts":
      return `The label ${refusal.label} mixes letters of several scripts. Choose a name of one.`;
  }
}
