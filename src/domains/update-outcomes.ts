/** What an update comes to: what the zones are told of it, and the line for each host that it names. */
import type { Plan } from "../accounts/identity";
import type { HostOutcome } from "../ddns/answers";
import { isHostName } from "../ddns/hosts";
import type { ZoneFailure } from "../zones/zone-failure";
import type { DomainChange, Stored, VersionedSets } from "./changes";
import type { Published } from "./publishing";
import { addressesAfter } from "./record-sets";
import { tooManyChanges } from "./update-limits";
import type { HostPlan, Named, Planned } from "./update-plan";

export interface UpdateResult {
  planned: Planned;
  /** By the ids of their domains; those that moved with the network of another are among them. */
  changes: Map<string, DomainChange>;
  /** Nothing where nothing was to be stored. */
  stored: Stored | undefined;
  published: Map<string, Published>;
  textFailures: Map<string, ZoneFailure>;
}

/** What was stored now, and what was so already and the zones are not known to have. */
export function toldOf(planned: Planned, stored: Stored | undefined): VersionedSets[] {
  const changed = [...(stored?.changed.values() ?? [])].filter(({ sets }) => sets.length > 0);
  const open = [...planned.values()].flatMap((plan) =>
    "open" in plan && plan.open.length > 0 ? [{ row: plan.domain.row, sets: plan.open }] : [],
  );
  return [...changed, ...open];
}

/** In the order of the request. Of a host that is named twice, the second line finds what the first has done. */
export function outcomesOf(named: Named[], result: UpdateResult, at: { plan: Plan; now: number }): HostOutcome[] {
  const done = new Set<string>();
  return named.map(({ given, fqdn }) => {
    const plan = result.planned.get(fqdn);
    if (!plan) return { host: given, word: isHostName(given) ? "nohost" : "notfqdn" };
    if (!("domain" in plan)) return { host: given, ...plan };
    const outcome = outcomeOf(given, plan, result, at);
    const isAgain = done.has(fqdn);
    done.add(fqdn);
    return isAgain && outcome.word === "good" ? { ...outcome, word: "nochg" } : outcome;
  });
}

function outcomeOf(
  host: string,
  { domain, addresses, notes, change }: HostPlan,
  { changes, stored, published, textFailures }: UpdateResult,
  { plan, now }: { plan: Plan; now: number },
): HostOutcome {
  const { id } = domain.row;
  const own = changes.get(id);
  if (own && !stored?.changed.has(id)) {
    return { host, word: "abuse", note: tooManyChanges(plan, stored?.isWithinAccount ?? true, now).detail };
  }
  const outcome = published.get(id);
  const failure = outcome?.ok === false ? outcome.failure : textFailures.get(id);
  if (failure) return { host, word: "dnserr", note: failure.detail };
  const isChanged = (own?.sets.length ?? 0) > 0 || change?.wildcard !== undefined;
  const after = addressesAfter(domain, own?.sets ?? []);
  return {
    host,
    word: isChanged || (outcome?.ok && outcome.written) ? "good" : "nochg",
    addresses: addresses.length > 0 ? addresses : Object.values(after),
    now: after,
    ...(notes.length > 0 ? { note: notes.join(" ") } : {}),
  };
}
