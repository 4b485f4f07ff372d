/** The renewals over a real D1, with a clock of their own: what is due is ordered by whatever a test says, and what is told is noted. */
import { eq } from "drizzle-orm";
import type { Plan } from "../../src/accounts/identity";
import type { RenewalInformation } from "../../src/acme/client";
import type { Audit } from "../../src/audit/service";
import type { CaOutcome } from "../../src/ca-accounts/failure";
import type { CaAccounts } from "../../src/ca-accounts/service";
import type { CertificateRow } from "../../src/certificates/certificate-rows";
import { createFailureRecords } from "../../src/certificates/failure-records";
import type { CertificateOrder } from "../../src/certificates/order-object";
import { createOrderRecords } from "../../src/certificates/order-records";
import type { OrderReason } from "../../src/certificates/order-state";
import { createRenewalTurns } from "../../src/certificates/renewal-turn";
import { createRenewalWindows } from "../../src/certificates/renewal-windows";
import { createRenewals } from "../../src/certificates/renewals";
import { createRevocationLists } from "../../src/certificates/revocation-lists";
import type { Certificates } from "../../src/certificates/service";
import type { Notification } from "../../src/notifications/events";
import type { Database } from "../../src/storage/database";
import { accounts, certificates, certificateVersions } from "../../src/storage/schema";

export const START = Date.parse("2026-01-01T00:00:00Z");
export const DAY = 86_400_000;

export interface RenewalsUnderTest {
  plansOn?: boolean;
  perTick?: number;
  /** What ordering does; nothing by default. */
  order?: (row: CertificateRow, reason: OrderReason) => Promise<void>;
  /** Where revocation lists are. */
  fetch?: typeof fetch;
  /** What the CA says of a certificate's window; by default it has no such thing. */
  window?: (renewalIdentifier: string) => CaOutcome<RenewalInformation | undefined>;
}

const nowhere: typeof fetch = async () => {
  throw new TypeError("There is nothing outside.");
};

export type Told = Notification & { ownerId: number; at: number };

export function renewalsOver({ database }: { database: Database }, under: RenewalsUnderTest = {}) {
  const clock = { now: START };
  const now = () => clock.now;
  const told: Told[] = [];
  const tell = async (ownerId: number, notification: Notification) => {
    told.push({ ...notification, ownerId, at: clock.now });
  };
  const ordered: { id: string; reason: OrderReason; at: number }[] = [];
  const asked: { identifier: string; at: number }[] = [];
  const caAccount = {
    async renewalInformation(identifiers: string[]) {
      asked.push(...identifiers.map((identifier) => ({ identifier, at: clock.now })));
      return identifiers.map((identifier) => under.window?.(identifier) ?? { ok: true, value: undefined });
    },
  };
  const caAccounts = { objectOf: () => caAccount } as unknown as CaAccounts;
  const audit = { record: async () => undefined } as unknown as Audit;
  const failureRecords = createFailureRecords({ database, tell, now });
  const records = createOrderRecords({ database, caAccounts, audit, failureRecords, tell, now });
  const service = {
    async order(row: CertificateRow, reason: OrderReason) {
      ordered.push({ id: row.id, reason, at: clock.now });
      await under.order?.(row, reason);
    },
  } as unknown as Certificates;
  const { plansOn = true, perTick = 40 } = under;
  const turns = createRenewalTurns({ database, certificates: service, failureRecords, tell, plansOn, now });
  const object = (id: string) => ({
    renew: () => turns.renew(id),
    remind: () => turns.remind(id),
    resume: async () => false,
  });
  const objects = { getByName: object } as unknown as DurableObjectNamespace<CertificateOrder>;
  const windows = createRenewalWindows({ database, caAccounts, tell, now });
  const lists = createRevocationLists({ database, fetch: under.fetch ?? nowhere, tell, now });
  const renewals = createRenewals({ database, windows, lists, objects, perTick, now });
  const find = async (id: string) => {
    const [row] = await database.select().from(certificates).where(eq(certificates.id, id));
    if (!row) throw new Error(`There is no certificate ${id}.`);
    return row;
  };
  return { clock, told, ordered, asked, records, failureRecords, renewals, find };
}

export async function newOwner(
  { database }: { database: Database },
  owner: { plan?: Plan; suspendedAt?: number | undefined } = {},
): Promise<number> {
  const username = crypto.randomUUID();
  const person = { username, email: `${username}@example.com`, passwordHash: "", role: "member" as const };
  const [row] = await database
    .insert(accounts)
    .values({ ...person, plan: "elite", ...owner, createdAt: START })
    .returning();
  return row?.id ?? 0;
}

let last = 0;

/** A certificate as an order left it: its version lives from START on, for so many days. */
export async function newCertificate(
  { database }: { database: Database },
  ownerId: number,
  {
    days = 90,
    issued = true,
    ...given
  }: Partial<typeof certificates.$inferInsert> & { days?: number; issued?: boolean } = {},
): Promise<CertificateRow> {
  last += 1;
  const id = crypto.randomUUID();
  const names = given.names ?? [`host-${last}.example.com`];
  const notAfter = START + days * DAY;
  const [row] = await database
    .insert(certificates)
    .values({
      id,
      ownerId,
      domain: names[0] ?? "",
      names,
      keyType: "p256",
      mustStaple: false,
      status: issued ? "valid" : "pending",
      currentVersionId: issued ? `version-${id}` : null,
      notAfter: issued ? notAfter : null,
      renewAt: START,
      failures: 0,
      createdAt: START,
      updatedAt: START,
      ...given,
    })
    .returning();
  if (!row) throw new Error("the certificate was not stored");
  if (!issued) return row;
  await database.insert(certificateVersions).values({
    id: `version-${id}`,
    certificateId: id,
    ownerId,
    orderId: crypto.randomUUID(),
    caAccountId: "ca",
    serial: "01",
    fingerprint: "",
    issuer: "CN=Test CA",
    names,
    notBefore: START,
    notAfter,
    renewalIdentifier: `key.${id}`,
    chainPem: "",
    sealedPrivateKey: "",
    createdAt: START,
  });
  return row;
}
