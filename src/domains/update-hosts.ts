/** The hosts that an update names, and those that move with them, as far as they are its sender's. */
import { isNull, type SQL, sql } from "drizzle-orm";
import type { Plan } from "../accounts/identity";
import type { Ipv6Prefix } from "../ddns/prefixes";
import type { UpdateRequest } from "../ddns/update-request";
import type { Database } from "../storage/database";
import { type AuditActor, domains } from "../storage/schema";
import { type Domain, domainsWhere } from "./record-sets";

export type WaitUntil = (promise: Promise<unknown>) => void;

/** What an update asks to see: the hosts that it names, and the network that they are in now. */
export type Asked = Pick<UpdateRequest, "hosts" | "prefix">;

/** What the credential of an update opens. */
export interface UpdateAccess {
  ownerId: number;
  plan: Plan;
  /** Whose credential it is, for the log. */
  actor: AuditActor;
  /** Those of the named hosts that may be updated. */
  hosts: Map<string, Domain>;
  /** All hosts with an address of IPv6 that may be, where one of the named ones is told another network than it had. */
  neighbours: Domain[];
  /** Notes the credential's use, where something is to be noted. */
  noteUse?: (changed: boolean) => void;
}

/** Who is not let in hears the word, and the person who owns the host reads the note. */
export interface Refused {
  word: "badauth" | "!donator";
  note: string;
}

const isKept = isNull(domains.removingAt);

/**
 * One row for each record set of the hosts that belong to the account that `owner` finds. They are looked for by their
 * names: the plus keeps the index of owners out of it, who may have ten thousand.
 */
export const hostsNamed = (database: Database, hosts: string[], owner: SQL) =>
  domainsWhere(database, sql`${domains.fqdn} IN ${among(hosts)} AND +${domains.ownerId} = ${owner} AND ${isKept}`);

/** The names of a list, as a subquery. */
export const among = (names: string[]): SQL => sql`(SELECT value FROM json_each(${JSON.stringify(names)}))`;

/**
 * The account's hosts with an address of IPv6. They are looked for only where a network is told that is news for one of
 * the asked hosts: a router that tells the same one again and again costs no more rows than another.
 */
export const neighboursOf = (database: Database, { network }: Ipv6Prefix, owner: SQL, asked: SQL) =>
  domainsWhere(
    database,
    sql`${domains.ownerId} = (SELECT asked.owner_id FROM domains AS asked WHERE asked.fqdn IN ${asked}
        AND +asked.owner_id = ${owner} AND asked.ipv6_prefix IS NOT ${network} LIMIT 1)
      AND ${isKept}
      AND EXISTS (SELECT 1 FROM domain_record_sets AS had WHERE had.domain_id = ${domains.id} AND had.type = 'AAAA')`,
  );
