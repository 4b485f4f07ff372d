/**
 * Challenge records that ACME clients elsewhere ask for: placed through the account's DNS accounts, so that those clients
 * need no DNS credential, and taken away by themselves after a while.
 */
import { and, asc, desc, eq, lt, lte, type SQL, sql } from "drizzle-orm";
import type { Access } from "../accounts/identity";
import { requireAny } from "../accounts/plans";
import { requireDomains } from "../accounts/scopes";
import { requireHeld } from "../certificates/shared-names";
import { DnsProviderError } from "../dns/errors";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { managedChallenges } from "../storage/schema";
import type { ChallengePlace, ChallengeZones, VisibilityLook } from "../zones/challenges";
import type { ZoneLocation } from "../zones/location";
import type { Zones } from "../zones/service";
import type { ChallengeTarget } from "./record-name";

export type ManagedChallengeRow = typeof managedChallenges.$inferSelect;

export interface ManagedChallengePorts {
  database: Database;
  zones: Zones;
  challengeZones: ChallengeZones;
  now: () => number;
}

/** Who asks: the account, the credential, and the names that it may be used for. */
export type Asker = Pick<Access, "account" | "allowedDomains" | "credentialId">;

/** A client that never comes back leaves its record for an hour. */
export const DEFAULT_LIFETIME = 3_600_000;
const TTL = 60;
/** Open challenges of one account. */
const MOST_OPEN = 1000;
const AT_ONCE = 50;
const LONGEST_LIST = 200;
/** What is still not written after this was cut off by a crash. */
const CUT_OFF = 60_000;

export type ManagedChallenges = ReturnType<typeof createManagedChallenges>;

export function createManagedChallenges({ database, zones, challengeZones, now }: ManagedChallengePorts) {
  const table = managedChallenges;
  const rowsOf = (where: SQL | undefined, limit = LONGEST_LIST): Promise<ManagedChallengeRow[]> =>
    database.select().from(table).where(where).orderBy(desc(table.createdAt)).limit(limit);
  const ofCredential = (ownerId: number, credentialId: string) =>
    and(eq(table.ownerId, ownerId), eq(table.credentialId, credentialId));

  /** Noted before anything is written, so that a crash leaves no record that nobody takes away. Throws Problem 429. */
  async function note(
    { account, credentialId }: Asker,
    { domain, recordName, location }: ChallengePlace & { domain: string },
    value: string,
    lifetime: number,
  ): Promise<ManagedChallengeRow> {
    const expiresAt = now() + lifetime;
    const { dnsAccountId, provider, zone } = location;
    const [row] = await database
      .insert(table)
      .select(
        sql`SELECT ${crypto.randomUUID()}, ${account.id}, ${credentialId}, ${domain}, ${recordName}, ${value},
              ${dnsAccountId}, ${provider}, ${zone}, 'pending', NULL, ${expiresAt}, ${now()}
            WHERE (SELECT count(*) FROM managed_challenges WHERE owner_id = ${account.id}) < ${MOST_OPEN}`,
      )
      .onConflictDoUpdate({
        target: [table.ownerId, table.credentialId, table.recordName, table.value],
        set: { expiresAt, state: "pending", problem: null },
      })
      .returning();
    if (row) return row;
    const detail = `There are ${MOST_OPEN} challenge records already. They go when they are cleaned up, or run out.`;
    throw new Problem(429, detail, { headers: { "retry-after": "60" } });
  }

  async function write(row: ManagedChallengeRow): Promise<ManagedChallengeRow> {
    const { recordName: name, value } = row;
    const ended = await zones.place(locationOf(row), ownerOf(row), [{ name, type: "TXT", value, ttl: TTL }]).then(
      () => ({ state: "placed" as const, problem: null }),
      (error) => {
        if (error instanceof DnsProviderError) return { state: "failed" as const, problem: error.detail };
        throw error;
      },
    );
    await database.update(table).set(ended).where(eq(table.id, row.id));
    return { ...row, ...ended };
  }

  async function takeAway(row: ManagedChallengeRow): Promise<void> {
    await zones.release(locationOf(row), ownerOf(row));
    await database.delete(table).where(eq(table.id, row.id));
  }

  async function find(asker: Asker, id: string): Promise<ManagedChallengeRow> {
    const [row] = await rowsOf(and(eq(table.id, id), eq(table.ownerId, asker.account.id)));
    if (!row) throw new Problem(404, `There is no challenge record ${id}. It may have run out.`);
    requireDomains(asker, [row.domain]);
    return row;
  }

  return {
    find,
    note,
    write,

    /** Checks what is asked for and notes it; nothing is written yet. Throws Problem 403, 422, 429. */
    async begin(
      asker: Asker,
      { domain, nameOf }: ChallengeTarget,
      value: string,
      lifetime: number = DEFAULT_LIFETIME,
    ): Promise<ManagedChallengeRow> {
      requireAny(asker.account, "certificates");
      requireDomains(asker, [domain]);
      const [place] = await challengeZones.locate(asker.account.id, [domain], { instanceId: null }, undefined, nameOf);
      // In a zone that all share, names are other people's; and the record proves the wildcard, too.
      await requireHeld(database, asker.account.id, [domain, `*.${domain}`]);
      if (!place) throw new Error("one name has one place");
      return note(asker, { domain, ...place }, value, lifetime);
    },

    /** Whether the servers of the zone show the value. */
    look: (row: ManagedChallengeRow): Promise<VisibilityLook> =>
      challengeZones.look(locationOf(row), row.recordName, row.value),

    /** Those that are there now, the newest first. */
    list: ({ account }: Pick<Asker, "account">): Promise<ManagedChallengeRow[]> =>
      rowsOf(eq(table.ownerId, account.id)),

    async remove(asker: Asker, id: string): Promise<ManagedChallengeRow> {
      const row = await find(asker, id);
      await takeAway(row);
      return row;
    },

    /** Takes away what this credential placed for a name: one value, or all. Gives how many there were. */
    async cleanUp(asker: Asker, { domain }: ChallengeTarget, value: string | undefined): Promise<number> {
      requireDomains(asker, [domain]);
      const same = value === undefined ? undefined : eq(table.value, value);
      const mine = ofCredential(asker.account.id, asker.credentialId);
      const rows = await rowsOf(and(mine, eq(table.domain, domain), same));
      await Promise.all(rows.map(takeAway));
      return rows.length;
    },

    /** Of what a credential has placed, all but the newest ones go. */
    async keepNewest(ownerId: number, credentialId: string, count: number): Promise<void> {
      const rows = await rowsOf(ofCredential(ownerId, credentialId));
      await Promise.all(rows.slice(count).map(takeAway));
    },

    /** For the cron: what has run out goes, and what a crash cut off is written after all. */
    async sweep(): Promise<void> {
      const [expired, cutOff] = await database.batch([
        database.select().from(table).where(lte(table.expiresAt, now())).orderBy(asc(table.expiresAt)).limit(AT_ONCE),
        database
          .select()
          .from(table)
          .where(and(eq(table.state, "pending"), lt(table.createdAt, now() - CUT_OFF)))
          .limit(AT_ONCE),
      ]);
      const work = [...expired.map(takeAway), ...cutOff.filter(({ expiresAt }) => expiresAt > now()).map(write)];
      await Promise.allSettled(work); // what fails is tried again by the next tick
    },
  };
}

const locationOf = ({ dnsAccountId, provider, zone }: ManagedChallengeRow): ZoneLocation => ({
  dnsAccountId,
  provider,
  zone,
});

/** As which the zone's object knows it. */
const ownerOf = ({ id }: ManagedChallengeRow) => `managed:${id}`;
