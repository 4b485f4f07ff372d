/** What an update makes of each host that it names, before anything is stored. */
import { type Family, type GivenAddress, isPublic } from "../ddns/addresses";
import type { HostOutcome } from "../ddns/answers";
import { isSilent } from "../ddns/given-addresses";
import { isHostName } from "../ddns/hosts";
import { isInPrefix, moveTo, parsePrefix, prefixOf } from "../ddns/prefixes";
import type { UpdateRequest, Wanted } from "../ddns/update-request";
import type { DomainChange } from "./changes";
import { addressesOf, type Domain, isSynced, type StoredSet, setOf } from "./record-sets";
import type { UpdateAccess } from "./update-hosts";

/** A host as it is named, and whose it is: "*.home.example.net" stands for what is below home.example.net. */
export interface Named {
  given: string;
  fqdn: string;
  isBelow: boolean;
}

export const nameOf = (given: string): Named =>
  given.startsWith("*.") ? { given, fqdn: given.slice(2), isBelow: true } : { given, fqdn: given, isBelow: false };

export interface HostPlan {
  domain: Domain;
  /** As the client gave them. */
  addresses: string[];
  /** What is to be stored; nothing where all is so already. */
  change: DomainChange | undefined;
  /** What is so already, and the zone is not known to have. */
  open: StoredSet[];
  notes: string[];
}

/** Where the request comes from, and by which family alone it was asked to come. */
export interface Caller {
  address: GivenAddress | undefined;
  only: Family | undefined;
}

type Failed = Pick<HostOutcome, "note"> & ({ word: "dnserr" } | { word: "conflict"; family: Family });

/** By the names of the domains, those that are the sender's. */
export type Planned = Map<string, HostPlan | Failed>;

const FAMILIES = ["A", "AAAA"] as const;

/** The hosts that are named, and one change for each domain that is to be another one. */
export function planUpdate(
  { hosts, neighbours }: Pick<UpdateAccess, "hosts" | "neighbours">,
  named: Named[],
  update: UpdateRequest,
  caller: Caller,
): { planned: Planned; changes: Map<string, DomainChange> } {
  const planned: Planned = new Map();
  for (const { given, fqdn } of named) {
    const domain = hosts.get(fqdn);
    if (!domain || !isHostName(given) || planned.has(fqdn)) continue;
    const isBelow = named.some((other) => other.fqdn === fqdn && other.isBelow);
    planned.set(fqdn, planHost(domain, update, caller, isBelow ? true : update.wildcard));
  }
  const plans = [...planned.values()].filter((plan) => "domain" in plan);
  const changes = new Map(plans.flatMap(({ domain, change }) => (change ? [[domain.row.id, change] as const] : [])));
  for (const moved of neighboursMoved(
    plans.map(({ domain }) => domain),
    neighbours,
    update,
  )) {
    const own = changes.get(moved.row.id);
    const others = own?.sets.filter(({ type }) => type !== "AAAA") ?? [];
    changes.set(moved.row.id, { ...(own ?? moved), sets: [...others, ...moved.sets] });
  }
  return { planned, changes };
}

/** `wildcard` is what this name of the request says of it. */
function planHost(
  domain: Domain,
  update: UpdateRequest,
  caller: Caller,
  wildcard: boolean | undefined,
): HostPlan | Failed {
  const wanted = wantedOf(update, caller);
  const had = addressesOf(domain);
  const plan: HostPlan = { domain, addresses: [], change: undefined, open: [], notes: [...update.passedOver] };
  const sets: DomainChange["sets"] = [];
  for (const type of FAMILIES) {
    const address = addressFor(wanted[type], domain, type, caller, plan.notes);
    if (address === undefined) continue;
    if (address !== null && setOf(domain, "CNAME")?.values.length) return { word: "conflict", family: type };
    if (address !== null) plan.addresses.push(address.spelling);
    const values = address === null ? [] : [address.address];
    const stored = setOf(domain, type);
    if (had[type] !== values[0]) sets.push({ type, values });
    else if (stored && !isSynced(stored)) plan.open.push(stored);
  }
  const isNothing = plan.addresses.length === 0 && sets.length === 0;
  // Without any address there is nothing that could be set: the caller's own is not a public one.
  if (isNothing && asksForAddress(wanted))
    return { word: "dnserr", note: ["No usable address.", ...plan.notes].join(" ") };
  const isSwitched = wildcard !== undefined && wildcard !== domain.row.wildcard;
  if (isSwitched) {
    for (const type of FAMILIES) {
      const stored = setOf(domain, type);
      if (stored && !sets.some((set) => set.type === type)) sets.push({ type, values: stored.values });
    }
  }
  const isOtherNetwork = update.prefix !== undefined && update.prefix.network !== domain.row.ipv6Prefix;
  if (sets.length > 0 || isSwitched || isOtherNetwork) {
    plan.change = {
      row: domain.row,
      sets,
      ...(isSwitched ? { wildcard } : {}),
      ...(isOtherNetwork && update.prefix ? { ipv6Prefix: update.prefix.network } : {}),
    };
  }
  return plan;
}

