/** CA accounts as the API takes and shows them. */
import { z } from "@hono/zod-openapi";
import type { DirectoryRow } from "../../authorities/directories";
import type { CaAccountTest } from "../../ca-accounts/account-test";
import type {
  CaAccountRow,
  CaAccountChange as Change,
  ImportedCaAccount,
  NewCaAccount as New,
} from "../../ca-accounts/service";
import { environments } from "../../storage/tables/instances";
import { instant, maybeInstant } from "../schemas";
import { DirectoryAnswer, toDirectory } from "./authority-schemas";

const contact = z
  .union([z.email().transform((address) => [address]), z.array(z.email()).max(5)])
  .describe("E-mail addresses that the authority may write to");

const externalAccount = {
  eab_kid: z.string().min(1).max(1024).optional().describe("External account binding: the key's identifier"),
  eab_hmac_key: z
    .string()
    .regex(/^[A-Za-z0-9_-]+=*$/, "The HMAC key is base64url.")
    .max(1024)
    .optional(),
};

const goTogether = {
  message: "eab_kid and eab_hmac_key go together.",
  path: ["eab_kid"],
};
const isWhole = (input: { eab_kid?: string | undefined; eab_hmac_key?: string | undefined }) =>
  (input.eab_kid === undefined) === (input.eab_hmac_key === undefined);

const name = z.string().trim().min(1).max(255);
const authority = z
  .string()
  .min(1)
  .max(64)
  .describe("An id that GET /api/ca/authorities lists, or custom with a directory_url");
const directoryUrl = z
  .string()
  .max(2048)
  .optional()
  .describe("The ACME directory, where the authority has none for all");
const preferredChain = z.string().max(255).describe("Common name of the topmost issuer of the wanted chain");
const instanceId = z.uuid().describe("Only certificates of this instance may use it");

export const NewCaAccount = z
  .strictObject({
    name,
    authority,
    environment: z.enum(environments).default("production"),
    directory_url: directoryUrl,
    contact: contact.default([]),
    preferred_chain: preferredChain.optional(),
    ...externalAccount,
    terms_agreed: z
      .boolean()
      .default(false)
      .describe("That you agree to the authority's terms; a refusal says where they are"),
    instance_id: instanceId.nullable().default(null),
    set_as_default: z.boolean().default(false),
  })
  .refine(isWhole, goTogether)
  .openapi("NewCaAccount");

export const ImportedAccount = z
  .strictObject({
    name,
    authority: authority.optional(),
    environment: z.enum(environments).optional(),
    directory_url: directoryUrl,
    account_key: z
      .union([z.string().min(1).max(32_768), z.record(z.string(), z.unknown())])
      .describe("The private key: a JWK, or PEM"),
    account_url: z
      .string()
      .max(2048)
      .optional()
      .describe("Of the account at the authority; without it the authority is asked for the account of the key"),
    preferred_chain: preferredChain.optional(),
    instance_id: instanceId.nullable().default(null),
    set_as_default: z.boolean().default(false),
  })
  .openapi("ImportedCaAccount");

export const CaAccountChange = z
  .strictObject({
    name: name.optional(),
    contact: contact.optional(),
    preferred_chain: preferredChain.nullable().optional(),
    ...externalAccount,
    terms_agreed: z.literal(true).optional(),
    instance_id: instanceId.nullable().optional(),
    set_as_default: z.boolean().optional(),
  })
  .refine(isWhole, goTogether)
  .openapi("CaAccountChange");

