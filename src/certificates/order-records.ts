/** What an order leaves in D1: its row in the index, the version it won, and when the certificate is due next. */
import { eq, inArray } from "drizzle-orm";
import type { Audit } from "../audit/service";
import type { CaAccounts } from "../ca-accounts/service";
import { lookLater } from "../instances/behind";
import type { Tell } from "../notifications/events";
import type { Database } from "../storage/database";
import { certificates, certificateVersions, dnsAccounts, orders } from "../storage/schema";
import { issuedNotice } from "./certificate-notices";
import { reminderAt } from "./failure-plan";
import type { FailureRecords } from "./failure-records";
import type { OrderProblem } from "./order-failure";
import { caAccountOf, type LeafFacts, type OrderInput, type OrderProgress } from "./order-state";
import { plannedCertificates } from "./planned-certificates";
import { planRenewal } from "./renewal-time";
import { askWindow } from "./renewal-windows";
import { watchList } from "./revocation-lists";

export type OrderRecords = ReturnType<typeof createOrderRecords>;

export interface OrderRecordPorts {
  database: Database;
  caAccounts: CaAccounts;
  audit: Audit;
  failureRecords: FailureRecords;
  tell: Tell;
  now: () => number;
}

export function createOrderRecords(ports: OrderRecordPorts) {
  const { database, audit, tell, now } = ports;

  /** A step that a crash cut off is taken again: its end is told of twice rather than never. */
  async function log(input: OrderInput, progress: OrderProgress, end: { problem?: OrderProblem }): Promise<void> {
    const dnsAccounts = await nameDnsAccounts(database, progress);
    const { dnsProvider, dnsAccountId, reason, names } = input;
    await audit.record({
      ownerId: input.ownerId,
      actor: { account_id: null, username: null, via: "system", credential_id: null },
      address: null,
      client: null,
      action: end.problem ? "certificate.fail" : "certificate.issue",
      subject: `certificate ${names[0]}`,
      after: {
        order: input.id,
        reason,
        names,
        ca_account_id: caAccountOf({ input, progress }) ?? null,
        dns_provider: dnsProvider,
        dns_account_id: dnsAccountId,
        dns_accounts: dnsAccounts,
        ...(end.problem ? { cause: end.problem.cause, detail: end.problem.detail } : {}),
      },
    });
  }

  /** What is known at once of the version's renewal: the CA's window, and when it is due. */
  async function planFor(certificateId: string, caAccountId: string, leaf: LeafFacts) {
    const [[planned], { window, checkAt }] = await Promise.all([
      plannedCertificates(database, eq(certificates.id, certificateId)),
      askWindow(ports, caAccountId, leaf.renewalIdentifier),
    ]);
    if (!planned) throw new Error("the certificate of the order is gone");
    const { renewal: rule, maintenanceWindows } = planned.settings;
    const { at } = planRenewal(leaf, { window, rule, maintenanceWindows }, Math.random());
    return {
      row: planned.row,
      schedule: {
        renewAt: at,
        renewalWindow: window,
        windowCheckAt: checkAt,
        noticeAt: reminderAt(leaf, now()).next?.at ?? null,
      },
    };
  }

  return {
    /** Enters the order into the index, or where it has gone since. */
    async open(input: OrderInput, progress: OrderProgress, createdAt: number): Promise<void> {
      const { id, certificateId, ownerId, reason } = input;
      const caAccountId = caAccountOf({ input, progress }) ?? null;
      const row = { id, certificateId, ownerId, reason, caAccountId, state: "open", createdAt };
      const moved = { target: orders.id, set: { caAccountId } };
      await database.insert(orders).values(row).onConflictDoUpdate(moved);
    },

    /**
     * Ends an order that won a version: stores the version, makes it the current one, and says when it is due next.
     * Taking it twice changes nothing but the log.
     */
    async closeValid(input: OrderInput, progress: OrderProgress): Promise<number> {
      const { versionId: id, chainPem, leaf, sealedPrivateKey } = progress;
      const caAccountId = caAccountOf({ input, progress });
      if (!id || !caAccountId || !chainPem || !leaf || sealedPrivateKey === undefined) {
        throw new Error("the order has no certificate to store");
      }
      const { row, schedule } = await planFor(input.certificateId, caAccountId, leaf);
      const { renewAt } = schedule;
      const version = {
        id,
        certificateId: input.certificateId,
        ownerId: input.ownerId,
        orderId: input.id,
        caAccountId,
        serial: leaf.serial,
        fingerprint: leaf.fingerprint,
        issuer: leaf.issuer,
        names: input.names,
        notBefore: leaf.notBefore,
        notAfter: leaf.notAfter,
        renewalIdentifier: leaf.renewalIdentifier ?? null,
        chainPem,
        sealedPrivateKey,
        crlUrl: leaf.revocationListUrl ?? null,
        createdAt: now(),
      };
      const current = { status: "valid" as const, currentVersionId: id, notAfter: leaf.notAfter, replaceBecause: null };
      const untold = { failures: 0, problem: null, toldCause: null, toldDaysLeft: null };
      const isRenewal = row.currentVersionId !== null && row.currentVersionId !== id;
      const { issuer, serial, notAfter } = leaf;
      await Promise.all([
        log(input, progress, {}),
        tell(input.ownerId, issuedNotice(row, { issuer, serial, notAfter, renewAt, isRenewal })),
        database.batch([
          database.insert(certificateVersions).values(version).onConflictDoNothing(),
          lookLater(database, input.ownerId, row.domain, now()),
          database
            .update(certificates)
            .set({ ...current, ...schedule, ...untold, updatedAt: now() })
            .where(eq(certificates.id, input.certificateId)),
          database
            .update(orders)
            .set({ state: "valid", caAccountId, finishedAt: now() })
            .where(eq(orders.id, input.id)),
          ...(version.crlUrl ? [watchList(database, version.crlUrl, now())] : []),
        ]),
      ]);
      return renewAt;
    },

    /** Ends a failed order: the certificate keeps the reason and is tried again after a growing while. Taking it twice changes nothing. */
    async closeFailed(input: OrderInput, progress: OrderProgress, problem: OrderProblem): Promise<void> {
      const own = eq(orders.id, input.id);
      const [known] = await database.select({ finishedAt: orders.finishedAt }).from(orders).where(own);
      if (known && known.finishedAt !== null) return;
      await log(input, progress, { problem });
      const caAccountId = caAccountOf({ input, progress }) ?? null;
      const end = { state: "failed", caAccountId, problem, finishedAt: now() };
      const close = database.update(orders).set(end).where(own);
      await ports.failureRecords.note(input.certificateId, problem, close);
    },
  };
}

/** The accounts that the challenges went to, as a person knows them: "cloudflare/production"; "builtin" for our own zones. */
async function nameDnsAccounts(database: Database, { challenges = [] }: OrderProgress): Promise<string[]> {
  const ids = [...new Set(challenges.flatMap(({ location }) => (location ? [location.dnsAccountId] : [])))];
  const known = ids.filter((id) => id !== null);
  const rows = known.length > 0 ? await database.select().from(dnsAccounts).where(inArray(dnsAccounts.id, known)) : [];
  const names = rows.map(({ provider, accountId }) => `${provider}/${accountId}`);
  return ids.includes(null) ? ["builtin", ...names] : names;
}
