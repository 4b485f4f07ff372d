/** Authorities as the API takes and shows them. */
import { z } from "@hono/zod-openapi";
import type { Authority as KnownAuthority } from "../../authorities/authority";
import { capabilitiesOf } from "../../authorities/capabilities";
import { CATALOGUE_DATE } from "../../authorities/catalogue";
import { authorityFrom, type CustomAuthorityRow, type CustomAuthoritySettings } from "../../authorities/custom";
import { type DirectoryRow, readOf } from "../../authorities/directories";
import { keyTypes } from "../../pki/keys";
import type { AuthoritySupport, RateLimits } from "../../storage/tables/authorities";
import { instant, maybeInstant } from "../schemas";

const Supports = z
  .strictObject({
    wildcard: z.boolean().optional(),
    ip_addresses: z.boolean().optional(),
    max_names: z.number().int().min(1).max(1000).optional(),
    only_name_and_its_www: z.boolean().optional(),
    key_types: z.array(z.enum(keyTypes)).min(1).optional(),
    lifetime_days: z.number().positive().max(36_500).optional(),
  })
  .describe("What it issues; what is left out is not known, and is let pass");

const settings = {
  title: z.string().trim().min(1).max(255),
  production_url: z.string().max(2048).nullable().optional().describe("The ACME directory"),
  staging_url: z.string().max(2048).nullable().optional().describe("The ACME directory for trials"),
  roots_pem: z
    .string()
    .max(65_536)
    .nullable()
    .optional()
    .describe("Certificates, PEM: a chain that leads to none of them is refused"),
  supports: Supports.optional(),
};

export const NewAuthority = z.strictObject(settings).openapi("NewAuthority");
export const AuthorityChange = z
  .strictObject({ ...settings, title: settings.title.optional() })
  .openapi("AuthorityChange");

/** Without a name in the document: a schema that has one cannot be null there. */
export const DirectoryAnswer = z.object({
  url: z.string(),
  read_at: z.string().nullable().describe("When it said what stands here"),
  problem: z.string().nullable().describe("Why it could not be read since"),
  profiles: z.record(z.string(), z.string()).nullable(),
  renewal_information: z.boolean().nullable().describe("RFC 9773"),
  external_account_required: z.boolean().nullable(),
  terms_of_service: z.string().nullable(),
  website: z.string().nullable(),
  caa_identities: z.array(z.string()).nullable(),
});

const Limit = z.object({ most: z.number().int(), window_seconds: z.number().int() });

const Limits = z.object({
  orders_per_account: Limit.nullable(),
  certificates_per_registered_domain: Limit.nullable(),
  certificates_per_name_set: Limit.nullable(),
  failed_validations_per_name: Limit.nullable(),
  replacements_are_free: z.boolean().describe("An order that replaces a certificate (RFC 9773) is not counted"),
});

const Profile = z.object({
  profile: z.string().nullable().describe("null: what an order gets that names none"),
  offered: z.boolean().nullable().describe("null: not known"),
  wildcard: z.boolean().nullable(),
  ip_addresses: z.boolean().nullable(),
  max_names: z.number().int().nullable(),
  only_name_and_its_www: z.boolean(),
  key_types: z.array(z.enum(keyTypes)).nullable(),
  lifetime_days: z.number().nullable(),
});

export const Authority = z
  .object({
    id: z.string(),
    title: z.string(),
    is_own: z.boolean().describe("Added by this account, not of the catalogue"),
    production_url: z.string().nullable(),
    staging_url: z.string().nullable(),
    customer_directories: z
      .object({ hosts: z.array(z.string()), example: z.string() })
      .nullable()
      .describe("Where each customer has a directory of their own"),
    external_account_required: z.boolean(),
    external_account_help: z.string().nullable(),
    profiles: z.array(Profile),
    limits: z.object({ production: Limits.nullable(), staging: Limits.nullable() }),
    caa_identities: z.array(z.string()),
    website: z.string().nullable(),
    roots_pem: z.string().nullable(),
    ended: z.string().nullable().describe("Since when it issues nothing any more"),
    as_of: z.string().describe("When this was compared with what the authority publishes"),
    directories: z.array(DirectoryAnswer).describe("What its directories said themselves; that wins"),
  })
  .openapi("Authority");

