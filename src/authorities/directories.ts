/** What the directories of CAs say (RFC 8555 §7.1.1): read when an account is made, and every day again, kept with the date. */
import { asc, eq, lte, sql } from "drizzle-orm";
import { readDirectory } from "../acme/directory";
import { isAcmeError } from "../acme/errors";
import type { Directory } from "../acme/schemas";
import type { Database } from "../storage/database";
import { caAccounts, authorityDirectories as table } from "../storage/schema";
import type { DirectoryFacts } from "../storage/tables/authorities";
import type { ReadDirectory } from "./capabilities";
import { USER_AGENT } from "./user-agent";

export interface DirectoryPorts {
  database: Database;
  fetch: typeof fetch;
  now: () => number;
}

export type DirectoryRow = typeof table.$inferSelect;
export type Directories = ReturnType<typeof createDirectories>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Of one tick. */
const AT_ONCE = 5;

/** What a directory says of its authority. */
export function factsOf({ renewalInfo, meta = {} }: Directory): DirectoryFacts {
  const { profiles = {}, externalAccountRequired = false, termsOfService, website, caaIdentities = [] } = meta;
  return {
    profiles,
    renewalInformation: renewalInfo !== undefined,
    externalAccountRequired,
    ...(termsOfService ? { termsOfService } : {}),
    ...(website ? { website } : {}),
    caaIdentities: caaIdentities.map((name) => name.toLowerCase()),
  };
}

/** As capabilitiesOf() takes it; nothing for one that was never read. */
export const readOf = (row: DirectoryRow | undefined): ReadDirectory | undefined =>
  row?.facts && row.fetchedAt !== null ? { facts: row.facts, fetchedAt: row.fetchedAt } : undefined;

export function createDirectories({ database, fetch, now }: DirectoryPorts) {
  /** Neither all at the same minute, nor always at the same hour. */
  const inADay = () => now() + Math.round(DAY * (0.75 + 0.5 * Math.random()));

  /** Keeps what a directory said that was just read. */
  async function note(url: string, directory: Directory): Promise<DirectoryFacts> {
    const facts = factsOf(directory);
    const read = { facts, problem: null, fetchedAt: now(), nextAt: inADay() };
    await database
      .insert(table)
      .values({ url, ...read })
      .onConflictDoUpdate({ target: table.url, set: read });
    return facts;
  }

  /** Keeps why it could not be read; what it said before stays, with its date. */
  async function noteProblem(url: string, problem: string): Promise<void> {
    const failed = { problem, nextAt: now() + HOUR };
    await database
      .insert(table)
      .values({ url, ...failed })
      .onConflictDoUpdate({ target: table.url, set: failed });
  }

  /** Asks the CA, and keeps the answer. Throws AcmeProblem, AcmeUnreachable or AcmeGarbage. */
  async function read(url: string): Promise<DirectoryFacts> {
    try {
      return await note(url, await readDirectory({ directoryUrl: url, fetch, now, userAgent: USER_AGENT }));
    } catch (error) {
      if (isAcmeError(error)) await noteProblem(url, error.message);
      throw error;
    }
  }

  return {
    read,
    note,

    /** What is kept of these directories, by URL, in one query. */
    async of(urls: string[]): Promise<Map<string, DirectoryRow>> {
      const wanted = sql`${table.url} IN (SELECT value FROM json_each(${JSON.stringify([...new Set(urls)])}))`;
      const rows = await database.select().from(table).where(wanted);
      return new Map(rows.map((row) => [row.url, row]));
    },

    /** One tick's share: reads those that are due again, and forgets those that no account is with any more. */
    async sweep(): Promise<void> {
      const due = await database
        .select({ url: table.url, isUsed: sql<number>`EXISTS (SELECT 1 FROM ${caAccounts} WHERE directory_url = url)` })
        .from(table)
        .where(lte(table.nextAt, now()))
        .orderBy(asc(table.nextAt))
        .limit(AT_ONCE);
      await Promise.all(
        due.map(async ({ url, isUsed }) => {
          if (!isUsed) return void (await database.delete(table).where(eq(table.url, url)));
          await read(url).catch((error) => {
            if (!isAcmeError(error)) throw error; // it is kept, and shown with the account
          });
        }),
      );
    },
  };
}
