/** What refers to a stored credential, and what depends on it through those. */
import { and, asc, eq, sql } from "drizzle-orm";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { certificates, dnsAccounts, domains, notificationChannels } from "../storage/schema";
import type { CredentialRow } from "./versions";

type Credential = Pick<CredentialRow, "id" | "ownerId">;

export interface Usage {
  dnsAccounts: { provider: string; accountId: string; instanceId: string | null }[];
  notificationChannels: { id: string; name: string }[];
  /** Pinned to one of those DNS accounts: their first names. */
  certificates: string[];
  /** Hosts whose addresses one of those DNS accounts writes. */
  domains: string[];
}

/** Of certificates and hosts, so many are named. */
export const MOST_NAMED = 1000;

export async function findUsage(database: Database, credential: Credential): Promise<Usage> {
  const isUser = and(eq(dnsAccounts.ownerId, credential.ownerId), eq(dnsAccounts.credentialId, credential.id));
  const isPinned = and(
    eq(dnsAccounts.ownerId, certificates.ownerId),
    eq(dnsAccounts.provider, certificates.dnsProvider),
    eq(dnsAccounts.accountId, certificates.dnsAccountId),
  );
  const [accounts, channels, pinned, written] = await database.batch([
    database
      .select({
        provider: dnsAccounts.provider,
        accountId: dnsAccounts.accountId,
        instanceId: dnsAccounts.instanceId,
      })
      .from(dnsAccounts)
      .where(isUser)
      .orderBy(asc(dnsAccounts.provider), asc(dnsAccounts.accountId)),
    database
      .select({ id: notificationChannels.id, name: notificationChannels.name })
      .from(notificationChannels)
      .where(isChannelOf(credential))
      .orderBy(asc(notificationChannels.name)),
    database
      .select({ name: certificates.domain })
      .from(certificates)
      .innerJoin(dnsAccounts, isPinned)
      .where(isUser)
      .orderBy(asc(certificates.domain))
      .limit(MOST_NAMED),
    database
      .select({ name: domains.fqdn })
      .from(domains)
      .innerJoin(dnsAccounts, eq(dnsAccounts.id, domains.dnsAccountId))
      .where(isUser)
      .orderBy(asc(domains.fqdn))
      .limit(MOST_NAMED),
  ]);
  return {
    dnsAccounts: accounts,
    notificationChannels: channels,
    certificates: pinned.map(({ name }) => name),
    domains: written.map(({ name }) => name),
  };
}

const isChannelOf = ({ id, ownerId }: Credential) =>
  and(eq(notificationChannels.ownerId, ownerId), eq(notificationChannels.credentialId, id));

const isAccountOf = ({ id, ownerId }: Credential) =>
  and(eq(dnsAccounts.ownerId, ownerId), eq(dnsAccounts.credentialId, id));

/** The statements that make what uses one credential use another. */
export const movingUses = (database: Database, from: Credential, to: Credential, now: number) =>
  [
    database
      .update(dnsAccounts)
      .set({ credentialId: to.id, ...testedAnew(now), updatedAt: later(now) })
      .where(isAccountOf(from)),
    database.update(notificationChannels).set({ credentialId: to.id, updatedAt: now }).where(isChannelOf(from)),
  ] as const;

/** The statement after which what has connected with a credential connects anew: its content has changed. */
export const forgettingConnections = (database: Database, credential: Credential, now: number) =>
  database
    .update(dnsAccounts)
    .set({ ...testedAnew(now), updatedAt: later(now) })
    .where(isAccountOf(credential));

/** What was found out with another credential counts no more: an account that was tried out is so again, at the next tick. */
export const testedAnew = (now: number) => ({
  lastTest: null,
  retestAt: sql`CASE WHEN ${dnsAccounts.retestAt} IS NOT NULL THEN ${now} END`,
});

/** By its instant a connection knows whether its account has changed: of two changes within a millisecond, too. */
const later = (now: number) => sql`max(${now}, ${dnsAccounts.updatedAt} + 1)`;

/** The refusal to delete it. */
export function isInUse({ name }: Pick<CredentialRow, "name">, usage: Usage): Problem {
  const { certificates, domains } = usage;
  const through = [
    ...(certificates.length > 0 ? [`the certificates ${certificates.join(", ")}`] : []),
    ...(domains.length > 0 ? [`the domains ${domains.join(", ")}`] : []),
  ];
  const depending = through.length > 0 ? `, and through them ${through.join(" and ")}` : "";
  return new Problem(
    409,
    `"${name}" is used by ${namesOf(usage)}${depending}. Replace it with ?replace_with=, naming another of its kind.`,
    { extra: { usage: shownUsage(usage) } },
  );
}

/** Of what refers to it: "the DNS accounts cloudflare/home; the notification channels Pager". */
export const namesOf = ({ dnsAccounts: accounts, notificationChannels: channels }: Usage): string =>
  [
    ...(accounts.length > 0
      ? [`the DNS accounts ${accounts.map(({ provider, accountId }) => `${provider}/${accountId}`).join(", ")}`]
      : []),
    ...(channels.length > 0 ? [`the notification channels ${channels.map(({ name }) => name).join(", ")}`] : []),
  ].join("; ");

/** As the API shows it. */
export const shownUsage = ({ dnsAccounts: accounts, notificationChannels: channels, ...names }: Usage) => ({
  dns_accounts: accounts.map(({ provider, accountId }) => ({ provider, account_id: accountId })),
  notification_channels: channels,
  ...names,
});
