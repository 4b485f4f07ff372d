/** Every table with rows of an account, in the order in which they can be deleted: what refers to another one comes first. */
import { eq, inArray, type SQL } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Database } from "../storage/database";
import {
  apiKeys,
  caAccounts,
  ceremonies,
  certificates,
  certificateVersions,
  dnsAccounts,
  domainRecords,
  domains,
  emailTokens,
  knownNetworks,
  orders,
  passkeys,
  records,
  recoveryCodes,
  sessions,
  zones,
} from "../storage/schema";

interface Belonging {
  table: SQLiteTable;
  of(accountId: number): SQL;
  /** Its name in an export; without one, it holds nothing that is worth a copy. */
  title?: string;
}

export const belongings = (database: Database): Belonging[] => [
  { table: sessions, of: (id) => eq(sessions.accountId, id), title: "sessions" },
  { table: apiKeys, of: (id) => eq(apiKeys.ownerId, id), title: "api_keys" },
  { table: knownNetworks, of: (id) => eq(knownNetworks.ownerId, id), title: "known_networks" },
  { table: passkeys, of: (id) => eq(passkeys.accountId, id), title: "passkeys" },
  { table: recoveryCodes, of: (id) => eq(recoveryCodes.accountId, id) },
  { table: ceremonies, of: (id) => eq(ceremonies.accountId, id) },
  { table: emailTokens, of: (id) => eq(emailTokens.accountId, id) },
  { table: orders, of: (id) => eq(orders.ownerId, id), title: "orders" },
  { table: certificateVersions, of: (id) => eq(certificateVersions.ownerId, id), title: "certificate_versions" },
  { table: certificates, of: (id) => eq(certificates.ownerId, id), title: "certificates" },
  {
    table: domainRecords,
    of: (id) =>
      inArray(domainRecords.domainId, database.select({ id: domains.id }).from(domains).where(eq(domains.ownerId, id))),
    title: "domain_records",
  },
  { table: domains, of: (id) => eq(domains.ownerId, id), title: "domains" },
  {
    table: records,
    of: (id) => inArray(records.zoneId, database.select({ id: zones.id }).from(zones).where(eq(zones.ownerId, id))),
    title: "zone_records",
  },
  { table: zones, of: (id) => eq(zones.ownerId, id), title: "zones" },
  { table: caAccounts, of: (id) => eq(caAccounts.ownerId, id), title: "ca_accounts" },
  { table: dnsAccounts, of: (id) => eq(dnsAccounts.ownerId, id), title: "dns_accounts" },
];
