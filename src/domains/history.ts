/** The history of a domain: every change of its records, and what became of it. */
import { and, desc, eq, lt } from "drizzle-orm";
import type { Database } from "../storage/database";
import { domainChanges } from "../storage/schema";

export type StoredChange = typeof domainChanges.$inferSelect;

/** The newest first; `before` is the number of a change that is older than all that were seen. */
export const changesOf = (
  database: Database,
  domainId: string,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<StoredChange[]> =>
  database
    .select()
    .from(domainChanges)
    .where(and(eq(domainChanges.domainId, domainId), before === undefined ? undefined : lt(domainChanges.id, before)))
    .orderBy(desc(domainChanges.id))
    .limit(limit);
