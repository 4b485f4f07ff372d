/** The audit log: who did what, from where, on what. It is only ever added to. */
import { and, asc, desc, eq, gt, gte, lt, lte, sql } from "drizzle-orm";
import type { Database } from "../storage/database";
import { type AuditActor, auditEntries } from "../storage/schema";
import type { AuditAction } from "./actions";
import { type AuditRow, type BrokenLink, CHAIN_START, findBrokenLink, hashOf } from "./chain";

/** The log of what belongs to no account, such as sign-ins under names that nobody has. */
export const INSTALLATION = 0;

export interface AuditEntry {
  /** Whose log it goes to. */
  ownerId: number;
  actor: AuditActor;
  address: string | null;
  client: string | null;
  action: AuditAction;
  subject?: string;
  /** Never a secret. */
  before?: unknown;
  after?: unknown;
}

export interface AuditFilter {
  action?: string | undefined;
  subject?: string | undefined;
  /** Instants, both inclusive. */
  since?: number | undefined;
  until?: number | undefined;
  /** Entries older than this sequence number: the next page. */
  before?: number | undefined;
}

export interface Verification {
  entries: number;
  /** The hash of the newest entry: who keeps it can tell later whether entries were cut off. */
  head: string;
  broken: BrokenLink | null;
}

/** Of so many writers at once, each has its turn: every try adds an entry, one's own or another's. */
const MOST_TRIES = 100;

export type Audit = ReturnType<typeof createAudit>;

export interface AuditPorts {
  database: Database;
  now: () => number;
  /** How many entries are held in memory at once while a log is gone through. */
  pageSize?: number;
}

export function createAudit({ database, now, pageSize = 500 }: AuditPorts) {
  const last = (ownerId: number) =>
    database
      .select({ sequence: auditEntries.sequence, hash: auditEntries.hash })
      .from(auditEntries)
      .where(eq(auditEntries.ownerId, ownerId))
      .orderBy(desc(auditEntries.sequence))
      .limit(1);

  async function pageAfter(ownerId: number, sequence: number): Promise<AuditRow[]> {
    return database
      .select()
      .from(auditEntries)
      .where(and(eq(auditEntries.ownerId, ownerId), gt(auditEntries.sequence, sequence)))
      .orderBy(asc(auditEntries.sequence))
      .limit(pageSize);
  }

  return {
    /** Adds an entry. Of two writers at once one takes the next number, the other the one after it. */
    async record(entry: AuditEntry): Promise<void> {
      const given = { subject: null, before: null, after: null, ...entry, at: now() };
      let [newest] = await last(entry.ownerId);
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const row = { ...given, sequence: (newest?.sequence ?? 0) + 1, previousHash: newest?.hash ?? CHAIN_START };
        const added = database
          .insert(auditEntries)
          .values({ ...row, hash: await hashOf(row) })
          .onConflictDoNothing()
          .returning({ sequence: auditEntries.sequence });
        const [taken, after] = await database.batch([added, last(entry.ownerId)]);
        if (taken.length > 0) return;
        [newest] = after;
      }
      throw new Error("the audit log could not be written");
    },

    /** Newest first. */
    async list(ownerId: number, filter: AuditFilter, limit: number): Promise<AuditRow[]> {
      const { action, subject, since, until, before } = filter;
      return database
        .select()
        .from(auditEntries)
        .where(
          and(
            eq(auditEntries.ownerId, ownerId),
            action === undefined ? undefined : eq(auditEntries.action, action),
            subject === undefined ? undefined : eq(auditEntries.subject, subject),
            since === undefined ? undefined : gte(auditEntries.at, since),
            until === undefined ? undefined : lte(auditEntries.at, until),
            before === undefined ? undefined : lt(auditEntries.sequence, before),
          ),
        )
        .orderBy(desc(auditEntries.sequence))
        .limit(limit);
    },

    /** Every entry, oldest first. */
    async *all(ownerId: number): AsyncGenerator<AuditRow> {
      for (let last = 0; ; ) {
        const page = await pageAfter(ownerId, last);
        yield* page;
        if (page.length < pageSize) return;
        last = page.at(-1)?.sequence ?? last;
      }
    },

    /** Goes through the whole log and finds the first broken link. */
    async verify(ownerId: number): Promise<Verification> {
      let last = { sequence: 0, hash: CHAIN_START };
      for (;;) {
        const page = await pageAfter(ownerId, last.sequence);
        const broken = await findBrokenLink(page, last);
        if (broken) return { entries: await countOf(ownerId), head: last.hash, broken };
        last = page.at(-1) ?? last;
        if (page.length < pageSize) return { entries: last.sequence, head: last.hash, broken: null };
      }
    },
  };

  async function countOf(ownerId: number): Promise<number> {
    const [row] = await database
      .select({ count: sql<number>`count(*)` })
      .from(auditEntries)
      .where(eq(auditEntries.ownerId, ownerId));
    return row?.count ?? 0;
  }
}
