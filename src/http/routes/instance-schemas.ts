/** How instances look in the API, and what is given for one. */
import { z } from "@hono/zod-openapi";
import type { InstanceRow } from "../../instances/bindings";
import { type Counts, type Installation as Installed, installationStates } from "../../instances/installed";
import type { InstanceChange as Change, NewInstance as New } from "../../instances/service";
import type { SettingsChange } from "../../instances/settings";
import { instanceKinds } from "../../storage/schema";
import { environments, type InstanceSettings, type MaintenanceWindow, weekdays } from "../../storage/tables/instances";
import { instant, maybeInstant } from "../schemas";
import { KeyType } from "./certificate-input";
import { caPreferenceFields, caPreferencesOf, RenewalRule, toCaPreferences } from "./preference-schemas";

const Time = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "A time is written as 22:30.")
  .describe("By the clock of the time zone");

const Window = z
  .strictObject({
    days: z.array(z.enum(weekdays)).min(1).max(7).describe("The days on which it opens"),
    start: Time,
    end: Time.describe("Not after the start: on the next day"),
    time_zone: z.string().min(1).max(64).describe("Europe/Berlin"),
  })
  .openapi("MaintenanceWindow");

/** Of a body; null is what the account has. */
const settingFields = {
  ...caPreferenceFields,
  authority: z.string().min(1).max(64).nullable().describe("What its new certificates have to come from"),
  environment: z.enum(environments).nullable(),
  dns_provider: z.string().min(1).max(64).nullable(),
  dns_account_id: z.string().min(1).max(64).nullable(),
  key_type: KeyType.nullable(),
  renewal: RenewalRule.nullable(),
  reuse_key: z.boolean().nullable().describe("Whether a renewal keeps the private key"),
  maintenance_windows: z.array(Window).max(20).nullable().describe("When it may be given something new; none: always"),
};

const GivenSettings = z.strictObject(settingFields).partial().openapi("NewInstanceSettings");
const Settings = z.object({ ...settingFields, key_type: z.string().nullable() }).openapi("InstanceSettings");

export const Name = z.string().trim().min(1).max(100);
export const Tag = z
  .string()
  .trim()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._:/=@+-]*$/u, "A tag has letters, digits, spaces and . _ : / = @ + -")
  .max(64);
export const Kind = z.enum(instanceKinds);
const Tags = z
  .array(Tag)
  .max(50)
  .transform((tags) => [...new Set(tags)])
  .openapi({ type: "array", items: { type: "string" }, maxItems: 50 });

export const NewInstance = z
  .strictObject({
    name: Name,
    kind: Kind.default("server"),
    tags: Tags.default([]),
    settings: GivenSettings.default({}),
  })
  .openapi("NewInstance");

/** What is not given stays. */
export const InstanceChange = z
  .strictObject({ name: Name, kind: Kind, tags: Tags, settings: GivenSettings })
  .partial()
  .openapi("InstanceChange");

const count = z.number().int();

