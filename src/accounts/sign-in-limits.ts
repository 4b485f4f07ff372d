/**
 * Guessing passwords gets slower with every failure, but never so that a stranger locks the owner out: what is counted
 * strictly is an account together with a network, and what is counted for an account alone does not hold for the
 * networks that it was signed in from before. Names that nobody has are counted, and waited for, as all others.
 */
import { and, eq, inArray, lte, sql } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, knownNetworks, signInFailures } from "../storage/schema";
import { keyedHash } from "./api-key";
import type { AccountIdentity, Origin } from "./identity";
import { isNamed } from "./names";
import { networkOf } from "./networks";

interface Rule {
  /** So many failures cost nothing. */
  free: number;
  /** Each one more doubles the wait, from a second to this; milliseconds. */
  longest: number;
}

const rules = {
  /** An account, from one network. */
  pair: { free: 5, longest: 900_000 },
  /** A network, whatever the account: an office is one, too. */
  network: { free: 100, longest: 60_000 },
  /** An account, from all networks that it does not know: guesses that come from everywhere. */
  account: { free: 20, longest: 30_000 },
} satisfies Record<string, Rule>;

type Counted = keyof typeof rules;

/** Failures count for so long after the last of them. */
const REMEMBERED = 3_600_000;

const waitAfter = (failures: number, { free, longest }: Rule): number =>
  failures < free ? 0 : Math.min(longest, 1000 * 2 ** (failures - free));

export interface SignInLimitPorts {
  database: Database;
  pepper: string;
  /** What is guessed at: those who sign in, and routers that have a password, do not slow each other down. */
  door: "sign-in" | "update";
  isOn: boolean;
  now: () => number;
}

type SignedIn = Pick<AccountIdentity, "id" | "username" | "email">;

/** Of a name that nobody has as much is counted: it takes as long. */
type Holder = { id: number } | { nobody: string };

/** What is counted: what was typed, and beside it the account, which has a user name and an address. */
interface Count {
  what: Counted;
  subject: string;
  /** Whether it may be told: that an address is slow for its account's user name would tell whose it is. */
  isTold: boolean;
}

export type SignInLimits = ReturnType<typeof createSignInLimits>;