type WantedFamilies = Partial<Record<Family, Wanted>>;

function wantedOf(update: UpdateRequest, { address }: Caller): WantedFamilies {
  if (update.offline) return { A: { kind: "remove" }, AAAA: { kind: "remove" } };
  const { families } = update;
  const isSaid = Object.values(families).some(({ kind }) => kind !== "keep");
  if (isSaid || update.prefix || update.without === "keep") return families;
  // A family that is to be kept is kept, also where it is the caller's.
  if (address) return { [address.family]: { kind: "caller" }, ...families };
  return isSilent(update) ? { A: { kind: "caller" } } : families;
}

const asksForAddress = (wanted: WantedFamilies) =>
  Object.values(wanted).some(({ kind }) => kind === "set" || kind === "caller");

/** Nothing where the family stays as it is, null where it is to have no address. */
function addressFor(
  wanted: Wanted | undefined,
  domain: Domain,
  family: Family,
  caller: Caller,
  notes: string[],
): GivenAddress | null | undefined {
  switch (wanted?.kind) {
    case undefined:
    case "keep":
      return undefined;
    case "remove":
      return null;
    case "set":
      return publicAddress(wanted.address, domain, caller, notes);
    case "caller":
      return callersOwn(family, domain, caller, notes);
    case "move": {
      const before = addressesOf(domain).AAAA;
      const address = before && moveTo(before, wanted.prefix);
      return address ? { family: "AAAA", address, spelling: address } : undefined;
    }
  }
}

/** A router behind another one knows an address that nobody reaches: the caller's own is meant then. */
function publicAddress(given: GivenAddress, domain: Domain, caller: Caller, notes: string[]): GivenAddress | undefined {
  if (domain.row.allowPrivate || isPublic(given.address)) return given;
  notes.push(`${given.address} is not a public address: the one that the request came from is set.`);
  return callersOwn(given.family, domain, caller, notes);
}

function callersOwn(
  family: Family,
  { row }: Domain,
  { address, only }: Caller,
  notes: string[],
): GivenAddress | undefined {
  if (only && address && address.family !== only) {
    notes.push(`The request came by ${address.address}, to a host name for the other family.`);
    return undefined;
  }
  if (!address || address.family !== family) return undefined;
  if (row.allowPrivate || isPublic(address.address)) return address;
  notes.push(`It came from ${address.address}, which is not a public address.`);
  return undefined;
}

/** The hosts that had the former network of a named one, each at the same interface in the new one. */
function neighboursMoved(
  named: Domain[],
  neighbours: Domain[],
  { prefix, families, offline }: UpdateRequest,
): DomainChange[] {
  if (!prefix || offline) return [];
  const former = named.flatMap((domain) => {
    const { row } = domain;
    if (row.ipv6Prefix === prefix.network) return [];
    const own = addressesOf(domain).AAAA;
    if (row.ipv6Prefix !== null) return parsePrefix(row.ipv6Prefix) ?? [];
    return own === undefined ? [] : (prefixOf(own, prefix.length) ?? []);
  });
  // A named host whose address was given has it already.
  const isGiven = (domain: Domain) => families.AAAA !== undefined && named.some(({ row }) => row.id === domain.row.id);
  return neighbours.flatMap((domain) => {
    const address = addressesOf(domain).AAAA;
    if (!address || isGiven(domain) || !former.some((network) => isInPrefix(address, network))) return [];
    const moved = moveTo(address, prefix);
    return moved === address ? [] : [{ row: domain.row, sets: [{ type: "AAAA" as const, values: [moved] }] }];
  });
}