export const Instance = z
  .object({
    id: z.uuid(),
    name: z.string(),
    kind: Kind,
    tags: z.array(z.string()),
    settings: Settings,
    certificates: z
      .object({ in_sync: count, behind: count, failed: count, unknown: count })
      .describe("How many of its certificates it has installed as they should be, and how many not"),
    reported_at: z.string().nullable().describe("When it last said what it has installed"),
    reporter: z.record(z.string(), z.string()).nullable().describe("What it said of itself"),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Instance");

const toWindow = ({ timeZone, ...rest }: MaintenanceWindow) => ({ ...rest, time_zone: timeZone });
const windowOf = ({ time_zone, ...rest }: z.infer<typeof Window>): MaintenanceWindow => ({
  ...rest,
  timeZone: time_zone,
});

const toSettings = (settings: InstanceSettings): z.infer<typeof Settings> => ({
  ...toCaPreferences(settings.ca ?? {}),
  authority: settings.authority ?? null,
  environment: settings.environment ?? null,
  dns_provider: settings.dnsProvider ?? null,
  dns_account_id: settings.dnsAccountId ?? null,
  key_type: settings.keyType ?? null,
  renewal: settings.renewal ?? null,
  reuse_key: settings.reuseKey ?? null,
  maintenance_windows: settings.maintenanceWindows?.map(toWindow) ?? null,
});

/** The settings that were given, by our names; null, which is the account's, is undefined here. */
function settingsOf(given: z.infer<typeof GivenSettings>): SettingsChange {
  const named = {
    authority: given.authority,
    environment: given.environment,
    dnsProvider: given.dns_provider,
    dnsAccountId: given.dns_account_id,
    keyType: given.key_type,
    renewal: given.renewal,
    reuseKey: given.reuse_key,
    maintenanceWindows: given.maintenance_windows?.map(windowOf) ?? given.maintenance_windows,
  };
  const said = Object.entries(named).filter(([, value]) => value !== undefined);
  const changes = Object.fromEntries(said.map(([name, value]) => [name, value ?? undefined])) as SettingsChange;
  // A pin to an account is one to its provider: another provider alone leaves the account open.
  if (given.dns_provider !== undefined && given.dns_account_id === undefined) changes.dnsAccountId = undefined;
  return { ...changes, ca: caPreferencesOf(given) };
}

export const newInstanceOf = ({ settings, ...rest }: z.infer<typeof NewInstance>): New => ({
  ...rest,
  settings: settingsOf(settings),
});

export const changeOf = ({ name, kind, tags, settings }: z.infer<typeof InstanceChange>): Change => ({
  ...(name === undefined ? {} : { name }),
  ...(kind === undefined ? {} : { kind }),
  ...(tags === undefined ? {} : { tags }),
  ...(settings === undefined ? {} : { settings: settingsOf(settings) }),
});

const Fingerprint = z.string().describe("SHA-256 of the leaf");

/** What an instance has installed of one certificate. */
export const Installation = z
  .object({
    instance_id: z.uuid(),
    state: z
      .enum(installationStates)
      .describe(
        "`behind`: another version than the newest; `failed`: it could not be installed; `unknown`: not reported",
      ),
    fingerprint_sha256: Fingerprint.nullable(),
    installed_at: z.string().nullable(),
    reported_at: z.string().nullable(),
    problem: z.string().nullable().describe("In the instance's words"),
    newest: z
      .object({ fingerprint_sha256: Fingerprint, issued_at: z.string(), not_after: z.string() })
      .nullable()
      .describe("What should be installed; null before the first was issued"),
  })
  .openapi("Installation");

export const InstalledCertificate = Installation.omit({ instance_id: true })
  .extend({ domain: z.string() })
  .openapi("InstalledCertificate");

export const toInstallation = (one: Installed): z.infer<typeof Installation> => ({
  instance_id: one.instanceId,
  state: one.state,
  fingerprint_sha256: one.fingerprint,
  installed_at: maybeInstant(one.installedAt),
  reported_at: maybeInstant(one.reportedAt),
  problem: one.problem,
  newest: one.current && {
    fingerprint_sha256: one.current.fingerprint,
    issued_at: instant(one.current.issuedAt),
    not_after: instant(one.current.notAfter),
  },
});

export function toInstalledCertificate(one: Installed): z.infer<typeof InstalledCertificate> {
  const { instance_id, ...rest } = toInstallation(one);
  return { domain: one.domain, ...rest };
}

export const noCertificates: Counts = { in_sync: 0, behind: 0, failed: 0, unknown: 0 };

export const toInstance = (row: InstanceRow, certificates = noCertificates): z.infer<typeof Instance> => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  tags: row.tags,
  settings: toSettings(row.settings),
  certificates,
  reported_at: maybeInstant(row.reportedAt),
  reporter: row.reporter,
  created_at: instant(row.createdAt),
  updated_at: instant(row.updatedAt),
});
