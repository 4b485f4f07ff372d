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
import type { Origin } from "./identity";
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

export type SignInLimits = ReturnType<typeof createSignInLimits>;

export function createSignInLimits({ database, pepper, door, isOn, now }: SignInLimitPorts) {
  /** By a keyed hash: who reads the table learns no name, and cannot tell what was typed. */
  async function subjectsOf(name: string, network: string): Promise<Record<Counted, string>> {
    const hash = (...parts: string[]) => keyedHash(JSON.stringify(["sign-in", door, ...parts]), pepper);
    const [pair, everywhere, account] = await Promise.all([
      hash("pair", name, network),
      hash("network", network),
      hash("account", name),
    ]);
    return { pair, network: everywhere, account };
  }

  const known = (name: string, network: string) =>
    database
      .select({ ownerId: knownNetworks.ownerId })
      .from(accounts)
      .innerJoin(knownNetworks, eq(knownNetworks.ownerId, accounts.id))
      .where(and(isNamed(name), eq(knownNetworks.credential, "password"), eq(knownNetworks.network, network)));

  return {
    /** Counts an attempt, before it is looked at: guesses that come at once count one by one. Throws 429 with Retry-After. */
    async before(name: string, { address }: Origin): Promise<void> {
      if (!isOn) return;
      const network = networkOf(address);
      const subjects = await subjectsOf(name, network);
      const [rows, ofOwner] = await database.batch([
        database
          .select()
          .from(signInFailures)
          .where(inArray(signInFailures.subject, Object.values(subjects))),
        known(name, network),
      ]);
      const at = now();
      const seenOf = (what: Counted) => {
        const row = rows.find(({ subject }) => subject === subjects[what]);
        return row && at - row.lastAt < REMEMBERED ? row : { failures: 0, lastAt: at };
      };
      // A network that is slow already is not counted for all others: alone it keeps nobody else away.
      const isStranger = ofOwner.length === 0 && seenOf("pair").failures < rules.pair.free;
      const counting = (Object.keys(rules) as Counted[]).filter((what) => what !== "account" || isStranger);
      for (const what of counting) {
        const { failures, lastAt } = seenOf(what);
        refuseUntil(lastAt + waitAfter(failures, rules[what]), at);
      }
      const values = counting.map((what) => ({ subject: subjects[what], failures: 1, lastAt: at }));
      const counted = await database
        .insert(signInFailures)
        .values(values)
        .onConflictDoUpdate({
          target: signInFailures.subject,
          set: { failures: sql`iif(last_at > ${at - REMEMBERED}, failures + 1, 1)`, lastAt: at },
        })
        .returning({ subject: signInFailures.subject, failures: signInFailures.failures });
      for (const what of counting) {
        const failures = counted.find(({ subject }) => subject === subjects[what])?.failures ?? 0;
        // Others came in between, and took the attempt that was free.
        if (failures > Math.max(rules[what].free, seenOf(what).failures + 1)) refuseUntil(at + 1000, at);
      }
    },

    /** The attempt was counted before. */
    async failed(_name: string, _origin: Origin): Promise<void> {},

    /** It was no guess: it does not count, and the account knows the network from now on. */
    async succeeded(name: string, { address }: Origin): Promise<void> {
      if (!isOn) return;
      const network = networkOf(address);
      const subjects = await subjectsOf(name, network);
      const isKnown = sql`EXISTS (SELECT 1 FROM known_networks WHERE credential = 'password' AND network = ${network}
        AND owner_id = (SELECT ${accounts.id} FROM ${accounts} WHERE ${isNamed(name)}))`;
      const oneLess = { failures: sql`max(failures - 1, 0)` };
      const isCounted = (what: Counted) => eq(signInFailures.subject, subjects[what]);
      await database.batch([
        database.delete(signInFailures).where(isCounted("pair")),
        database.update(signInFailures).set(oneLess).where(isCounted("network")),
        database
          .update(signInFailures)
          .set(oneLess)
          .where(and(isCounted("account"), sql`NOT ${isKnown}`)),
      ]);
      await database.run(sql`
        INSERT INTO known_networks (owner_id, credential, network, first_at, last_at)
        SELECT ${accounts.id}, 'password', ${network}, ${now()}, ${now()} FROM ${accounts} WHERE ${isNamed(name)}
        ON CONFLICT DO UPDATE SET last_at = excluded.last_at`);
    },

    async forgetExpired(): Promise<void> {
      await database.delete(signInFailures).where(lte(signInFailures.lastAt, now() - REMEMBERED));
    },
  };
}

function refuseUntil(instant: number, now: number): void {
  if (instant <= now) return;
  const seconds = Math.ceil((instant - now) / 1000);
  throw new Problem(429, `Too many attempts to sign in have failed. Try again in ${seconds} s.`, {
    headers: { "retry-after": String(seconds) },
  });
}
