/** What an order for a certificate would do, found out without doing it: the same looks as `create` takes, and no step. */
import { inArray } from "drizzle-orm";
import { challengeNames } from "../acme/challenges";
import { valueIn } from "../ca-accounts/failure";
import type { BudgetState } from "../ca-accounts/rate-budget";
import type { CaAccounts } from "../ca-accounts/service";
import type { CaaFinding } from "../dns/caa";
import { DnsProviderError } from "../dns/errors";
import { Problem } from "../problems";
import { effectiveSettings } from "../settings/effective";
import type { Database } from "../storage/database";
import { dnsAccounts } from "../storage/schema";
import type { ChallengePlace, ChallengeZones } from "../zones/challenges";
import type { CaDecisions, CaFacts, Examination } from "./ca-decisions";
import { noMatchingAccount } from "./ca-explanations";
import { settle } from "./ca-wish";
import type { NewCertificate, SettledCertificate } from "./certificate-rows";
import { pinOf } from "./challenge-places";
import { requireProvable } from "./provable";
import { planRenewal } from "./renewal-time";
import { requireHeld } from "./shared-names";

export interface PreviewPorts {
  database: Database;
  caAccounts: CaAccounts;
  caDecisions: CaDecisions;
  challengeZones: ChallengeZones;
  now: () => number;
}

/** A certificate as it was asked for, its names checked. */
export type WantedCertificate = NewCertificate & { names: string[]; mustStaple: boolean };

/** Where a name is proven; nothing where it cannot be. */
export interface PreviewedPlace {
  recordName: string;
  provider: string;
  zone: string;
  /** As people call it; null is a zone that certedge serves itself. */
  dnsAccountId: string | null;
}

export interface PreviewedName {
  name: string;
  place?: PreviewedPlace;
  /** Why it has none. */
  problem?: string;
  caa: CaaFinding;
}

export interface Preview {
  names: PreviewedName[];
  /** Nothing where what was given contradicts itself. */
  settled?: SettledCertificate;
  examination?: Examination;
  /** What the chosen CA account still allows. */
  limits: BudgetState[];
  /** When it would be renewed; nothing where nobody knows how long it would live. */
  renewAt?: number;
  /** What `create` would refuse it for. */
  problems: Problem[];
}

const DAY = 86_400_000;

export function createPreviews(ports: PreviewPorts) {
  const { database, caAccounts, caDecisions, challengeZones, now } = ports;

  async function placesOf(ownerId: number, names: string[], way: SettledCertificate, accountUrl: string | null) {
    const type = way.challengeType ?? "dns-01";
    // An account that is not registered yet has no label of its own.
    const nameOf = await challengeNames(type === "dns-account-01" && !accountUrl ? "dns-01" : type, accountUrl ?? "");
    const alias = way.domainAlias ?? undefined;
    const locate = (some: string[]) => challengeZones.locate(ownerId, some, pinOf(way), alias, nameOf);
    const all = await locate(names).catch(() => undefined);
    if (all) return all;
    // Not all have one: each is asked for itself, so that each says why.
    return Promise.all(names.map((name) => locate([name]).then(([place]) => place, reasonOf)));
  }

  async function namedPlaces(
    places: (ChallengePlace | string | undefined)[],
  ): Promise<(PreviewedPlace | string | undefined)[]> {
    const ids = places.flatMap((place) => (typeof place === "object" ? (place.location.dnsAccountId ?? []) : []));
    const rows = ids.length > 0 ? await accountsIn(database, [...new Set(ids)]) : [];
    const nameOf = (id: string | null) => rows.find((row) => row.id === id)?.accountId ?? null;
    return places.map((place) => {
      if (typeof place !== "object") return place;
      const { recordName, location } = place;
      return {
        recordName,
        provider: location.provider,
        zone: location.zone,
        dnsAccountId: nameOf(location.dnsAccountId),
      };
    });
  }

  /** What `create` would say, one after the other. */
  async function refusals(
    ownerId: number,
    names: string[],
    settled: SettledCertificate,
    { comparison, chosen }: Examination,
  ) {
    const outcomes = await Promise.allSettled([
      chosen ? undefined : Promise.reject(noMatchingAccount(comparison)),
      requireProvable(challengeZones, ownerId, names, settled, chosen ?? { accountUrl: null }),
      requireHeld(database, ownerId, names),
    ]);
    return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? problemOf(outcome.reason) : []));
  }

  const limitsAt = async (id: string, names: string[]): Promise<BudgetState[]> =>
    valueIn<BudgetState[]>(await caAccounts.objectOf(id).budget(names));

  return {
    /** `others` are problems that were found before. */
    async of(ownerId: number, { names, ...input }: WantedCertificate, others: Problem[]): Promise<Preview> {
      const [facts, caa] = await Promise.all([caDecisions.facts(ownerId, input.instanceId), caDecisions.caaOf(names)]);
      const caaOf = (name: string): CaaFinding => caa.get(name) ?? { kind: "none" };
      const known = settledOr(() => settle(input, facts));
      if (known instanceof Problem) {
        return { names: names.map((name) => ({ name, caa: caaOf(name) })), limits: [], problems: [...others, known] };
      }
      const { settled, wish } = known;
      const examination = await caDecisions.examine(facts, { ...settled, names }, wish);
      const { chosen } = examination;
      const [places, problems, limits] = await Promise.all([
        placesOf(ownerId, names, settled, chosen?.accountUrl ?? null).then(namedPlaces),
        refusals(ownerId, names, settled, examination),
        chosen ? limitsAt(chosen.id, names) : [],
      ]);
      const renewAt = renewalOf(facts, settled, examination, now());
      return {
        names: names.map((name, index) => ({ name, ...placeOrProblem(places[index]), caa: caaOf(name) })),
        settled,
        examination,
        limits,
        ...(renewAt === undefined ? {} : { renewAt }),
        problems: [...others, ...problems],
      };
    },
  };
}

const placeOrProblem = (place: PreviewedPlace | string | undefined) => {
  if (place === undefined) return {};
  return typeof place === "string" ? { problem: place } : { place };
};

const accountsIn = (database: Database, ids: string[]) =>
  database
    .select({ id: dnsAccounts.id, accountId: dnsAccounts.accountId })
    .from(dnsAccounts)
    .where(inArray(dnsAccounts.id, ids));

function settledOr<Value>(work: () => Value): Value | Problem {
  try {
    return work();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** For what a provider says no to, as for what cannot be: a sentence. */
function reasonOf(error: unknown): string {
  if (error instanceof Problem || error instanceof DnsProviderError) return error.detail;
  throw error;
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof DnsProviderError) return new Problem(502, `${error.provider}: ${error.detail}`);
  throw error;
}

function renewalOf(facts: CaFacts, settled: SettledCertificate, { chosen }: Examination, now: number) {
  const days = chosen?.capabilities.lifetimeDays;
  if (days === undefined) return undefined;
  const { renewal: rule, maintenanceWindows } = effectiveSettings(settled, facts.instance, facts.settings);
  return planRenewal({ notBefore: now, notAfter: now + days * DAY }, { rule, maintenanceWindows }, 0).at;
}
