/**
 * Challenge hosts: names in our own zone that hold the challenges of a domain elsewhere. Whoever owns the domain makes its
 * _acme-challenge an alias of one, once, and gives no credential of their zone away.
 */
import { and, asc, eq, inArray } from "drizzle-orm";
import { dns01Name } from "../acme/challenges";
import { ancestors } from "../dns/names";
import { NameError, parseIdentifier } from "../pki/identifiers";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { challengeHosts, domains } from "../storage/schema";

export type ChallengeHostRow = typeof challengeHosts.$inferSelect;

const MOST_HOSTS = 1000;
/** Below it stand the challenge hosts, so that no host name of a person's can be one. */
const LABEL = "acme";

export type ChallengeHosts = ReturnType<typeof createChallengeHosts>;

export function createChallengeHosts(ports: { database: Database; builtinZone: string; now: () => number }) {
  const { database, builtinZone, now } = ports;
  const own = (ownerId: number, domain: string) =>
    and(eq(challengeHosts.ownerId, ownerId), eq(challengeHosts.domain, domain));

  async function list(ownerId: number): Promise<ChallengeHostRow[]> {
    return database
      .select()
      .from(challengeHosts)
      .where(eq(challengeHosts.ownerId, ownerId))
      .orderBy(asc(challengeHosts.domain));
  }

  return {
    list,

    /** The challenge host of a domain; asked for again, it is the same one. */
    async handOut(ownerId: number, given: string): Promise<ChallengeHostRow> {
      if (!builtinZone)
        throw new Problem(409, "This certedge serves no zone: the operator has set BUILTIN_ZONE to none.");
      const domain = domainOf(given);
      if ((await list(ownerId)).length >= MOST_HOSTS) {
        throw new Problem(409, `There are ${MOST_HOSTS} challenge hosts already. Delete those that are not needed.`);
      }
      const id = crypto.randomUUID();
      const row = { id, ownerId, domain, name: `${id}.${LABEL}.${builtinZone}`, createdAt: now() };
      await database.insert(challengeHosts).values(row).onConflictDoNothing();
      const [kept] = await database.select().from(challengeHosts).where(own(ownerId, domain));
      if (!kept) throw new Error("the challenge host was not stored");
      return kept;
    },

    async remove(ownerId: number, given: string): Promise<void> {
      const gone = await database
        .delete(challengeHosts)
        .where(own(ownerId, domainOf(given)))
        .returning({ id: challengeHosts.id });
      if (gone.length === 0) throw new Problem(404, `There is no challenge host for ${given}.`);
    },

    /** Throws 403 where a name of our zone, to which somebody's alias led, is not the owner's to write to. */
    async requireOwn(ownerId: number, name: string): Promise<void> {
      const [[host], held] = await database.batch([
        database.select({ ownerId: challengeHosts.ownerId }).from(challengeHosts).where(eq(challengeHosts.name, name)),
        database
          .select({ fqdn: domains.fqdn, ownerId: domains.ownerId })
          .from(domains)
          .where(inArray(domains.fqdn, ancestors(name).slice(0, 20))),
      ]);
      // A name may have been taken before the one above it: the nearest holder's it is.
      const [nearest] = held.sort((a, b) => b.fqdn.length - a.fqdn.length);
      if ((host ?? nearest)?.ownerId === ownerId) return;
      throw new Problem(
        403,
        `The challenge name is an alias of ${name}, which is not yours. Ask for your own with POST /api/dns/challenge-hosts, and let the alias lead there.`,
      );
    },
  };
}

/** The name that has to become an alias of the host. */
export const aliasNameOf = ({ domain }: ChallengeHostRow): string => dns01Name(domain);

function domainOf(given: string): string {
  try {
    const identifier = parseIdentifier(given.replace(/^\*\./, ""));
    if (identifier.type === "dns") return identifier.value;
    throw new NameError(given, "is an address: challenge hosts are for names.");
  } catch (error) {
    if (!(error instanceof NameError)) throw error;
    throw new Problem(422, error.message, { errors: [{ pointer: "/domain", detail: error.message }] });
  }
}