export const CaAccount = z
  .object({
    id: z.uuid(),
    name: z.string(),
    authority: z.string(),
    environment: z.enum(environments),
    directory_url: z.string(),
    account_url: z.string().nullable(),
    contact: z.array(z.string()),
    preferred_chain: z.string().nullable(),
    eab_kid: z.string().nullable(),
    terms_agreed_at: z.string().nullable(),
    instance_id: z.string().nullable(),
    is_default: z.boolean(),
    status: z.enum(["registered", "unregistered", "deactivated"]),
    deactivated_at: z.string().nullable(),
    circuit_open_until: z.string().nullable().describe("The authority is not asked before"),
    circuit_reason: z.string().nullable(),
    directory: DirectoryAnswer.nullable().describe("What its directory said; null while it was never read"),
    problem: z.string().optional().describe("Why it is not registered"),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("CaAccount");

export const CaAccountTestResult = z
  .object({
    ok: z.boolean(),
    tested_at: z.string(),
    steps: z.array(
      z.object({
        step: z.enum(["directory", "account"]),
        ok: z.boolean(),
        milliseconds: z.number(),
        detail: z.string(),
      }),
    ),
  })
  .openapi("CaAccountTest");

export const toTestResult = ({ ok, at, steps }: CaAccountTest) => ({ ok, tested_at: instant(at), steps });

export const toCaAccount = (
  row: CaAccountRow,
  directory: DirectoryRow | undefined,
  problem?: string,
): z.infer<typeof CaAccount> => ({
  id: row.id,
  name: row.name,
  authority: row.authority,
  environment: row.environment,
  directory_url: row.directoryUrl,
  account_url: row.accountUrl,
  contact: row.contact.map((uri) => uri.replace(/^mailto:/, "")),
  preferred_chain: row.preferredChain,
  eab_kid: row.eabKid,
  terms_agreed_at: maybeInstant(row.termsAgreedAt),
  instance_id: row.instanceId,
  is_default: row.isDefault,
  status: row.deactivatedAt !== null ? "deactivated" : row.accountUrl ? "registered" : "unregistered",
  deactivated_at: maybeInstant(row.deactivatedAt),
  circuit_open_until: maybeInstant(row.circuitOpenUntil),
  circuit_reason: row.circuitReason,
  directory: directory ? toDirectory(directory) : null,
  ...(problem ? { problem } : {}),
  created_at: instant(row.createdAt),
  updated_at: instant(row.updatedAt),
});

/** What the log keeps of it. */
export const logged = (row: CaAccountRow) => {
  const { id, directory, created_at, updated_at, circuit_open_until, circuit_reason, ...kept } = toCaAccount(
    row,
    undefined,
  );
  return kept;
};

const uriOf = (address: string) => `mailto:${address}`;

const keyOf = ({ eab_kid, eab_hmac_key }: { eab_kid?: string | undefined; eab_hmac_key?: string | undefined }) =>
  eab_kid !== undefined && eab_hmac_key !== undefined
    ? { kid: eab_kid, hmacKey: eab_hmac_key.replace(/=+$/, "") }
    : undefined;

export const newAccountOf = (input: z.infer<typeof NewCaAccount>): New => ({
  name: input.name,
  authority: input.authority,
  environment: input.environment,
  directoryUrl: input.directory_url,
  contact: input.contact.map(uriOf),
  preferredChain: input.preferred_chain,
  externalAccount: keyOf(input),
  termsAgreed: input.terms_agreed,
  instanceId: input.instance_id ?? undefined,
  setAsDefault: input.set_as_default,
});

export const importedAccountOf = (input: z.infer<typeof ImportedAccount>): ImportedCaAccount => ({
  name: input.name,
  authority: input.authority,
  environment: input.environment,
  directoryUrl: input.directory_url,
  accountKey: typeof input.account_key === "string" ? input.account_key : JSON.stringify(input.account_key),
  accountUrl: input.account_url,
  preferredChain: input.preferred_chain,
  instanceId: input.instance_id ?? undefined,
  setAsDefault: input.set_as_default,
});

export function changeOf(input: z.infer<typeof CaAccountChange>): Change {
  const { name, contact, preferred_chain, instance_id, set_as_default, terms_agreed } = input;
  const externalAccount = keyOf(input);
  return {
    ...(name === undefined ? {} : { name }),
    ...(contact === undefined ? {} : { contact: contact.map(uriOf) }),
    ...(preferred_chain === undefined ? {} : { preferredChain: preferred_chain }),
    ...(externalAccount ? { externalAccount } : {}),
    ...(instance_id === undefined ? {} : { instanceId: instance_id }),
    ...(set_as_default === undefined ? {} : { setAsDefault: set_as_default }),
    ...(terms_agreed ? { termsAgreed: terms_agreed } : {}),
  };
}
