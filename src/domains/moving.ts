/** Moving a domain to another zone: written to the new place first, then taken away from the old one; its id and its history stay. */
import { and, eq, isNotNull } from "drizzle-orm";
import type { AccountIdentity } from "../accounts/identity";
import { requireOpened } from "../accounts/plans";
import { Problem } from "../problems";
import { domains } from "../storage/schema";
import { zoneObjectName } from "../zones/location";
import type { DnsPin, Zones } from "../zones/service";
import { applyChange, type By, type ChangePorts, sameSets } from "./applying";
import { readDomains } from "./finding";
import { requireFree } from "./naming";
import { publish } from "./publishing";
import { type Domain, isSynced } from "./record-sets";
import { requireWritable } from "./records";
import type { ReservedNames } from "./reserved-names";
import { limitsOf } from "./update-limits";

export interface MovingPorts extends ChangePorts {
  zones: Pick<Zones, "locate" | "publish" | "recordTypesOf">;
  reservedNames: ReservedNames;
}

const AT_ONCE = 20;

export type Moving = ReturnType<typeof createMoving>;

export function createMoving(ports: MovingPorts) {
  const { database, zones } = ports;

  /** Once the new zone has everything, the old one is told that it has nothing. One that fails is told again. */
  async function leave({ row, sets }: Domain): Promise<void> {
    const { movedFrom } = row;
    if (!movedFrom || !sets.every(isSynced)) return;
    const nothing = sets.map(({ type, ttl, version }) => ({ type, ttl, version, values: [] }));
    const left =
      nothing.length === 0 ? undefined : (await leaving({ row: { ...row, ...movedFrom }, sets: nothing })).get(row.id);
    // Of an account that was deleted, nobody can take anything away.
    const isGone = left?.ok === false && left.failure.kind === "credential" && left.failure.provider === "certedge";
    if (left && !left.ok && !isGone) return;
    await database
      .update(domains)
      .set({ movedFrom: null })
      .where(and(eq(domains.id, row.id), eq(domains.movedFrom, movedFrom)));
  }

  const leaving = (place: Parameters<typeof publish>[1][number]) => publish(zones, [place]);

  return {
    /** Throws 409 while it is on its way, 422 where the new zone cannot hold it, DnsProviderError where it failed and is tried again. */
    async move(owner: AccountIdentity, domain: Domain, pin: DnsPin, by: By): Promise<Domain> {
      const { row } = domain;
      const location = await zones.locate(owner.id, row.fqdn, pin);
      if (zoneObjectName(location) === zoneObjectName(row)) return domain;
      if (row.movedFrom)
        throw new Problem(409, `${row.fqdn} is still being moved from ${row.movedFrom.zone}. Try again later.`);
      if (location.dnsAccountId !== null) requireOpened(owner, "ownZones");
      await requireFree(ports, owner, row.fqdn, location);
      const place = { zone: location.zone, dnsAccountId: location.dnsAccountId };
      const there = { row: { ...row, ...place }, sets: domain.sets };
      await requireWritable(
        ports,
        there,
        domain.sets.filter(({ values }) => values.length > 0),
      );
      const moved = await applyChange(
        ports,
        domain,
        { place, sets: sameSets(domain) },
        owner,
        by,
        limitsOf(owner.plan),
      );
      await leave(moved);
      const movedFrom = await readDomains(database, eq(domains.id, row.id)).then(([now]) => now?.row.movedFrom ?? null);
      return { ...moved, row: { ...moved.row, movedFrom } };
    },

    /** Those that a crash, or a zone that failed, left on their way. */
    async sweep(): Promise<void> {
      const some = database.select({ id: domains.id }).from(domains).where(isNotNull(domains.movedFrom)).limit(AT_ONCE);
      const underWay = (await some).map(({ id }) => id);
      for (const id of underWay)
        for (const domain of await readDomains(database, eq(domains.id, id))) await leave(domain);
    },
  };
}
