/** Router updates: one round trip to D1 for who asks and what is stored; a change is stored by a second, and told to its zone. */
import type { Origin } from "../accounts/identity";
import { type Family, parseAddress } from "../ddns/addresses";
import type { HostOutcome, UpdateOutcome } from "../ddns/answers";
import { clientGiven } from "../ddns/client-address";
import type { Dialect, DialectRequest } from "../ddns/dialect";
import { isHostName } from "../ddns/hosts";
import type { UpdateRequest } from "../ddns/update-request";
import { Problem } from "../problems";
import type { Zones } from "../zones/service";
import { type DomainChange, storeChanges } from "./changes";
import { publish, type VersionedSets } from "./publishing";
import { addressesOf, type Domain } from "./record-sets";
import { type TextPorts, writeText } from "./texts";
import { createUpdateAccess, type UpdateAccessPorts } from "./update-access";
import type { UpdateAccess, WaitUntil } from "./update-hosts";
import { limitsOf, tooManyChanges } from "./update-limits";
import { type Caller, type HostPlan, neighboursMoved, planHost } from "./update-plan";

const MOST_HOSTS = 20;

export interface DynamicDnsPorts extends UpdateAccessPorts {
  zones: Pick<Zones, "publish"> & TextPorts["zones"];
  baseZone: string;
}

export type DynamicDns = ReturnType<typeof createDynamicDns>;

const shown = ({ A, AAAA }: Partial<Record<Family, string>>) => ({ ipv4: A ?? null, ipv6: AAAA ?? null });

export function createDynamicDns(ports: DynamicDnsPorts) {
  const { authenticate } = createUpdateAccess(ports);

  async function outcomeOf(
    update: UpdateRequest,
    request: DialectRequest,
    origin: Origin,
    waitUntil: WaitUntil,
  ): Promise<UpdateOutcome> {
    const named = update.hosts.map(nameOf);
    const asked = { hosts: named.map(({ fqdn }) => fqdn), prefix: update.prefix };
    const isSecure = request.url.protocol === "https:";
    const access = await authenticate(update.credentials, asked, isSecure, origin, waitUntil);
    if ("word" in access) return access;
    // Who has the password of one host need not name it.
    if (named.length === 0 && access.actor.via === "update_password") {
      named.push(...[...access.hosts.keys()].map((fqdn) => ({ given: fqdn, fqdn, isBelow: false })));
    }
    if (named.length === 0) return { word: "notfqdn", note: "It names no host." };
    if (named.length > MOST_HOSTS) return { word: "numhost", note: `It names ${named.length} hosts.` };
    return { hosts: await updateHosts(access, named, update, callerOf(request), origin, waitUntil) };
  }

  async function updateHosts(
    access: UpdateAccess,
    named: Named[],
    update: UpdateRequest,
    caller: Caller,
    origin: Origin,
    waitUntil: WaitUntil,
  ): Promise<HostOutcome[]> {
    const planned = planAll(access, named, update, caller);
    const plans = [...planned.values()].filter((plan) => "addresses" in plan);
    const changes = withNeighbours(plans, access.neighbours, update);
    const { ownerId, actor } = access;
    const stored =
      changes.size > 0
        ? await storeChanges(ports, [...changes.values()], { ownerId, actor, origin }, limitsOf(access.plan))
        : undefined;
    const told = [
      ...[...changes.values()].flatMap((change) => toldOf(change, stored?.versions.get(change.row.id)) ?? []),
      ...plans.flatMap(({ domain, open }) => (open.length > 0 ? [{ row: domain.row, sets: open }] : [])),
    ];
    const published = await publish(ports.zones, told, stored?.dnsAccounts);
    access.noteUse?.(stored !== undefined);

    const outcomeOfPlan = (host: string, { domain, addresses, notes, change }: HostPlan): HostOutcome => {
      const { id } = domain.row;
      const isChanged = (changes.get(id)?.sets.length ?? 0) > 0 || change?.wildcard !== undefined;
      if (changes.has(id) && !stored?.versions.has(id)) {
        const { detail } = tooManyChanges(access.plan, stored?.isWithinAccount ?? true, ports.now());
        return { host, word: "abuse", note: detail };
      }
      const outcome = published.get(id);
      if (outcome?.ok === false) return { host, word: "dnserr", note: outcome.failure.detail };
      const word = isChanged || outcome?.written ? "good" : "nochg";
      return { host, word, addresses, now: nowOf(domain, changes.get(id)), ...noteOf(notes) };
    };
    const outcomes: HostOutcome[] = [];
    const seen = new Set<string>();
    for (const { given, fqdn } of named) {
      const plan = planned.get(fqdn);
      const first: HostOutcome =
        plan === undefined
          ? { host: given, word: isHostName(given) ? "nohost" : "notfqdn" }
          : "addresses" in plan
            ? outcomeOfPlan(given, plan)
            : { host: given, ...plan };
      outcomes.push(first.word === "good" && seen.has(fqdn) ? { ...first, word: "nochg" } : first);
      seen.add(fqdn);
    }
    if (stored) waitUntil(log(access, origin, plans, changes, stored.versions));
    await writeTexts(update, plans);
    return outcomes;
  }

  async function writeTexts({ text }: UpdateRequest, plans: HostPlan[]): Promise<void> {
    if (text === undefined) return;
    for (const { domain } of plans) await writeText(ports, domain.row, text);
  }

  /** Of the hosts that moved with the network of another, there is one entry for all. */
  async function log(
    { ownerId, actor }: UpdateAccess,
    origin: Origin,
    plans: HostPlan[],
    changes: Map<string, DomainChange>,
    versions: Map<string, number>,
  ): Promise<void> {
    const entry = { ownerId, actor, ...origin, action: "domain.update" as const };
    const named = new Set(plans.map(({ domain }) => domain.row.id));
    const moved: string[] = [];
    for (const [id, change] of changes) {
      if (!versions.has(id) || change.sets.length === 0) continue;
      const domain = plans.find((plan) => plan.domain.row.id === id)?.domain;
      if (!domain || !named.has(id)) {
        moved.push(change.row.fqdn);
        continue;
      }
      const [before, after] = [shown(addressesOf(domain)), shown(nowOf(domain, change))];
      await ports.audit.record({ ...entry, subject: `domain ${change.row.fqdn}`, before, after });
    }
    if (moved.length === 0) return;
    const subject = plans.map(({ domain }) => `domain ${domain.row.fqdn}`).join(", ");
    await ports.audit.record({ ...entry, subject, after: { moved_along: moved } });
  }

  return {
    /** Answers in the words of the dialect; never anything else, whatever happens. */
    async update(dialect: Dialect, request: DialectRequest, origin: Origin, waitUntil: WaitUntil): Promise<Response> {
      const answer = (outcome: UpdateOutcome) => dialect.answer(outcome, request);
      try {
        if (!dialect.methods.includes(request.method)) return answer({ word: "badagent" });
        // It asks what a GET would be answered, and is to do nothing (RFC 9110 §9.3.2).
        if (request.method === "HEAD") return new Response(null, { headers: { "cache-control": "no-store" } });
        const update = dialect.read(request, { baseZone: ports.baseZone });
        return answer(await outcomeOf(update, request, origin, waitUntil));
      } catch (error) {
        // For a while only, and a router has to come back by itself: after "badauth" some never do.
        if (!(error instanceof Problem && error.status === 429)) {
          console.error(JSON.stringify({ event: "update failed", error: (error as Error).name }));
        }
        return answer({ word: "911" });
      }
    },
  };
}

