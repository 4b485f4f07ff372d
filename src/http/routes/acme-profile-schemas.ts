/** How profiles of the ACME server, their keys and their accounts look in the API. */
import { z } from "@hono/zod-openapi";
import type { ClientAccount } from "../../acme-profiles/client-accounts";
import type { ExternalAccountKeyRow } from "../../acme-profiles/external-account-keys";
import type { AcmeProfileRow } from "../../acme-profiles/service";
import { instant, maybeInstant } from "../schemas";

const Names = z
  .array(z.string().min(1).max(255))
  .min(1)
  .max(100)
  .nullable()
  .describe("home.example.com, *.example.com for all names below it, or 192.0.2.7; null is all names");

const settings = {
  title: z.string().trim().min(1).max(100),
  allowed_names: Names,
  lifetime_days: z
    .number()
    .int()
    .min(1)
    .max(90)
    .nullable()
    .describe("Of its certificates; null is as long as the CA gives"),
  eab_required: z.boolean().describe("Whether accounts are made with an external account key only"),
  website: z
    .url({ protocol: /^https?$/ })
    .max(500)
    .nullable(),
  is_default: z.boolean().describe("Whether it is at /acme/directory too; for administrators to say"),
};

export const NewAcmeProfile = z
  .strictObject({
    slug: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, "Lower-case letters, digits and inner dashes, at most 63.")
      .describe("In its address: /acme/{slug}/directory"),
    title: settings.title,
    allowed_names: settings.allowed_names.default(null),
    lifetime_days: settings.lifetime_days.default(null),
    eab_required: settings.eab_required.default(true),
    website: settings.website.default(null),
    is_default: settings.is_default.default(false),
  })
  .openapi("NewAcmeProfile");

export const AcmeProfileChange = z.strictObject(settings).partial().openapi("AcmeProfileChange");

export const AcmeProfile = z
  .object({
    id: z.uuid(),
    slug: z.string(),
    directory_url: z.url().describe("What clients are told as their server"),
    mode: z.enum(["builtin"]).describe("Who signs: the built-in CA"),
    ...settings,
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("AcmeProfile");

export const NewExternalAccountKey = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    reusable: z.boolean().default(false).describe("Whether it makes more than one account"),
    allowed_names: Names.optional().describe(
      "The names that its accounts may have; without them, those of the profile. Who registered with it need not prove them",
    ),
    allowed_networks: z
      .array(z.string().max(64))
      .max(50)
      .default([])
      .describe("Where accounts may be made from; [] is everywhere"),
    instance_id: z.uuid().nullable().default(null).describe("What its accounts are for"),
    expires_at: z.iso
      .datetime({ offset: true, error: "It has to be an instant, as in 2027-01-15T10:30:00Z." })
      .nullable()
      .default(null)
      .describe("From then on it makes no account; those that it made go on"),
  })
  .openapi("NewExternalAccountKey");

export const ExternalAccountKey = z
  .object({
    id: z.uuid().describe("The kid"),
    name: z.string(),
    reusable: z.boolean(),
    allowed_names: z.array(z.string()).nullable(),
    allowed_networks: z.array(z.string()),
    instance_id: z.string().nullable(),
    expires_at: z.string().nullable(),
    last_used_at: z.string().nullable(),
    last_account_id: z.string().nullable().describe("The account that it made last"),
    revoked_at: z.string().nullable(),
    created_at: z.string(),
  })
  .openapi("ExternalAccountKey");

export const ExternalAccountKeyCreated = ExternalAccountKey.extend({
  hmac_key: z.string().describe("In base64url, as clients take it; shown this once"),
  commands: z
    .object({ certbot: z.string(), lego: z.string(), acme_sh: z.string(), caddy: z.string() })
    .describe("What is pasted into each client"),
}).openapi("ExternalAccountKeyCreated");

export const AcmeClientAccount = z
  .object({
    id: z.uuid(),
    status: z.enum(["valid", "deactivated", "revoked"]),
    contact: z.array(z.string()),
    external_account_key: z.object({ id: z.string(), name: z.string().nullable() }).nullable(),
    created_at: z.string(),
  })
  .openapi("AcmeClientAccount");

export const directoryUrl = (origin: string, slug: string): string => `${origin}/acme/${slug}/directory`;

export const toProfile = (row: AcmeProfileRow, origin: string): z.infer<typeof AcmeProfile> => ({
  id: row.id,
  slug: row.slug,
  directory_url: directoryUrl(origin, row.slug),
  mode: row.mode,
  title: row.title,
  allowed_names: row.allowedNames,
  lifetime_days: row.lifetimeDays,
  eab_required: row.eabRequired,
  website: row.website,
  is_default: row.isDefault,
  created_at: instant(row.createdAt),
  updated_at: instant(row.updatedAt),
});

export const toKey = (row: ExternalAccountKeyRow): z.infer<typeof ExternalAccountKey> => ({
  id: row.id,
  name: row.name,
  reusable: row.isReusable,
  allowed_names: row.allowedNames,
  allowed_networks: row.allowedNetworks,
  instance_id: row.instanceId,
  expires_at: maybeInstant(row.expiresAt),
  last_used_at: maybeInstant(row.lastUsedAt),
  last_account_id: row.lastAccountId,
  revoked_at: maybeInstant(row.revokedAt),
  created_at: instant(row.createdAt),
});

export const toClientAccount = (account: ClientAccount): z.infer<typeof AcmeClientAccount> => {
  const { id, status, contact, externalAccountKeyId, externalAccountKeyName, createdAt } = account;
  const key = externalAccountKeyId === null ? null : { id: externalAccountKeyId, name: externalAccountKeyName };
  return { id, status, contact, external_account_key: key, created_at: instant(createdAt) };
};
