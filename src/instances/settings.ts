/** What an instance sets otherwise than its account: checked against what the account has. */
import { and, eq, sql } from "drizzle-orm";
import type { Authority } from "../authorities/authority";
import { knownAuthority } from "../authorities/catalogue";
import { providers } from "../dns/registry";
import { type FieldProblem, Problem } from "../problems";
import { type CaPreferencesChange, changedPreferences, preferenceProblems } from "../settings/preferences";
import { isTimeZone } from "../settings/time-zones";
import type { Database } from "../storage/database";
import { caAccounts, customAuthorities, dnsAccounts } from "../storage/schema";
import type { InstanceSettings } from "../storage/tables/instances";

/** What is undefined is the account's again; what is not named stays. */
export type SettingsChange = {
  [Name in Exclude<keyof InstanceSettings, "ca">]?: InstanceSettings[Name] | undefined;
} & {
  ca?: CaPreferencesChange;
};

export function changedSettings(before: InstanceSettings, change: SettingsChange): InstanceSettings {
  const ca = changedPreferences(before.ca ?? null, change.ca ?? {}) ?? undefined;
  const merged = Object.entries({ ...before, ...change, ca }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(merged) as InstanceSettings;
}

type CaAccountRow = typeof caAccounts.$inferSelect;

/** Whose settings they are; a new instance has no id yet. */
interface Subject {
  ownerId: number;
  instanceId: string | null;
}

/** What the settings refer to, as the database has it. */
interface Referred {
  caAccounts: CaAccountRow[];
  dnsAccount: { instanceId: string | null } | undefined;
  customAuthority: { title: string; productionUrl: string | null; stagingUrl: string | null } | undefined;
}

/** Throws 422 that points at each setting that cannot be. */
export async function requireUsable(database: Database, subject: Subject, settings: InstanceSettings): Promise<void> {
  const referred = await referredBy(database, subject.ownerId, settings);
  const errors = [
    ...authorityProblems(settings, referred),
    ...caAccountProblems(settings, referred, subject),
    ...dnsAccountProblems(settings, referred, subject),
    ...windowProblems(settings),
  ];
  const [first] = errors;
  if (!first) return;
  throw new Problem(422, errors.length === 1 ? first.detail : "Some settings cannot be.", { errors });
}

const problem = (member: string, detail: string): FieldProblem => ({ pointer: `/settings/${member}`, detail });

async function referredBy(database: Database, ownerId: number, settings: InstanceSettings): Promise<Referred> {
  const { ca, dnsProvider = "", dnsAccountId = "", authority = "" } = settings;
  const named = JSON.stringify([ca?.preferredCa ?? "", ...(ca?.caOrder ?? [])]);
  const [accounts, [dnsAccount], [customAuthority]] = await database.batch([
    database
      .select()
      .from(caAccounts)
      .where(and(eq(caAccounts.ownerId, ownerId), sql`${caAccounts.id} IN (SELECT value FROM json_each(${named}))`)),
    database
      .select({ instanceId: dnsAccounts.instanceId })
      .from(dnsAccounts)
      .where(
        and(
          eq(dnsAccounts.ownerId, ownerId),
          eq(dnsAccounts.provider, dnsProvider),
          eq(dnsAccounts.accountId, dnsAccountId),
        ),
      ),
    database
      .select()
      .from(customAuthorities)
      .where(and(eq(customAuthorities.ownerId, ownerId), eq(customAuthorities.id, authority))),
  ]);
  return { caAccounts: accounts, dnsAccount, customAuthority };
}

function windowProblems({ maintenanceWindows = [] }: InstanceSettings): FieldProblem[] {
  return maintenanceWindows.flatMap(({ timeZone, days }, index) => {
    const at = (member: string) => `maintenance_windows/${index}/${member}`;
    return [
      ...(isTimeZone(timeZone) ? [] : [problem(at("time_zone"), `There is no time zone "${timeZone}".`)]),
      ...(new Set(days).size === days.length ? [] : [problem(at("days"), "A day is named twice.")]),
    ];
  });
}

function authorityProblems({ authority, environment }: InstanceSettings, { customAuthority }: Referred) {
  if (authority === undefined) return [];
  const known: Authority | undefined = knownAuthority(authority);
  if (!known && !customAuthority) {
    return [problem("authority", `There is no authority "${authority}". GET /api/ca/authorities lists them.`)];
  }
  const title = known?.title ?? customAuthority?.title ?? "";
  if (known?.ended) return [problem("authority", `${title} issues nothing any more since ${known.ended}.`)];
  const directories: Authority["directories"] = known?.directories ?? {
    ...(customAuthority?.productionUrl ? { production: customAuthority.productionUrl } : {}),
    ...(customAuthority?.stagingUrl ? { staging: customAuthority.stagingUrl } : {}),
  };
  // One whose customers have directories of their own says so by its CA accounts.
  const isOpen = Object.keys(directories).length === 0;
  if (environment === undefined || isOpen || directories[environment]) return [];
  return [problem("environment", `${title} has no ${environment} directory.`)];
}

function caAccountProblems({ ca = {}, environment }: InstanceSettings, referred: Referred, { instanceId }: Subject) {
  const refusalOf = ({ name, ...account }: CaAccountRow): string | undefined => {
    const title = `The CA account "${name}"`;
    if (account.deactivatedAt !== null) return `${title} was deactivated.`;
    if (account.instanceId !== null && account.instanceId !== instanceId) {
      return `${title} is for another instance alone.`;
    }
    return environment === undefined || account.environment === environment
      ? undefined
      : `${title} is for ${account.environment}.`;
  };
  const named: [member: string, id: string][] = [
    ["preferred_ca", ca.preferredCa ?? ""],
    ...(ca.caOrder ?? []).map((id, index): [string, string] => [`ca_order/${index}`, id]),
  ];
  return [
    ...preferenceProblems(ca, referred.caAccounts).map(({ pointer, detail }) => problem(pointer.slice(1), detail)),
    ...named.flatMap(([member, id]) => {
      const account = referred.caAccounts.find((one) => one.id === id);
      const refusal = account && refusalOf(account);
      return refusal ? [problem(member, refusal)] : [];
    }),
  ];
}

function dnsAccountProblems(settings: InstanceSettings, { dnsAccount }: Referred, { instanceId }: Subject) {
  const { dnsProvider, dnsAccountId } = settings;
  if (dnsProvider === undefined) {
    return dnsAccountId === undefined
      ? []
      : [problem("dns_account_id", "dns_account_id needs the dns_provider whose account it is.")];
  }
  if (!Object.hasOwn(providers, dnsProvider)) {
    const detail = `There is no DNS provider "${dnsProvider}". GET /api/dns/providers lists them.`;
    return [problem("dns_provider", detail)];
  }
  if (dnsAccountId === undefined) return [];
  if (!dnsAccount) return [problem("dns_account_id", `There is no ${dnsProvider} account "${dnsAccountId}".`)];
  if (dnsAccount.instanceId === null || dnsAccount.instanceId === instanceId) return [];
  return [problem("dns_account_id", `The ${dnsProvider} account "${dnsAccountId}" is for another instance alone.`)];
}
