/** What an instance sets otherwise than its account: checked against what the account has. */
import { and, eq, sql } from "drizzle-orm";
import type { Authority } from "../authorities/authority";
import { knownAuthority } from "../authorities/catalogue";
import { providers } from "../dns/registry";
import { type FieldProblem, Problem } from "../problems";
import type { Database } from "../storage/database";
import { caAccounts, customAuthorities, dnsAccounts } from "../storage/schema";
import type { CaPreferences, InstanceSettings } from "../storage/tables/instances";
import { isTimeZone } from "./maintenance";

/** What is undefined is the account's again; what is not named stays. */
type Change<Settings> = { [Name in keyof Settings]?: Settings[Name] | undefined };

export interface SettingsChange extends Change<Omit<InstanceSettings, "ca">> {
  ca?: Change<CaPreferences>;
}

export function changedSettings(before: InstanceSettings, change: SettingsChange): InstanceSettings {
  const ca = withoutUndefined({ ...before.ca, ...change.ca });
  return withoutUndefined({ ...before, ...change, ca: Object.keys(ca).length > 0 ? ca : undefined });
}

const withoutUndefined = <Settings extends object>(settings: Change<Settings>): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as Settings;

/** Whose settings they are; a new instance has no id yet. */
interface Subject {
  ownerId: number;
  instanceId: string | null;
}

/** What the settings refer to, as the database has it. */
interface Referred {
  caAccounts: Map<
    string,
    Pick<typeof caAccounts.$inferSelect, "name" | "environment" | "instanceId" | "deactivatedAt">
  >;
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
  return { caAccounts: new Map(accounts.map((account) => [account.id, account])), dnsAccount, customAuthority };
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
  const { preferredCa, caOrder = [] } = ca;
  const refusalOf = (id: string): string | undefined => {
    const account = referred.caAccounts.get(id);
    if (!account) return `There is no CA account ${id}.`;
    const title = `The CA account "${account.name}"`;
    if (account.deactivatedAt !== null) return `${title} was deactivated.`;
    if (account.instanceId !== null && account.instanceId !== instanceId)
      return `${title} is for another instance alone.`;
    if (environment !== undefined && account.environment !== environment)
      return `${title} is for ${account.environment}.`;
    return undefined;
  };
  const named: [member: string, id: string][] = [
    ...(preferredCa ? [["preferred_ca", preferredCa] as [string, string]] : []),
    ...caOrder.map((id, index): [string, string] => [`ca_order/${index}`, id]),
  ];
  const repeated = caOrder.findIndex((id, index) => caOrder.indexOf(id) < index);
  return [
    ...named.flatMap(([member, id]) => {
      const refusal = refusalOf(id);
      return refusal ? [problem(member, refusal)] : [];
    }),
    ...(repeated >= 0 ? [problem(`ca_order/${repeated}`, "The same CA account stands before it already.")] : []),
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
