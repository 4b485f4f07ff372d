/** Decisions on CA accounts: what storage and the DNS know is read, and ca-choice.ts decides. */
import { and, eq, inArray } from "drizzle-orm";
import type { Authority } from "../authorities/authority";
import { type Capabilities, capabilitiesOf } from "../authorities/capabilities";
import { authorities, knownAuthority } from "../authorities/catalogue";
import { authorityFrom } from "../authorities/custom";
import { readOf } from "../authorities/directories";
import type { CaAccountRow, CaAccounts } from "../ca-accounts/service";
import { type CaaFinding, findCaa } from "../dns/caa";
import type { Resolver } from "../dns/resolver";
import { effectiveSettings } from "../settings/effective";
import type { Database } from "../storage/database";
import { accountSettings, authorityDirectories, caAccounts, customAuthorities, instances } from "../storage/schema";
import type { CaPreferences } from "../storage/tables/instances";
import { type CaPreference, caaMatters, chooseCa, type JudgedCandidate, judgeCandidates } from "./ca-choice";
import { decisionOf } from "./ca-explanations";
import type { CaCandidate, CertificateNeeds } from "./ca-requirements";
import type { CaDecision, CaWish, OrderInput, TriedCa } from "./order-state";

/** Every account, judged for one certificate. */
export interface CaComparison {
  judged: JudgedCandidate[];
  preference: CaPreference;
  /** What the DNS says of the names, where it was asked. */
  caa: ReadonlyMap<string, CaaFinding>;
}

export interface CaDecisionPorts {
  database: Database;
  caAccounts: CaAccounts;
  /** Answers for our own zones from their records, for all others as the world sees them. */
  resolver: Resolver;
  now: () => number;
}

/** All that is stored and that a choice depends on. */
export interface CaFacts {
  rows: CaAccountRow[];
  settings: typeof accountSettings.$inferSelect | undefined;
  /** Whose the certificate is. */
  instance: typeof instances.$inferSelect | undefined;
  custom: (typeof customAuthorities.$inferSelect)[];
  directories: (typeof authorityDirectories.$inferSelect)[];
}

/** Of a certificate, what a CA has to be able to do. */
export type Wanted = Pick<OrderInput, "names" | "keyType" | "profile" | "challengeType">;

export interface Examination {
  needs: CertificateNeeds;
  comparison: CaComparison;
  decision: CaDecision;
  /** Nothing where none fits. */
  chosen?: CaCandidate;
}

export type CaDecisions = ReturnType<typeof createCaDecisions>;

export function createCaDecisions({ database, caAccounts: service, resolver, now }: CaDecisionPorts) {
  async function facts(ownerId: number, instanceId: string | null): Promise<CaFacts> {
    const ofOwner = eq(caAccounts.ownerId, ownerId);
    const urls = database.select({ url: caAccounts.directoryUrl }).from(caAccounts).where(ofOwner);
    const [rows, [settings], [instance], custom, directories] = await database.batch([
      database.select().from(caAccounts).where(ofOwner),
      database.select().from(accountSettings).where(eq(accountSettings.ownerId, ownerId)),
      database
        .select()
        .from(instances)
        .where(and(eq(instances.ownerId, ownerId), eq(instances.id, instanceId ?? ""))),
      database.select().from(customAuthorities).where(eq(customAuthorities.ownerId, ownerId)),
      database.select().from(authorityDirectories).where(inArray(authorityDirectories.url, urls)),
    ]);
    // The first one of an account is made when it is first looked for.
    return { rows: rows.length > 0 ? rows : await service.list(ownerId), settings, instance, custom, directories };
  }

  /** Compares every account with what a certificate needs; `own` is what the certificate itself prefers. */
  async function compare(known: CaFacts, needs: CertificateNeeds, own: CaPreferences | null): Promise<CaComparison> {
    const { rows, settings, instance, custom, directories } = known;
    const { ca } = effectiveSettings({ ca: own, renewal: null, reuseKey: null }, instance, settings);
    const isPinned = needs.pinnedCaAccountId !== null;
    const preference: CaPreference = {
      preferredCa: ca.preferredCa,
      caOrder: ca.caOrder,
      // A pin is left only where the certificate itself says so.
      failover: isPinned ? own?.automaticCaFailover === true : ca.automaticCaFailover,
    };
    const candidates = rows.map((row) => {
      const own = custom.find(({ id }) => id === row.authority);
      const authority = own ? authorityFrom(own) : (knownAuthority(row.authority) ?? authorities.custom);
      const directory = readOf(directories.find(({ url }) => url === row.directoryUrl));
      return candidateOf(row, authority, capabilitiesOf(authority, directory, needs.profile, now()));
    });
    const unasked = judgeCandidates(candidates, needs, preference, new Map());
    if (!caaMatters(unasked)) return { judged: unasked, preference, caa: new Map() };
    const caa = await findCaa(resolver, needs.names);
    return { judged: judgeCandidates(candidates, needs, preference, caa), preference, caa };
  }

  /** The choice for what is wanted, with all that it was made of. */
  async function examine(known: CaFacts, wanted: Wanted, wish: CaWish, tried: TriedCa[] = []): Promise<Examination> {
    const needs = needsOf(wanted, wish);
    const comparison = await compare(known, needs, wish.preferences);
    const choice = chooseCa(comparison.judged, comparison.preference.failover, triedIds(tried), now());
    const decision = decisionOf(needs, comparison, choice, tried, now());
    return { needs, comparison, decision, ...(choice.chosen ? { chosen: choice.chosen.candidate } : {}) };
  }

  return {
    facts,
    /** What the DNS says of the names. */
    caaOf: (names: string[]) => findCaa(resolver, names),
    examine,

    /** The choice for an order, out of those that it was not at already. */
    async decide(input: OrderInput, tried: TriedCa[]): Promise<CaDecision> {
      if (!input.ca) throw new Error("the order has its CA account from before there was a choice");
      const known = await facts(input.ownerId, input.ca.instanceId);
      return (await examine(known, input, input.ca, tried)).decision;
    },
  };
}

const triedIds = (tried: TriedCa[]) => tried.map(({ caAccountId }) => caAccountId);

const needsOf = ({ names, keyType, profile, challengeType }: Wanted, ca: CaWish): CertificateNeeds => ({
  names,
  keyType,
  profile,
  challengeType: challengeType ?? "dns-01",
  environment: ca.environment,
  authority: ca.authority,
  pinnedCaAccountId: ca.pinnedCaAccountId,
  instanceId: ca.instanceId,
});

const candidateOf = (row: CaAccountRow, authority: Authority, capabilities: Capabilities): CaCandidate => ({
  id: row.id,
  name: row.name,
  authority: row.authority,
  authorityTitle: authority.title,
  environment: row.environment,
  isPrivate: authority.isPrivate ?? false,
  instanceId: row.instanceId,
  isDefault: row.isDefault,
  createdAt: row.createdAt,
  accountUrl: row.accountUrl,
  hasExternalAccount: row.eabKid !== null,
  hasAgreedToTerms: row.termsAgreedAt !== null,
  deactivatedAt: row.deactivatedAt,
  circuitOpenUntil: row.circuitOpenUntil,
  circuitReason: row.circuitReason,
  capabilities,
});
