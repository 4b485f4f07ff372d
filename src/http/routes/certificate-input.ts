/** What is given for a certificate, new or changed. */
import { z } from "@hono/zod-openapi";
import { challengeTypes } from "../../acme/challenges";
import type { CertificateChange as Change, NewCertificate as New } from "../../certificates/certificate-rows";
import { parseKeyType } from "../../pki/keys";
import { changedPreferences } from "../../settings/preferences";
import { environments } from "../../storage/tables/instances";
import { caPreferenceFields, caPreferencesOf, RenewalRule } from "./preference-schemas";

export const KeyType = z
  .string()
  .transform((given, context) => {
    const type = parseKeyType(given);
    if (type) return type;
    context.addIssue({ code: "custom", message: "Known key types: p256, p384, rsa2048, rsa3072, rsa4096." });
    return z.NEVER;
  })
  .openapi({ type: "string", enum: ["p256", "p384", "rsa2048", "rsa3072", "rsa4096"] });

const Request = z
  .string()
  .min(1)
  .max(65_536)
  .describe(
    "A certificate request of yours in PEM (PKCS#10): names and key are read from it, and the key stays with you",
  );

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
    domain: z
      .string()
      .min(1)
      .max(300)
      .optional()
      .describe("The first name; wildcards as *.example.com. With a csr it can be left out"),
    san_domains: z.array(z.string().min(1).max(300)).max(1000).default([]).describe("More names, 100 with the first"),
    dns_provider: z.string().max(64).optional(),
    dns_account_id: z.string().max(64).optional(),
    account_id: z.string().max(64).optional().describe("The same as dns_account_id"),
    domain_alias: Alias.optional(),
    challenge_type: ChallengeName.nullable().optional(),
    ca_account_id: z.uuid().optional(),
    environment: z
      .enum(environments)
      .optional()
      .describe("Unless it is said, that of the pinned CA account, of the instance, or production"),
    authority: z.string().min(1).max(64).optional().describe('That it has to come from; "auto" is any'),
    instance_id: z.uuid().optional().describe("What it is for; its settings hold where this says nothing"),
    ...z.strictObject(caPreferenceFields).partial().shape,
    key_type: KeyType.optional().describe("p256 unless the instance says otherwise"),
    must_staple: z.boolean().optional().describe("False unless the csr asks for it"),
    profile: z.string().max(64).optional().describe("A profile that the authority offers"),
    csr: Request.optional(),
    renewal: RenewalRule.optional().describe("When it is due where its authority does not say so"),
    reuse_key: z.boolean().optional().describe("Whether a renewal keeps the private key"),
  })
  .refine(({ domain, csr }) => domain !== undefined || csr !== undefined, {
    message: "A certificate needs a domain, or a csr that has one.",
    path: ["domain"],
  })
  .refine((input) => pinnedAccount(input) === undefined || input.dns_provider !== undefined, {
    message: "dns_account_id needs the dns_provider whose account it is.",
    path: ["dns_account_id"],
  })
  .openapi("NewCertificate");

export const newCertificateOf = (input: z.infer<typeof NewCertificate>): New => ({
  domain: input.domain ?? null,
  sanDomains: input.san_domains,
  keyType: input.key_type ?? null,
  mustStaple: input.must_staple ?? null,
  certificateRequest: input.csr ?? null,
  renewal: input.renewal ?? null,
  reuseKey: input.reuse_key ?? null,
  profile: input.profile ?? null,
  environment: input.environment ?? null,
  authority: input.authority ?? null,
  instanceId: input.instance_id ?? null,
  ca: changedPreferences(null, caPreferencesOf(input)),
  caAccountId: input.ca_account_id ?? null,
  dnsProvider: input.dns_provider ?? null,
  dnsAccountId: pinnedAccount(input) ?? null,
  domainAlias: input.domain_alias ?? null,
  challengeType: input.challenge_type ?? null,
});

/** What is not given stays; null is the default again. */
export const CertificateChange = z
  .strictObject({
    dns_provider: z.string().max(64).nullable().optional(),
    dns_account_id: z.string().max(64).nullable().optional(),
    account_id: z.string().max(64).nullable().optional().describe("The same as dns_account_id"),
    domain_alias: Alias.nullable().optional(),
    challenge_type: ChallengeName.nullable().optional(),
    ca_account_id: z.uuid().nullable().optional(),
    environment: z.enum(environments).optional(),
    authority: z.string().min(1).max(64).nullable().optional().describe('"auto" and null are any'),
    instance_id: z.uuid().nullable().optional(),
    ...z.strictObject(caPreferenceFields).partial().shape,
    key_type: KeyType.optional(),
    must_staple: z.boolean().optional(),
    profile: z.string().max(64).nullable().optional(),
    csr: Request.nullable().optional(),
    renewal: RenewalRule.nullable().optional(),
    reuse_key: z.boolean().nullable().optional(),
  })
  .openapi("CertificateChange");

export const changeOf = (input: z.infer<typeof CertificateChange>): Change => {
  const account = pinnedAccount(input);
  return {
    ca: caPreferencesOf(input),
    ...(input.environment === undefined ? {} : { environment: input.environment }),
    ...(input.authority === undefined ? {} : { authority: input.authority }),
    ...(input.instance_id === undefined ? {} : { instanceId: input.instance_id }),
    ...(input.dns_provider === undefined ? {} : { dnsProvider: input.dns_provider }),
    ...(account === undefined ? {} : { dnsAccountId: account }),
    ...(input.domain_alias === undefined ? {} : { domainAlias: input.domain_alias }),
    ...(input.challenge_type === undefined ? {} : { challengeType: input.challenge_type }),
    ...(input.ca_account_id === undefined ? {} : { caAccountId: input.ca_account_id }),
    ...(input.key_type === undefined ? {} : { keyType: input.key_type }),
    ...(input.must_staple === undefined ? {} : { mustStaple: input.must_staple }),
    ...(input.profile === undefined ? {} : { profile: input.profile }),
    ...(input.csr === undefined ? {} : { certificateRequest: input.csr }),
    ...(input.renewal === undefined ? {} : { renewal: input.renewal }),
    ...(input.reuse_key === undefined ? {} : { reuseKey: input.reuse_key }),
  };
};