export const toDirectory = ({ url, facts, problem, fetchedAt }: DirectoryRow): z.infer<typeof DirectoryAnswer> => ({
  url,
  read_at: maybeInstant(fetchedAt),
  problem,
  profiles: facts?.profiles ?? null,
  renewal_information: facts?.renewalInformation ?? null,
  external_account_required: facts?.externalAccountRequired ?? null,
  terms_of_service: facts?.termsOfService ?? null,
  website: facts?.website ?? null,
  caa_identities: facts?.caaIdentities ?? null,
});

interface Shown {
  id: string;
  authority: KnownAuthority;
  own?: CustomAuthorityRow;
  read: Map<string, DirectoryRow>;
  now: number;
}

export const fromCatalogue = (id: string, authority: KnownAuthority, read: Shown["read"], now: number) =>
  toAuthority({ id, authority, read, now });

export const fromOwn = (own: CustomAuthorityRow, read: Shown["read"], now: number) =>
  toAuthority({ id: own.id, authority: authorityFrom(own), own, read, now });

function toAuthority({ id, authority, own, read, now }: Shown): z.infer<typeof Authority> {
  const { production, staging } = authority.directories;
  const rows = [production, staging].flatMap((url) => (url && read.get(url)) || []);
  const [live] = rows.map(readOf);
  const { externalAccountRequired, caaIdentities, website } = capabilitiesOf(authority, live, null, now);
  const names = new Set([...Object.keys(authority.profiles), ...Object.keys(live?.facts.profiles ?? {})]);
  return {
    id,
    title: authority.title,
    is_own: own !== undefined,
    production_url: production ?? null,
    staging_url: staging ?? null,
    customer_directories: authority.customerDirectories ?? null,
    external_account_required: externalAccountRequired,
    external_account_help: authority.externalAccountHelp ?? null,
    profiles: [...names].map((name) => toProfile(name || null, capabilitiesOf(authority, live, name || null, now))),
    limits: { production: toLimits(authority.limits.production), staging: toLimits(authority.limits.staging) },
    caa_identities: caaIdentities,
    website: website ?? null,
    roots_pem: own?.rootsPem ?? null,
    ended: authority.ended ?? null,
    as_of: own ? instant(own.updatedAt) : CATALOGUE_DATE,
    directories: rows.map(toDirectory),
  };
}

const toProfile = (profile: string | null, can: AuthoritySupport & { offersProfile?: boolean }) => ({
  profile,
  offered: can.offersProfile ?? null,
  wildcard: can.wildcard ?? null,
  ip_addresses: can.ipAddresses ?? null,
  max_names: can.maxNames ?? null,
  only_name_and_its_www: can.onlyNameAndItsWww ?? false,
  key_types: can.keyTypes ?? null,
  lifetime_days: can.lifetimeDays ?? null,
});

function toLimits(limits: RateLimits | undefined): z.infer<typeof Limits> | null {
  if (!limits) return null;
  const limit = (given: RateLimits["ordersPerAccount"]) =>
    given ? { most: given.most, window_seconds: given.window / 1000 } : null;
  return {
    orders_per_account: limit(limits.ordersPerAccount),
    certificates_per_registered_domain: limit(limits.certificatesPerRegisteredDomain),
    certificates_per_name_set: limit(limits.certificatesPerNameSet),
    failed_validations_per_name: limit(limits.failedValidationsPerName),
    replacements_are_free: limits.replacementsAreFree ?? false,
  };
}

/** What was given of an authority, as the service takes it; URLs are not looked at here. */
export function settingsOf(input: z.infer<typeof AuthorityChange>): Partial<CustomAuthoritySettings> {
  const { title, production_url, staging_url, roots_pem, supports } = input;
  return {
    ...(title === undefined ? {} : { title }),
    ...(production_url === undefined ? {} : { productionUrl: production_url }),
    ...(staging_url === undefined ? {} : { stagingUrl: staging_url }),
    ...(roots_pem === undefined ? {} : { rootsPem: roots_pem }),
    ...(supports === undefined ? {} : { supports: supportOf(supports) }),
  };
}

const supportOf = (given: z.infer<typeof Supports>): AuthoritySupport => ({
  ...(given.wildcard === undefined ? {} : { wildcard: given.wildcard }),
  ...(given.ip_addresses === undefined ? {} : { ipAddresses: given.ip_addresses }),
  ...(given.max_names === undefined ? {} : { maxNames: given.max_names }),
  ...(given.only_name_and_its_www === undefined ? {} : { onlyNameAndItsWww: given.only_name_and_its_www }),
  ...(given.key_types === undefined ? {} : { keyTypes: given.key_types }),
  ...(given.lifetime_days === undefined ? {} : { lifetimeDays: given.lifetime_days }),
});
