/** How certificates look in the API. */
import { z } from "@hono/zod-openapi";
import type { AccountIdentity } from "../../accounts/identity";
import { challengeTypes } from "../../acme/challenges";
import { ANY_AUTHORITY } from "../../certificates/ca-wish";
import type { CertificateRow, VersionRow } from "../../certificates/certificate-rows";
import type { RenewalPlan as Plan } from "../../certificates/renewal-time";
import { renewalRefusal } from "../../certificates/renewal-turn";
import { environments } from "../../storage/tables/instances";
import { instant, maybeInstant } from "../schemas";
import { Installation } from "./instance-schemas";
import { Order, OrderProblem } from "./order-schemas";
import { caPreferenceFields, RenewalRule, toCaPreferences } from "./preference-schemas";

/** RFC 9773 §4.2. */
const RenewalWindow = z.object({
  start: z.string(),
  end: z.string(),
  explanation_url: z.string().nullable().describe("Where the authority says why"),
});

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
    environment: z.enum(environments),
    authority: z.string().describe('That it has to come from; "auto" is any'),
    instance_id: z.string().nullable(),
    ...caPreferenceFields,
    dns_provider: z.string().nullable(),
    dns_account_id: z.string().nullable(),
    domain_alias: z.string().nullable(),
    challenge_type: z.enum(challengeTypes),
    not_after: z.string().nullable(),
    renew_at: z.string().nullable(),
    failures: z.number(),
    problem: OrderProblem.nullable(),
    renewal: RenewalRule.nullable().describe("Its own rule; null is that of its instance, or of the account"),
    renewal_window: RenewalWindow.nullable().describe("When its authority wants it renewed; this goes before any rule"),
    replace_because: z
      .enum(["revoked", "distrusted", "asked"])
      .nullable()
      .describe("Why it is being replaced ahead of its time"),
    reuse_key: z.boolean().nullable().describe("Null is as its instance, or the account, has it"),
    csr: z.string().nullable().describe("The certificate request that each order finalizes with; its key is elsewhere"),
    automatic_renewal: z.boolean().describe("Whether the account's plan has it renewed without being asked"),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Certificate");

/** Why it is due when it is. */
const RenewalPlan = z.object({
  by: z.enum(["authority", "rule"]).describe("Whose word it is"),
  rule: RenewalRule.describe("The rule that holds, or would without the authority's word"),
  note: z.string().nullable().describe("Why the rule that is set is not the one that holds"),
});

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
  has_private_key: z.boolean().describe("False where it was issued for a certificate request of yours"),
});

export const CertificateWithVersions = Certificate.extend({
  versions: z.array(Version),
  renewal_plan: RenewalPlan.nullable().describe("Null where it was not issued yet"),
  installation: Installation.nullable().describe("What its instance has installed of it; null where it is for none"),
}).openapi("CertificateWithVersions");
export const Ordered = z.object({ certificate: Certificate, order: Order }).openapi("OrderedCertificate");

export const toCertificate = (row: CertificateRow, account: AccountIdentity): z.infer<typeof Certificate> => ({
  id: row.id,
  domain: row.domain,
  names: row.names,
  status: row.status,
  key_type: row.keyType,
  must_staple: row.mustStaple,
  profile: row.profile,
  ca_account_id: row.caAccountId,
  environment: row.environment,
  authority: row.authority ?? ANY_AUTHORITY,
  instance_id: row.instanceId,
  ...toCaPreferences(row.ca ?? {}),
  dns_provider: row.dnsProvider,
  dns_account_id: row.dnsAccountId,
  domain_alias: row.domainAlias,
  challenge_type: row.challengeType ?? "dns-01",
  not_after: maybeInstant(row.notAfter),
  renew_at: maybeInstant(row.renewAt),
  failures: row.failures,
  problem: (row.problem as z.infer<typeof OrderProblem> | null) ?? null,
  renewal: row.renewal,
  renewal_window: row.renewalWindow && {
    start: instant(row.renewalWindow.start),
    end: instant(row.renewalWindow.end),
    explanation_url: row.renewalWindow.explanationUrl ?? null,
  },
  replace_because: row.replaceBecause,
  reuse_key: row.reuseKey,
  csr: row.certificateRequest,
  automatic_renewal: renewalRefusal(row.names, account) === undefined,
  created_at: instant(row.createdAt),
  updated_at: instant(row.updatedAt),
});

export const toRenewalPlan = (plan: Plan | undefined): z.infer<typeof RenewalPlan> | null =>
  plan ? { by: plan.by, rule: plan.rule, note: plan.note ?? null } : null;

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
  has_private_key: version.sealedPrivateKey !== "",
});
