/** What nobody asks for again: changes whose Worker ended before the zone was told, and zones that take too long. */
import { and, eq, isNotNull, isNull, lte, sql } from "drizzle-orm";
import type { Notification, Tell } from "../notifications/events";
import type { Database } from "../storage/database";
import { domainRecordSets, domains } from "../storage/schema";
import type { Zones } from "../zones/service";
import { readDomains } from "./finding";
import { publish } from "./publishing";
import { type Domain, isSynced } from "./record-sets";

export interface UpkeepPorts {
  database: Database;
  zones: Pick<Zones, "publish">;
  tell: Tell;
  now: () => number;
}

const AT_ONCE = 20;
/** By then, a change whose Worker lives has reached its zone. */
const UNTOLD = 120_000;
const TOO_LONG = 900_000;

export function createDomainUpkeep({ database, zones, tell, now }: UpkeepPorts) {
  const openSince = (before: number) =>
    and(isNotNull(domainRecordSets.openSince), lte(domainRecordSets.openSince, before));

  const among = async (where: ReturnType<typeof and>): Promise<Domain[]> => {
    const rows = await database
      .selectDistinct({ id: domainRecordSets.domainId })
      .from(domainRecordSets)
      .innerJoin(domains, eq(domains.id, domainRecordSets.domainId))
      .where(and(where, isNull(domains.removingAt)))
      .limit(AT_ONCE);
    const ids = JSON.stringify(rows.map(({ id }) => id));
    return rows.length === 0 ? [] : readDomains(database, sql`${domains.id} IN (SELECT value FROM json_each(${ids}))`);
  };

  /** What has a problem is with its zone's object already, which goes on by itself. */
  async function tellZones(): Promise<void> {
    const untold = await among(and(openSince(now() - UNTOLD), isNull(domainRecordSets.problem)));
    const open = untold.map(({ row, sets }) => ({ row, sets: sets.filter((set) => !isSynced(set)) }));
    if (open.length > 0) await publish(zones, open);
  }

  /** Each owner once, until the zone has it. */
  async function tellOwners(): Promise<void> {
    const before = now() - TOO_LONG;
    for (const domain of await among(and(openSince(before), isNull(domainRecordSets.toldAt)))) {
      await tell(domain.row.ownerId, failedDomainNotice(domain));
      // What is noted is no news any more: it is told before.
      await database
        .update(domainRecordSets)
        .set({ toldAt: now() })
        .where(and(eq(domainRecordSets.domainId, domain.row.id), isNotNull(domainRecordSets.openSince)));
    }
  }

  return {
    async sweep(): Promise<void> {
      await tellZones();
      await tellOwners();
    },
  };
}

function failedDomainNotice({ row, sets }: Domain): Notification {
  const open = sets.filter((set) => !isSynced(set));
  const types = open.map(({ type }) => type);
  const problem = open.find((set) => set.problem !== null)?.problem ?? "It has not answered yet.";
  return {
    event: "domain.failed",
    subject: `domain ${row.fqdn}`,
    title: `${row.fqdn} could not be brought up to date`,
    detail:
      `For 15 minutes, the zone ${row.zone} has not taken its ${types.join(", ")} records: ${problem}\n\n` +
      "certedge goes on trying. Look at the DNS account that writes to the zone.",
    facts: { domain_id: row.id, fqdn: row.fqdn, zone: row.zone, record_types: types, problem },
  };
}
