/** How certificates and their orders look in the API, and what is given for a new one. */
import { z } from "@hono/zod-openapi";
import type { AccountIdentity } from "../../accounts/identity";
import { challengeTypes } from "../../acme/challenges";
import type { OrderView } from "../../certificates/order-object";
import { orderStates } from "../../certificates/order-state";
import { renewalRefusal } from "../../certificates/renewals";
import type { CertificateRow, CertificateChange as Change, VersionRow } from "../../certificates/service";
import { parseKeyType } from "../../pki/keys";
import { instant } from "../schemas";

const KeyType = z
  .string()
  .transform((given, context) => {
    const type = parseKeyType(given);
    if (type) return type;
    context.addIssue({ code: "custom", message: "Known key types: p256, p384, rsa2048, rsa3072, rsa4096." });
    return z.NEVER;
  })
  .openapi({ type: "string", enum: ["p256", "p384", "rsa2048", "rsa3072", "rsa4096"] });

const Alias = z
  .string()
  .regex(/^([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?$/, "A host name.")
  .max(253)
  .toLowerCase()
  .describe("The name that the challenge names are aliases of; it is checked before the order starts");

const ChallengeName = z
  .enum(challengeTypes)
  .describe(
    "How the names are proven: by values that each order places (dns-01), under a label of the CA account's own (dns-account-01), or by a record that stands for good (dns-persist-01)",
  );

/** CertMate's two names for the pin. */
export const pinnedAccount = <Value>(input: { dns_account_id?: Value | undefined; account_id?: Value | undefined }) =>
  input.dns_account_id ?? input.account_id;

export const NewCertificate = z
  .strictObject({
    domain: z.string().min(1).max(300).describe("The first name; wildcards as *.example.com"),
    san_domains: z.array(z.string().min(1).max(300)).max(1000).default([]).describe("More names, 100 with the first"),
    dns_provider: z.string().max(64).optional(),
    dns_account_id: z.string().max(64).optional(),
    account_id: z.string().max(64).optional().describe("The same as dns_account_id"),
    domain_alias: Alias.optional(),
    challenge_type: ChallengeName.nullable().optional(),
    ca_account_id: z.uuid().optional(),
    key_type: KeyType.default("p256"),
    must_staple: z.boolean().default(false),
    profile: z.string().max(64).optional().describe("A profile that the authority offers"),
  })
  .refine((input) => pinnedAccount(input) === undefined || input.dns_provider !== undefined, {
    message: "dns_account_id needs the dns_provider whose account it is.",
    path: ["dns_account_id"],
  })
  .openapi("NewCertificate");

/** What is not given stays; null is the default again. */
export const CertificateChange = z
  .strictObject({
    dns_provider: z.string().max(64).nullable().optional(),
    dns_account_id: z.string().max(64).nullable().optional(),
    account_id: z.string().max(64).nullable().optional().describe("The same as dns_account_id"),
    domain_alias: Alias.nullable().optional(),
    challenge_type: ChallengeName.nullable().optional(),
    ca_account_id: z.uuid().nullable().optional(),
    key_type: KeyType.optional(),
    must_staple: z.boolean().optional(),
    profile: z.string().max(64).nullable().optional(),
  })
  .openapi("CertificateChange");

export const changeOf = (input: z.infer<typeof CertificateChange>): Change => {
  const account = pinnedAccount(input);
  return {
    ...(input.dns_provider === undefined ? {} : { dnsProvider: input.dns_provider }),
    ...(account === undefined ? {} : { dnsAccountId: account }),
    ...(input.domain_alias === undefined ? {} : { domainAlias: input.domain_alias }),
    ...(input.challenge_type === undefined ? {} : { challengeType: input.challenge_type }),
    ...(input.ca_account_id === undefined ? {} : { caAccountId: input.ca_account_id }),
    ...(input.key_type === undefined ? {} : { keyType: input.key_type }),
    ...(input.must_staple === undefined ? {} : { mustStaple: input.must_staple }),
    ...(input.profile === undefined ? {} : { profile: input.profile }),
  };
};

const OrderProblem = z.object({
  cause: z.string(),
  title: z.string(),
  detail: z.string(),
  evidence: z.record(z.string(), z.unknown()),
  what_to_do: z.string(),
  retry_after: z.string().optional(),
});

export const Order = z
  .object({
    id: z.uuid(),
    reason: z.enum(["create", "renew", "manual"]),
    state: z.enum(orderStates),
    problem: OrderProblem.optional(),
    records: z
      .array(z.object({ name: z.string(), type: z.literal("TXT"), value: z.string() }))
      .describe("What proves the names; with dns-persist-01 it is set once and stays"),
    created_at: z.string(),
    finished_at: z.string().nullable(),
    steps: z.array(
      z.object({
        state: z.enum(orderStates),
        started_at: z.string(),
        finished_at: z.string().nullable(),
        milliseconds: z.number().nullable(),
        detail: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .openapi("Order");

export const Certificate = z
  .object({
    id: z.uuid(),
    domain: z.string(),
    names: z.array(z.string()),
    status: z.enum(["pending", "valid", "failed", "revoked"]),
    key_type: z.string(),
    must_staple: z.boolean(),
    profile: z.string().nullable(),
    ca_account_id: z.string().nullable(),
    dns_provider: z.string().nullable(),
    dns_account_id: z.string().nullable(),
    domain_alias: z.string().nullable(),
    challenge_type: z.enum(challengeTypes),
    not_after: z.string().nullable(),
    renew_at: z.string().nullable(),
    failures: z.number(),
    problem: OrderProblem.nullable(),
    automatic_renewal: z.boolean().describe("Whether the account's plan has it renewed without being asked"),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Certificate");

const Version = z.object({
  id: z.uuid(),
  serial: z.string(),
  fingerprint_sha256: z.string(),
  issuer: z.string(),
  names: z.array(z.string()),
  not_before: z.string(),
  not_after: z.string(),
  ca_account_id: z.string(),
  revoked_at: z.string().nullable(),
});

export const CertificateWithVersions = Certificate.extend({ versions: z.array(Version) }).openapi(
  "CertificateWithVersions",
);
export const Ordered = z.object({ certificate: Certificate, order: Order }).openapi("OrderedCertificate");

export const maybeInstant = (milliseconds: number | null) => (milliseconds === null ? null : instant(milliseconds));
/** Steps are short: their instants keep the milliseconds. */
const exact = (milliseconds: number) => new Date(milliseconds).toISOString();

export const toOrder = (view: OrderView): z.infer<typeof Order> => ({
  id: view.id,
  reason: view.reason,
  state: view.state,
  ...(view.problem ? { problem: view.problem } : {}),
  records: view.records,
  created_at: exact(view.createdAt),
  finished_at: view.finishedAt === null ? null : exact(view.finishedAt),
  steps: view.steps.map(({ state, startedAt, finishedAt, detail }) => ({
    state,
    started_at: exact(startedAt),
    finished_at: finishedAt === null ? null : exact(finishedAt),
    milliseconds: finishedAt === null ? null : finishedAt - startedAt,
    detail,
  })),
});

export const toCertificate = (row: CertificateRow, account: AccountIdentity): z.infer<typeof Certificate> => ({
  id: row.id,
  domain: row.domain,
  names: row.names,
  status: row.status,
  key_type: row.keyType,
  must_staple: row.mustStaple,
  profile: row.profile,
  ca_account_id: row.caAccountId,
  dns_provider: row.dnsProvider,
  dns_account_id: row.dnsAccountId,
  domain_alias: row.domainAlias,
  challenge_type: row.challengeType ?? "dns-01",
  not_after: maybeInstant(row.notAfter),
  renew_at: maybeInstant(row.renewAt),
  failures: row.failures,
  problem: (row.problem as z.infer<typeof OrderProblem> | null) ?? null,
  automatic_renewal: renewalRefusal(row.names, account) === undefined,
  created_at: instant(row.createdAt),
  updated_at: instant(row.updatedAt),
});

export const toVersion = (version: VersionRow): z.infer<typeof Version> => ({
  id: version.id,
  serial: version.serial,
  fingerprint_sha256: version.fingerprint,
  issuer: version.issuer,
  names: version.names,
  not_before: instant(version.notBefore),
  not_after: instant(version.notAfter),
  ca_account_id: version.caAccountId,
  revoked_at: maybeInstant(version.revokedAt),
});
