/** DNS accounts as the API takes and shows them. Both of CertMate's forms are taken: the one it documents, and the one it reads. */
import { z } from "@hono/zod-openapi";
import { knownProvider } from "../../dns-accounts/providers";
import type {
  DnsAccountChange as Change,
  DnsAccountRow,
  DnsAccounts,
  NewDnsAccount as NewAccount,
} from "../../dns-accounts/service";
import { Problem } from "../../problems";
import { allowedRecords, type DnsAccountTest } from "../../storage/schema";
import { instant } from "../schemas";

export const Identifier = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, "Letters, digits, dots, dashes and underscores, 63 at most.");

const credentials = z.record(z.string(), z.unknown());

const settings = {
  name: z.string().trim().min(1).max(255).optional(),
  description: z.string().trim().max(1000).nullable().optional(),
  nameservers: z
    .array(z.string().regex(/^[A-Za-z0-9.:[\]-]+$/, "A host, or host:port."))
    .max(10)
    .optional()
    .describe("Servers that are asked whether a value is visible, instead of the zone's NS records"),
  allowed_zones: z
    .array(z.string().min(1).max(253).toLowerCase())
    .max(100)
    .nullable()
    .optional()
    .describe("The zones that it may be used for, with all below them; null for every zone"),
  allowed_records: z
    .array(z.enum(allowedRecords))
    .nullable()
    .optional()
    .describe("The records that it may be used for; null for all"),
  enabled: z.boolean().optional(),
  set_as_default: z.boolean().optional(),
  credentials: credentials.optional().describe("The provider's fields: GET /api/dns/providers lists them"),
  config: credentials.optional().describe("The same as credentials"),
  credential_id: z
    .uuid()
    .nullish()
    .describe(
      "A stored credential in place of the fields: of the provider's own kind, or an API token where that fits",
    ),
  instance_id: z.uuid().nullish().describe("Only certificates of this instance may use it; null for everything"),
};

export const NewDnsAccount = z
  .strictObject({ account_id: Identifier.describe("Your own identifier of the account: production"), ...settings })
  .openapi("NewDnsAccount");

/** Beside these, the provider's own fields may stand at the top. */
export const DnsAccountChange = z.looseObject(settings).openapi("DnsAccountChange");

const Step = z.object({
  step: z.enum(["zones", "write", "visible", "remove"]),
  ok: z.boolean(),
  milliseconds: z.number(),
  detail: z.string(),
});

export const TestResult = z
  .object({ ok: z.boolean(), tested_at: z.string(), zone: z.string().nullable(), steps: z.array(Step) })
  .openapi("DnsAccountTest");

export const DnsAccount = z
  .object({
    account_id: z.string(),
    provider: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    credentials: credentials.describe("Secrets are masked"),
    credential_id: z.uuid().nullable().describe("The stored credential that they come from"),
    instance_id: z.uuid().nullable(),
    nameservers: z.array(z.string()),
    allowed_zones: z.array(z.string()).nullable(),
    allowed_records: z.array(z.enum(allowedRecords)).nullable(),
    enabled: z.boolean(),
    is_default: z.boolean(),
    last_test: TestResult.nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("DnsAccount");

export const toTestResult = ({ ok, at, zone, steps }: DnsAccountTest): z.infer<typeof TestResult> => ({
  ok,
  tested_at: instant(at),
  zone,
  steps,
});

export async function toDnsAccounts(
  rows: DnsAccountRow[],
  service: Pick<DnsAccounts, "masked">,
): Promise<z.infer<typeof DnsAccount>[]> {
  const masked = await service.masked(rows);
  return rows.map((row, index) => toDnsAccount(row, masked[index] ?? {}));
}

const toDnsAccount = (row: DnsAccountRow, shown: Record<string, unknown>): z.infer<typeof DnsAccount> => ({
  account_id: row.accountId,
  provider: row.provider,
  name: row.name,
  description: row.description,
  credentials: shown,
  credential_id: row.credentialId,
  instance_id: row.instanceId,
  nameservers: row.nameservers,
  allowed_zones: row.allowedZones,
  allowed_records: row.allowedRecords,
  enabled: row.disabledAt === null,
  is_default: row.isDefault,
  last_test: row.lastTest && toTestResult(row.lastTest),
  created_at: instant(row.createdAt),
  updated_at: instant(row.updatedAt),
});

export function newAccountOf(input: z.infer<typeof NewDnsAccount>): NewAccount {
  return {
    accountId: input.account_id,
    name: input.name ?? input.account_id,
    description: input.description ?? null,
    credentials: { ...input.config, ...input.credentials },
    credentialId: input.credential_id ?? null,
    instanceId: input.instance_id ?? null,
    nameservers: input.nameservers ?? [],
    allowedZones: input.allowed_zones ?? null,
    allowedRecords: input.allowed_records ?? null,
    enabled: input.enabled ?? true,
    setAsDefault: input.set_as_default ?? false,
  };
}

/** Throws 422 for a member that is neither a setting nor a field of the provider's. */
export function changeOf(providerId: string, input: z.infer<typeof DnsAccountChange>): Change {
  const flat = Object.entries(input).filter(([name]) => !Object.hasOwn(settings, name));
  const provider = knownProvider(providerId);
  const fields = provider.credentialFields().map(({ name }) => name);
  const errors = flat
    .filter(([name]) => !fields.includes(name))
    .map(([name]) => ({ pointer: `/${name}`, detail: `There is no field "${name}" here.` }));
  if (errors.length > 0) {
    const known = [...Object.keys(settings), ...fields].join(", ");
    throw new Problem(422, `Some fields are unknown. There are: ${known}.`, { errors });
  }
  const given = { ...Object.fromEntries(flat), ...input.config, ...input.credentials };
  const { name, description, nameservers, allowed_zones, allowed_records, enabled, set_as_default } = input;
  const { credential_id, instance_id } = input;
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(nameservers === undefined ? {} : { nameservers }),
    ...(allowed_zones === undefined ? {} : { allowedZones: allowed_zones }),
    ...(allowed_records === undefined ? {} : { allowedRecords: allowed_records }),
    ...(enabled === undefined ? {} : { enabled }),
    ...(credential_id === undefined ? {} : { credentialId: credential_id }),
    ...(instance_id === undefined ? {} : { instanceId: instance_id }),
    ...(set_as_default === undefined ? {} : { setAsDefault: set_as_default }),
    ...(Object.keys(given).length === 0 ? {} : { credentials: given }),
  };
}
