/** Stored credentials as the API takes and shows them. */
import { z } from "@hono/zod-openapi";
import type { CredentialField } from "../../dns/credential-fields";
import type { CredentialTest } from "../../storage/schema";
import type { CredentialKind } from "../../stored-credentials/kinds";
import {
  type CredentialChange as Change,
  masked,
  type NewCredential as New,
  type OpenCredential,
} from "../../stored-credentials/service";
import { canBeTested } from "../../stored-credentials/trials";
import type { VersionRow } from "../../stored-credentials/versions";
import { instant, maybeInstant } from "../schemas";

const Fields = z.record(z.string(), z.unknown());

const when = (what: string) =>
  z.iso
    .datetime({ offset: true, error: "It has to be an instant, as in 2027-01-15T10:30:00Z." })
    .transform(Date.parse)
    .nullish()
    .describe(what);

const settings = {
  description: z.string().trim().max(1000).nullish(),
  instance_id: z.uuid().nullish().describe("Only what is bound to this instance may use it; null for everything"),
  may_be_unlocked: z
    .boolean()
    .optional()
    .describe("Whether its secrets may be shown again; to set it later takes all secrets anew"),
  expires_at: when("When the secret ends by itself"),
  remind_at: when("When you are told; by default 14 days before it ends"),
};

const name = z.string().trim().min(1).max(255);

export const NewCredential = z
  .strictObject({
    name,
    kind: z.string().max(64).describe("GET /api/credentials/kinds lists them, with their fields"),
    fields: Fields,
    ...settings,
  })
  .openapi("NewCredential");

export const CredentialChange = z
  .strictObject({
    name: name.optional(),
    fields: Fields.optional().describe("Those that are not given stay, and so do secrets that are given masked"),
    ...settings,
  })
  .openapi("CredentialChange");

export const Field = z.object({
  name: z.string(),
  title: z.string(),
  help: z.string(),
  secret: z.boolean(),
  optional: z.boolean(),
  multiline: z.boolean(),
  address: z.boolean().describe("Says where to the secrets are sent: with another one, they have to be given anew"),
  options: z.array(z.string()).nullable().describe("The values that there are; null where it is free"),
}) satisfies z.ZodType<CredentialField>;

export const Kind = z
  .object({
    id: z.string(),
    title: z.string(),
    help: z.string(),
    can_be_tested: z.boolean().describe("Whether POST /api/credentials/{id}/test knows how to"),
    fields: z.array(Field),
  })
  .openapi("CredentialKind");

export const toKind = (kind: CredentialKind): z.infer<typeof Kind> => ({
  id: kind.id,
  title: kind.title,
  help: kind.help,
  can_be_tested: canBeTested(kind),
  fields: kind.credentialFields(),
});

export const Test = z.object({ ok: z.boolean(), tested_at: z.string(), detail: z.string() }).openapi("CredentialTest");

export const toTest = ({ ok, at, detail }: CredentialTest) => ({ ok, tested_at: instant(at), detail });

export const Credential = z
  .object({
    id: z.uuid(),
    name: z.string(),
    kind: z.string(),
    description: z.string().nullable(),
    fields: Fields.describe("Secrets are masked"),
    version: z.number().int(),
    instance_id: z.uuid().nullable(),
    may_be_unlocked: z.boolean(),
    expires_at: z.string().nullable(),
    remind_at: z.string().nullable().describe("When you are told next; null when there is nothing to tell any more"),
    last_test: Test.nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Credential");

export function toCredential(credential: OpenCredential): z.infer<typeof Credential> {
  const { row } = credential;
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    description: row.description,
    fields: masked(credential),
    version: row.version,
    instance_id: row.instanceId,
    may_be_unlocked: row.mayBeUnlocked,
    expires_at: maybeInstant(row.expiresAt),
    remind_at: maybeInstant(row.remindAt),
    last_test: row.lastTest && toTest(row.lastTest),
    created_at: instant(row.createdAt),
    updated_at: instant(row.updatedAt),
  };
}

export const Version = z.object({
  version: z.number().int(),
  created_at: z.string(),
  created_by: z.string(),
  copy_of: z.number().int().nullable().describe("The version that it brought back"),
  in_use: z.boolean(),
});

export const toVersion = (row: VersionRow, inUse: number): z.infer<typeof Version> => ({
  version: row.version,
  created_at: instant(row.createdAt),
  created_by: row.createdBy,
  copy_of: row.copyOf,
  in_use: row.version === inUse,
});

export const Usage = z
  .object({
    dns_accounts: z.array(z.object({ provider: z.string(), account_id: z.string() })),
    notification_channels: z.array(z.object({ id: z.string(), name: z.string() })),
    certificates: z.array(z.string()).describe("Pinned to one of those DNS accounts; 1000 at most"),
    domains: z.array(z.string()).describe("Written by one of those DNS accounts; 1000 at most"),
  })
  .openapi("CredentialUsage");

export const newCredentialOf = (input: z.infer<typeof NewCredential>): New => ({
  name: input.name,
  kind: input.kind,
  fields: input.fields,
  description: input.description ?? null,
  instanceId: input.instance_id ?? null,
  mayBeUnlocked: input.may_be_unlocked ?? false,
  expiresAt: input.expires_at,
  remindAt: input.remind_at,
});

export const changeOf = (input: z.infer<typeof CredentialChange>): Change => ({
  ...(input.name === undefined ? {} : { name: input.name }),
  ...(input.fields === undefined ? {} : { fields: input.fields }),
  ...(input.description === undefined ? {} : { description: input.description }),
  ...(input.instance_id === undefined ? {} : { instanceId: input.instance_id }),
  ...(input.may_be_unlocked === undefined ? {} : { mayBeUnlocked: input.may_be_unlocked }),
  expiresAt: input.expires_at,
  remindAt: input.remind_at,
});
