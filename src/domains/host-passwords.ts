/** Update passwords: 20 letters and digits that are good for updates of one host, and for nothing else. */
import { and, eq, isNull, sql } from "drizzle-orm";
import { keyedHash } from "../accounts/api-key";
import { planInForce } from "../accounts/plans";
import { type UpdateCredentials, userFits } from "../ddns/credentials";
import type { Database } from "../storage/database";
import { accounts, domains } from "../storage/schema";
import { domainsOf, domainsWhere } from "./record-sets";
import { type Asked, neighboursOf, type Refused, type UpdateAccess } from "./update-hosts";

/** Routers have fields of 24 to 32 characters, and mangle all but these. Those that look alike are left out. */
const LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/** By it a password is known for what it is, and is looked for where it can be. */
const PREFIX = "up";
const RANDOM = 18;

const FORM = new RegExp(`^${PREFIX}[${LETTERS}]{${RANDOM}}$`);
const CUT = new RegExp(`^${PREFIX}[${LETTERS}]{8,${RANDOM - 1}}$`);

export const looksLikeHostPassword = (text: string): boolean => FORM.test(text);
export const looksLikeCutHostPassword = (text: string): boolean => CUT.test(text);

/** About 104 random bits: a keyed hash is enough, as for API keys, and nobody guesses one. */
export function newHostPassword(): string {
  let letters = "";
  while (letters.length < RANDOM) {
    for (const byte of crypto.getRandomValues(new Uint8Array(RANDOM))) {
      // Of 256, as many as go evenly into the letters.
      if (byte < 4 * LETTERS.length && letters.length < RANDOM) letters += LETTERS[byte % LETTERS.length];
    }
  }
  return PREFIX + letters;
}

export interface HostPasswordPorts {
  database: Database;
  pepper: string;
  plansOn: boolean;
  now: () => number;
}

const hashOf = (password: string, pepper: string) => keyedHash(`update password ${password}`, pepper);

export type HostPasswords = ReturnType<typeof createHostPasswords>;

export function createHostPasswords({ database, pepper, now }: HostPasswordPorts) {
  const own = (ownerId: number, domainId: string) => and(eq(domains.ownerId, ownerId), eq(domains.id, domainId));
  return {
    /** A new one, which is shown this once; the former one ends. */
    async make(ownerId: number, domainId: string): Promise<{ password: string; at: number }> {
      const password = newHostPassword();
      const updatePasswordHash = await hashOf(password, pepper);
      const at = now();
      await database.update(domains).set({ updatePasswordHash, updatePasswordAt: at }).where(own(ownerId, domainId));
      return { password, at };
    },

    async end(ownerId: number, domainId: string): Promise<void> {
      await database
        .update(domains)
        .set({ updatePasswordHash: null, updatePasswordAt: null })
        .where(own(ownerId, domainId));
    },
  };
}

/** Updates by the password of a host: one round trip to D1. Nothing where no host has it. */
export function createHostAccess({ database, pepper, plansOn }: HostPasswordPorts) {
  return async (
    { user, secret }: UpdateCredentials,
    { hosts, prefix }: Asked,
  ): Promise<UpdateAccess | Refused | undefined> => {
    const hash = await hashOf(secret, pepper);
    const hasIt = sql`${domains.updatePasswordHash} = ${hash}`;
    const owner = sql`(SELECT owner_id FROM domains WHERE update_password_hash = ${hash})`;
    const itself = sql`(SELECT fqdn FROM domains WHERE update_password_hash = ${hash})`;
    const statements = [
      database
        .select({
          id: accounts.id,
          username: accounts.username,
          email: accounts.email,
          plan: accounts.plan,
          suspendedAt: accounts.suspendedAt,
        })
        .from(accounts)
        .where(sql`${accounts.id} = ${owner}`),
      domainsWhere(database, and(hasIt, isNull(domains.removingAt))),
    ] as const;
    const [[account], rows, around] = prefix
      ? await database.batch([...statements, neighboursOf(database, prefix, owner, itself)])
      : [...(await database.batch(statements)), []];
    const found = domainsOf(rows);
    const [host] = found.values();
    if (!account || !host) return undefined;
    if (account.suspendedAt !== null) return { word: "badauth", note: "The account is suspended." };
    const { fqdn } = host.row;
    if (!userFits(user, [account.username, account.email, fqdn, ...hosts])) {
      return { word: "badauth", note: "The password is right, and the user name is that of somebody else." };
    }
    const { id: ownerId, username } = account;
    return {
      ownerId,
      plan: planInForce(account.plan, plansOn),
      actor: { account_id: ownerId, username, via: "update_password", credential_id: host.row.id },
      hosts: found,
      // It is good for one host, and so for what is below its name.
      neighbours: [...domainsOf(around).values()].filter(
        ({ row }) => row.fqdn === fqdn || row.fqdn.endsWith(`.${fqdn}`),
      ),
    };
  };
}
