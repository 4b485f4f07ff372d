/** What a router changed, into the audit log of its account. */
import type { Origin } from "../accounts/identity";
import type { Audit } from "../audit/service";
import type { Addresses, DomainChange, Stored } from "./changes";
import { addressesAfter, addressesOf } from "./record-sets";
import type { UpdateAccess } from "./update-hosts";
import type { Planned } from "./update-plan";

const shown = ({ A, AAAA }: Addresses) => ({ ipv4: A ?? null, ipv6: AAAA ?? null });

/** Of the hosts that moved with the network of another, there is one entry for all. */
export async function recordUpdates(
  audit: Audit,
  { ownerId, actor }: UpdateAccess,
  origin: Origin,
  planned: Planned,
  changes: Map<string, DomainChange>,
  { changed }: Stored,
): Promise<void> {
  const entry = { ownerId, actor, ...origin, action: "domain.update" as const };
  const named = [...planned.values()].flatMap((plan) => ("domain" in plan ? [plan.domain] : []));
  for (const domain of named) {
    const { id, fqdn } = domain.row;
    const change = changes.get(id);
    if (!change || !changed.has(id) || change.sets.length === 0) continue;
    const [before, after] = [shown(addressesOf(domain)), shown(addressesAfter(domain, change.sets))];
    await audit.record({ ...entry, subject: `domain ${fqdn}`, before, after });
  }
  const moved = [...changes.values()]
    .filter(({ row }) => changed.has(row.id) && !named.some((domain) => domain.row.id === row.id))
    .map(({ row }) => row.fqdn);
  if (moved.length === 0) return;
  const subject = named.map(({ row }) => `domain ${row.fqdn}`).join(", ");
  await audit.record({ ...entry, subject, after: { moved_along: moved } });
}
