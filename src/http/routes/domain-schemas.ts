/** How domains look in the API. */
import { z } from "@hono/zod-openapi";
import { recordTypes } from "../../dns/provider";
import { addressesOf, type Domain as StoredDomain, type StoredSet, syncStatusOf } from "../../domains/record-sets";
import { instant } from "../schemas";

export const Ttl = z
  .number()
  .int()
  .min(30)
  .max(86_400)
  .describe("Seconds; a provider that has a higher minimum gets that");

const SyncStatus = z.enum(["pending", "live", "failed"]);

export const settingFields = {
  ttl: Ttl.optional(),
  wildcard: z.boolean().optional().describe("Whether the names below it have its addresses, too"),
  offline: z.boolean().optional().describe("Whether its records are kept here, and not in its zone"),
  allow_private: z.boolean().optional().describe("Whether its router may set addresses that are not public"),
};

export const AddressType = z.enum(["A", "AAAA"]);
export const Address = z.string().min(1).max(100);

export const NewDomain = z
  .strictObject({
    fqdn: z.string().min(1).max(300),
    record_type: AddressType.optional(),
    record_ip: Address.optional(),
    ...settingFields,
    dns_provider: z.string().max(64).optional().describe('Where its zone is; "builtin" is one that certedge serves'),
    dns_account_id: z
      .string()
      .max(64)
      .optional()
      .describe("Which account of the provider; else the one that has the zone"),
  })
  .refine((input) => input.dns_account_id === undefined || input.dns_provider !== undefined, {
    message: "dns_account_id needs the dns_provider whose account it is.",
    path: ["dns_account_id"],
  })
  .openapi("NewDomain");

export const DomainChange = z
  .strictObject({ record_type: AddressType.optional(), record_ip: Address.optional(), ...settingFields })
  .refine((input) => Object.keys(input).length > 0, { message: "Say what is to be changed: record_ip, for one." })
  .openapi("DomainUpdate");

export const Move = z
  .strictObject({
    dns_provider: z.string().min(1).max(64).describe('"builtin" is the zone that certedge serves'),
    dns_account_id: z
      .string()
      .max(64)
      .optional()
      .describe("Which account of the provider; else the one that has the zone"),
  })
  .openapi("DomainMove");

export const RecordSet = z
  .object({
    type: z.enum(recordTypes),
    values: z.array(z.string()),
    ttl: z.number().int().nullable().describe("Null is the domain's"),
    sync_status: SyncStatus.describe("Whether the zone is known to have it"),
    sync_problem: z.string().nullable(),
  })
  .openapi("RecordSet");

export const Domain = z
  .object({
    id: z.uuid(),
    fqdn: z.string(),
    record_type: AddressType.nullable(),
    record_ip: z.string().nullable(),
    ipv4: z.string().nullable(),
    ipv6: z.string().nullable(),
    records: z.array(RecordSet),
    zone: z.string(),
    moving_from: z.string().nullable().describe("The zone that it was in, until its records are gone from there"),
    ttl: z.number().int(),
    wildcard: z.boolean().describe("Whether the names below it have its addresses, too"),
    offline: z.boolean().describe("Whether its records are kept here, and not in its zone"),
    allow_private: z.boolean().describe("Whether its router may set addresses that are not public"),
    ipv6_prefix: z.string().nullable().describe("The network that its router has told last"),
    update_password_at: z.string().nullable().describe("When its update password was made; null without one"),
    sync_status: SyncStatus.describe("Whether its zone is known to have all this"),
    sync_problem: z.string().nullable().describe("What the provider said; it is told again until it agrees"),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .openapi("Domain");

export function toRecordSet(set: StoredSet): z.infer<typeof RecordSet> {
  const { status, problem } = syncStatusOf({ sets: [set] });
  return { type: set.type, values: set.values, ttl: set.ttl, sync_status: status, sync_problem: problem };
}

export function toDomain(domain: StoredDomain): z.infer<typeof Domain> {
  const { row, sets } = domain;
  const { A = null, AAAA = null } = addressesOf(domain);
  const { status, problem } = syncStatusOf(domain);
  return {
    id: row.id,
    fqdn: row.fqdn,
    record_type: A ? "A" : AAAA ? "AAAA" : null,
    record_ip: A ?? AAAA,
    ipv4: A,
    ipv6: AAAA,
    records: sets.filter(({ values }) => values.length > 0).map(toRecordSet),
    zone: row.zone,
    moving_from: row.movedFrom?.zone ?? null,
    ttl: row.ttl,
    wildcard: row.wildcard,
    offline: row.offlineAt !== null,
    allow_private: row.allowPrivate,
    ipv6_prefix: row.ipv6Prefix,
    update_password_at: row.updatePasswordAt === null ? null : instant(row.updatePasswordAt),
    sync_status: status,
    sync_problem: problem,
    created_at: instant(row.createdAt),
    updated_at: instant(row.updatedAt),
  };
}

/** As the audit log has it: the addresses by themselves, as routers' updates have them there. */
export function shownDomain(domain: StoredDomain) {
  const { ipv4, ipv6, ttl, wildcard, offline, allow_private } = toDomain(domain);
  return { ipv4, ipv6, ttl, wildcard, offline, allow_private };
}

export const shownPlace = ({ row }: StoredDomain) => ({ zone: row.zone, dns_account: row.dnsAccountId });

export const subjectOf = ({ row }: StoredDomain) => `domain ${row.fqdn}`;