export function createSignInLimits({ database, pepper, door, isOn, now }: SignInLimitPorts) {
  /** By a keyed hash: who reads the table learns no name, and cannot tell what was typed. */
  const subjectOf = (...parts: (string | Holder)[]) => keyedHash(JSON.stringify(["sign-in", door, ...parts]), pepper);

  /** `who` is a name as it was typed, or whose it is. */
  async function countsOf(who: string | Holder, network: string): Promise<Count[]> {
    const isTold = typeof who === "string";
    const [pair, account] = await Promise.all([subjectOf("pair", who, network), subjectOf("account", who)]);
    return [
      { what: "pair", subject: pair, isTold },
      { what: "account", subject: account, isTold },
    ];
  }

  const networkCount = async (network: string): Promise<Count> => ({
    what: "network",
    subject: await subjectOf("network", network),
    isTold: true,
  });

  async function holderOf(name: string, network: string) {
    const isKnown = sql<number>`EXISTS (SELECT 1 FROM known_networks WHERE owner_id = ${accounts.id}
      AND credential = 'password' AND network = ${network})`;
    const [holder] = await database.select({ id: accounts.id, isKnown }).from(accounts).where(isNamed(name));
    return holder;
  }

  return {
    /**
     * Counts an attempt, before it is looked at: guesses that come at once count one by one. Throws 429 with Retry-After.
     * What it gives is a refusal as well, but must not be told to whoever is not signed in: they hear what a wrong
     * password hears.
     */
    async before(name: string, { address }: Origin): Promise<Problem | undefined> {
      if (!isOn) return undefined;
      const network = networkOf(address);
      const holder = await holderOf(name, network);
      const all = await Promise.all([
        networkCount(network),
        countsOf(name, network),
        countsOf(holder ? { id: holder.id } : { nobody: name }, network),
      ]);
      const counts = all.flat();
      const subjects = counts.map(({ subject }) => subject);
      const rows = await database.select().from(signInFailures).where(inArray(signInFailures.subject, subjects));
      const at = now();
      const seenOf = ({ subject }: Count) => {
        const row = rows.find((row) => row.subject === subject);
        return row && at - row.lastAt < REMEMBERED ? row : { failures: 0, lastAt: at };
      };
      // A network that is slow already is not counted for all others: alone it keeps nobody else away.
      const isSlow = (pair: Count) => pair.what === "pair" && seenOf(pair).failures >= rules.pair.free;
      const isStranger = ({ isTold }: Count) =>
        !holder?.isKnown && !counts.some((count) => count.isTold === isTold && isSlow(count));
      const counting = counts.filter((count) => count.what !== "account" || isStranger(count));
      let untold: Problem | undefined;
      const refuse = ({ isTold }: Count, refusal: Problem | undefined) => {
        if (refusal && isTold) throw refusal;
        untold ??= refusal;
      };
      for (const count of counting) {
        const { failures, lastAt } = seenOf(count);
        refuse(count, refusalUntil(lastAt + waitAfter(failures, rules[count.what]), at));
      }
      const values = counting.map(({ subject }) => ({ subject, failures: 1, lastAt: at }));
      const counted = await database
        .insert(signInFailures)
        .values(values)
        .onConflictDoUpdate({
          target: signInFailures.subject,
          set: { failures: sql`iif(last_at > ${at - REMEMBERED}, failures + 1, 1)`, lastAt: at },
        })
        .returning({ subject: signInFailures.subject, failures: signInFailures.failures });
      for (const count of counting) {
        const failures = counted.find(({ subject }) => subject === count.subject)?.failures ?? 0;
        // Others came in between, and took the attempt that was free.
        const isFree = failures <= Math.max(rules[count.what].free, seenOf(count).failures + 1);
        refuse(count, isFree ? undefined : refusalUntil(at + 1000, at));
      }
      return untold;
    },

    /**
     * It was no guess, and all was shown that the account asks for: it does not count, and the account knows the network
     * from now on. Whoever has the password alone gets none of that.
     */
    async succeeded({ id, username, email }: SignedIn, { address }: Origin): Promise<void> {
      if (!isOn) return;
      const network = networkOf(address);
      const counts = (await Promise.all([username, email, { id }].map((who) => countsOf(who, network)))).flat();
      const among = (what: Counted) =>
        inArray(
          signInFailures.subject,
          counts.filter((count) => count.what === what).map(({ subject }) => subject),
        );
      const isKnown = sql`EXISTS (SELECT 1 FROM known_networks WHERE credential = 'password' AND network = ${network}
        AND owner_id = ${id})`;
      const oneLess = { failures: sql`max(failures - 1, 0)` };
      const { subject } = await networkCount(network);
      await database.batch([
        database.delete(signInFailures).where(among("pair")),
        database.update(signInFailures).set(oneLess).where(eq(signInFailures.subject, subject)),
        database
          .update(signInFailures)
          .set(oneLess)
          .where(and(among("account"), sql`NOT ${isKnown}`)),
        database
          .insert(knownNetworks)
          .values({ ownerId: id, credential: "password", network, firstAt: now(), lastAt: now() })
          .onConflictDoUpdate({
            target: [knownNetworks.ownerId, knownNetworks.credential, knownNetworks.network],
            set: { lastAt: now() },
          }),
      ]);
    },

    async forgetExpired(): Promise<void> {
      await database.delete(signInFailures).where(lte(signInFailures.lastAt, now() - REMEMBERED));
    },
  };
}

function refusalUntil(instant: number, now: number): Problem | undefined {
  if (instant <= now) return undefined;
  const seconds = Math.ceil((instant - now) / 1000);
  return new Problem(429, `Too many attempts to sign in have failed. Try again in ${seconds} s.`, {
    headers: { "retry-after": String(seconds) },
  });
}
