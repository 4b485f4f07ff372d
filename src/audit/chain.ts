/** The hash chain: each entry's hash covers the entry and the hash before it, so that a change breaks all that follows. */
import type { auditEntries } from "../storage/schema";

export type AuditRow = typeof auditEntries.$inferSelect;

/** What the first entry of a log follows. */
export const CHAIN_START = "0".repeat(64);

/** SHA-256, hex, over the members in this order as one JSON array. */
export async function hashOf(entry: Omit<AuditRow, "hash">): Promise<string> {
  const { ownerId, sequence, at, actor, address, client, action, subject, before, after, previousHash } = entry;
  const members = [ownerId, sequence, at, actor, address, client, action, subject, before, after, previousHash];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(members)));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export interface BrokenLink {
  sequence: number;
  reason: string;
}

/** Checks rows that follow `previous` in their order; gives the first that is not what was written. */
export async function findBrokenLink(
  rows: AuditRow[],
  previous: { sequence: number; hash: string },
): Promise<BrokenLink | undefined> {
  let { sequence, hash } = previous;
  for (const row of rows) {
    if (row.sequence !== sequence + 1) {
      return { sequence: sequence + 1, reason: `Entry ${sequence + 1} is missing: ${row.sequence} comes next.` };
    }
    if (row.previousHash !== hash) {
      return { sequence: row.sequence, reason: "It does not follow the entry before it: one of the two was changed." };
    }
    if ((await hashOf(row)) !== row.hash) {
      return { sequence: row.sequence, reason: "It is not what was written: its hash is another one." };
    }
    sequence = row.sequence;
    hash = row.hash;
  }
  return undefined;
}
