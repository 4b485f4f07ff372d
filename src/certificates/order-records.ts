/** What an order leaves in D1: its row in the index, the version it won, and when the certificate is due next. */
import { eq, inArray, sql } from "drizzle-orm";
import type { Audit } from "../audit/service";
import type { CaAccounts } from "../ca-accounts/service";
import type { Database } from "../storage/database";
import { certificates, certificateVersions, dnsAccounts, orders } from "../storage/schema";
import type { OrderProblem } from "./order-failure";
import type { LeafFacts, OrderInput, OrderProgress } from "./order-state";
import { renewalTime, retryTime } from "./renewal-time";

export type OrderRecords = ReturnType<typeof createOrderRecords>;

export interface OrderRecordPorts {
  database: Database;
  caAccounts: CaAccounts;
  audit: Audit;
  now: () => number;
}

export function createOrderRecords(ports: OrderRecordPorts) {
  const { database, audit, now } = ports;

  /** A step that a crash cut off is taken again: its end is told of twice rather than never. */
  async function log(input: OrderInput, progress: OrderProgress, end: { problem?: OrderProblem }): Promise<void> {
    const dnsAccounts = await nameDnsAccounts(database, progress);
    const { dnsProvider, dnsAccountId, caAccountId, reason, names } = input;
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
        ca_account_id: caAccountId,
        dns_provider: dnsProvider,
        dns_account_id: dnsAccountId,
        dns_accounts: dnsAccounts,
        ...(end.problem ? { cause: end.problem.cause, detail: end.problem.detail } : {}),
      },
    });
  }

  async function dueTime(input: OrderInput, leaf: LeafFacts): Promise<number> {
    const window = leaf.renewalIdentifier
      ? await windowOf(ports.caAccounts, input.caAccountId, leaf.renewalIdentifier)
      : undefined;
    return renewalTime(leaf, window, Math.random());
  }

  return {
    /** Enters the order into the index. Taking it twice changes nothing. */
    async open({ id, certificateId, ownerId, reason }: OrderInput, createdAt: number): Promise<void> {
      const row = { id, certificateId, ownerId, reason, state: "open", createdAt };
      await database.insert(orders).values(row).onConflictDoNothing();
    },

    /**
     * Ends an order that won a version: stores the version, makes it the current one, and says when it is due next.
     * Taking it twice changes nothing but the log.
     */
    async closeValid(input: OrderInput, progress: OrderProgress): Promise<number> {
      const { versionId: id, chainPem, leaf, sealedPrivateKey } = progress;
      if (!id || !chainPem || !leaf || !sealedPrivateKey) throw new Error("the order has no certificate to store");
      const renewAt = await dueTime(input, leaf);
      const version = {
        id,
        certificateId: input.certificateId,
        ownerId: input.ownerId,
        orderId: input.id,
        caAccountId: input.caAccountId,
        serial: leaf.serial,
        fingerprint: leaf.fingerprint,
        issuer: leaf.issuer,
        names: input.names,
        notBefore: leaf.notBefore,
        notAfter: leaf.notAfter,
        renewalIdentifier: leaf.renewalIdentifier ?? null,
        chainPem,
        sealedPrivateKey,
        createdAt: now(),
      };
      const current = { status: "valid" as const, currentVersionId: id, notAfter: leaf.notAfter, renewAt };
      await Promise.all([
        log(input, progress, {}),
        database.batch([
          database.insert(certificateVersions).values(version).onConflictDoNothing(),
          database
            .update(certificates)
            .set({ ...current, failures: 0, problem: null, updatedAt: now() })
            .where(eq(certificates.id, input.certificateId)),
          database.update(orders).set({ state: "valid", finishedAt: now() }).where(eq(orders.id, input.id)),
        ]),
      ]);
      return renewAt;
    },

    /** Ends a failed order: the certificate keeps the reason and is tried again after a growing while. */
    async closeFailed(input: OrderInput, progress: OrderProgress, problem: OrderProblem): Promise<void> {
      await log(input, progress, { problem });
      const [row] = await database
        .select({ failures: certificates.failures })
        .from(certificates)
        .where(eq(certificates.id, input.certificateId));
      const failures = (row?.failures ?? 0) + 1;
      const allowed = problem.retry_after ? Date.parse(problem.retry_after) : 0;
      await database.batch([
        database.update(orders).set({ state: "failed", problem, finishedAt: now() }).where(eq(orders.id, input.id)),
        database
          .update(certificates)
          .set({
            // A certificate that was valid before stays valid until it ends.
            status: sql`CASE WHEN current_version_id IS NULL THEN 'failed' ELSE status END`,
            failures,
            problem,
            renewAt: Math.max(allowed, retryTime(now(), failures, Math.random())),
            updatedAt: now(),
          })
          .where(eq(certificates.id, input.certificateId)),
      ]);
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

/** The CA's renewal window, or nothing when it gives none or cannot be asked now. */
export async function windowOf(
  caAccounts: CaAccounts,
  caAccountId: string,
  renewalIdentifier: string,
): Promise<{ start: number; end: number } | undefined> {
  const outcome = await caAccounts.objectOf(caAccountId).renewalInformation(renewalIdentifier);
  return outcome.ok ? outcome.value : undefined;
}