/** A host as it is named, and whose it is: "*.home.example.net" stands for what is below home.example.net. */
interface Named {
  given: string;
  fqdn: string;
  isBelow: boolean;
}

const nameOf = (given: string): Named =>
  given.startsWith("*.") ? { given, fqdn: given.slice(2), isBelow: true } : { given, fqdn: given, isBelow: false };

type Planned = Map<string, ReturnType<typeof planHost>>;

function planAll(access: UpdateAccess, named: Named[], update: UpdateRequest, caller: Caller): Planned {
  const planned: Planned = new Map();
  for (const { given, fqdn } of named) {
    const domain = access.hosts.get(fqdn);
    if (!domain || !isHostName(given) || planned.has(fqdn)) continue;
    const isBelow = named.some((other) => other.fqdn === fqdn && other.isBelow);
    planned.set(fqdn, planHost(domain, update, caller, isBelow ? true : update.wildcard));
  }
  return planned;
}

/** All that is to be stored, one change for each domain. */
function withNeighbours(plans: HostPlan[], neighbours: Domain[], update: UpdateRequest): Map<string, DomainChange> {
  const changes = new Map(plans.flatMap(({ domain, change }) => (change ? [[domain.row.id, change] as const] : [])));
  const named = plans.map(({ domain }) => domain);
  for (const moved of neighboursMoved(named, neighbours, update)) {
    const own = changes.get(moved.row.id);
    changes.set(moved.row.id, own ? { ...own, sets: [...own.sets, ...moved.sets] } : moved);
  }
  return changes;
}

/** What its zone is told of a change that was let through. */
function toldOf({ row, sets, wildcard = row.wildcard }: DomainChange, version: number | undefined): VersionedSets[] {
  if (version === undefined || sets.length === 0) return [];
  const versioned = sets.map((set) => ({ ...set, version }));
  return [{ row: { ...row, wildcard }, sets: versioned, wildcardBefore: row.wildcard }];
}

function nowOf(domain: Domain, change: DomainChange | undefined): Partial<Record<Family, string>> {
  const now = addressesOf(domain);
  for (const { type, values } of change?.sets ?? []) {
    if (type !== "A" && type !== "AAAA") continue;
    const [address] = values;
    if (address === undefined) delete now[type];
    else now[type] = address;
  }
  return now;
}

const noteOf = (notes: string[]) => (notes.length > 0 ? { note: notes.join(" ") } : {});

/** Of host names for one family, the other one is not taken: the edge cannot keep it away. */
function callerOf({ headers, url }: DialectRequest): Caller {
  const only = /^(?:ipv|update)([46])\./.exec(url.hostname)?.[1];
  const address = clientGiven(headers);
  return {
    address: address && parseAddress(address.address),
    only: only === "4" ? "A" : only === "6" ? "AAAA" : undefined,
  };
}
