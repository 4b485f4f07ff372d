/**
 * Registrations of clients that speak acme-dns (https://github.com/joohoi/acme-dns): each has a name in our own zone, which
 * a person lets their _acme-challenge be an alias of, and a password that is good for that name alone.
 */
import { and, desc, eq, sql } from "drizzle-orm";
import { keyedHash } from "../accounts/api-key";
import { type AccountIdentity, identityOf } from "../accounts/identity";
import { isWithin, parseNetwork } from "../accounts/networks";
import { requireAny } from "../accounts/plans";
import { newToken } from "../accounts/token";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, acmeDnsRegistrations } from "../storage/schema";
import type { ManagedChallengeRow, ManagedChallenges } from "./service";

export type RegistrationRow = typeof acmeDnsRegistrations.$inferSelect;

export interface AcmeDnsPorts {
  database: Database;
  managedChallenges: ManagedChallenges;
  builtinZone: string;
  pepper: string;
  now: () => number;
}

/** Two: one for a name, one for its wildcard, as acme-dns has it. */
const VALUES = 2;
const MOST_REGISTRATIONS = 1000;
const LIFETIME = 24 * 3_600_000;
/** Below it stand the challenge hosts, so that no host name of a person's can be one. */
const LABEL = "acme";
const PASSWORD = /^[A-Za-z0-9_-]{43}$/;

export const nameOf = ({ subdomain, zone }: RegistrationRow): string => `${subdomain}.${LABEL}.${zone}`;

export type AcmeDns = ReturnType<typeof createAcmeDns>;

export function createAcmeDns({ database, managedChallenges, builtinZone, pepper, now }: AcmeDnsPorts) {
  const table = acmeDnsRegistrations;

  return {
    /** The password is shown once. Throws Problem 403, 409, 422. */
    async register(owner: AccountIdentity, allowFrom: string[]): Promise<{ row: RegistrationRow; password: string }> {
      requireAny(owner, "certificates");
      if (!builtinZone) {
        throw new Problem(409, "This certedge serves no zone: the operator has set BUILTIN_ZONE to none.");
      }
      const password = newToken();
      const row: RegistrationRow = {
        id: crypto.randomUUID(),
        ownerId: owner.id,
        passwordHash: await keyedHash(password, pepper),
        subdomain: crypto.randomUUID(),
        zone: builtinZone,
        allowedNetworks: readNetworks(allowFrom),
        updates: 0,
        lastUsedAt: null,
        createdAt: now(),
      };
      const count = await database.$count(table, eq(table.ownerId, owner.id));
      if (count >= MOST_REGISTRATIONS) {
        throw new Problem(409, `There are ${count} registrations already. Delete those that are not needed.`);
      }
      await database.insert(table).values(row);
      return { row, password };
    },

    /** Whose user name and password these are. They are compared as keyed hashes of random texts, by an index. */
    async authenticate(
      id: string,
      password: string,
      address: string | null,
    ): Promise<{ row: RegistrationRow; account: AccountIdentity } | undefined> {
      if (!PASSWORD.test(password)) return undefined;
      const passwordHash = await keyedHash(password, pepper);
      const [found] = await database
        .select({ row: table, account: accounts })
        .from(table)
        .innerJoin(accounts, eq(accounts.id, table.ownerId))
        .where(and(eq(table.id, id), eq(table.passwordHash, passwordHash)));
      if (!found || found.account.suspendedAt !== null || found.account.closingAt !== null) return undefined;
      const { allowedNetworks } = found.row;
      const isAllowed =
        allowedNetworks.length === 0 || allowedNetworks.some((network) => isWithin(address ?? "", network));
      return isAllowed ? { row: found.row, account: identityOf(found.account) } : undefined;
    },

    /** Places a value at the registration's name, beside the one before it. */
    async update(row: RegistrationRow, account: AccountIdentity, value: string): Promise<ManagedChallengeRow> {
      const asker = { account, credentialId: credentialOf(row), allowedDomains: null };
      const location = { dnsAccountId: null, provider: "builtin", zone: row.zone };
      const place = { domain: nameOf(row), recordName: nameOf(row), location };
      const written = await managedChallenges.write(await managedChallenges.note(asker, place, value, LIFETIME));
      await managedChallenges.keepNewest(row.ownerId, asker.credentialId, VALUES);
      const used = { updates: sql`updates + 1`, lastUsedAt: now() };
      await database.update(table).set(used).where(eq(table.id, row.id));
      return written;
    },

    list: (ownerId: number): Promise<RegistrationRow[]> =>
      database.select().from(table).where(eq(table.ownerId, ownerId)).orderBy(desc(table.createdAt)),

    /** Its values go with it. Throws Problem 404. */
    async remove(ownerId: number, id: string): Promise<RegistrationRow> {
      const [row] = await database
        .delete(table)
        .where(and(eq(table.ownerId, ownerId), eq(table.id, id)))
        .returning();
      if (!row) throw new Problem(404, `There is no registration ${id}.`);
      await managedChallenges.keepNewest(ownerId, credentialOf(row), 0);
      return row;
    },
  };
}

const credentialOf = ({ id }: RegistrationRow) => `acme-dns:${id}`;

/** Throws Problem 422. */
function readNetworks(given: string[]): string[] {
  return given.map((text, index) => {
    const network = parseNetwork(text);
    if (network) return network;
    const detail = `${text} is not a network, such as 192.0.2.0/24.`;
    throw new Problem(422, detail, { errors: [{ pointer: `/allowfrom/${index}`, detail }] });
  });
}
