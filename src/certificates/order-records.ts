/** What an order leaves in D1: its row in the index, the version it won, and when the certificate is due next. */
import { eq, sql } from "drizzle-orm";
import type { CaAccounts } from "../ca-accounts/service";
import { readCertificate } from "../pki/certificate";
import type { Database } from "../storage/database";
import { certificates, certificateVersions, orders } from "../storage/schema";
import type { OrderProblem } from "./order-failure";
import type { OrderInput, OrderProgress } from "./order-state";
import { renewalTime, retryTime } from "./renewal-time";

export type OrderRecords = ReturnType<typeof createOrderRecords>;

export function createOrderRecords(ports: { database: Database; caAccounts: CaAccounts; now: () => number }) {
  const { database, now } = ports;

  return {
    /** Enters the order into the index. Taking it twice changes nothing. */
    async open({ id, certificateId, ownerId, reason }: OrderInput, createdAt: number): Promise<void> {
      const row = { id, certificateId, ownerId, reason, state: "open", createdAt };
      await database.insert(orders).values(row).onConflictDoNothing();
    },

    /** Stores the new version and makes it the current one. Taking it twice changes nothing. */
    async storeVersion(input: OrderInput, progress: OrderProgress): Promise<void> {
      const { versionId: id, chainPem, sealedPrivateKey } = progress;
      if (!id || !chainPem || !sealedPrivateKey) throw new Error("the order has no certificate to store");
      const leaf = await readCertificate(chainPem);
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
      await database.batch([
        database.insert(certificateVersions).values(version).onConflictDoNothing(),
        database
          .update(certificates)
          .set({
            status: "valid",
            currentVersionId: id,
            notAfter: leaf.notAfter,
            failures: 0,
            problem: null,
            updatedAt: now(),
          })
          .where(eq(certificates.id, input.certificateId)),
      ]);
    },

    /** Ends an order that won a version, and says when the certificate is due next. */
    async closeValid(input: OrderInput, { chainPem = "" }: OrderProgress): Promise<number> {
      const leaf = await readCertificate(chainPem);
      const window = leaf.renewalIdentifier
        ? await windowOf(ports.caAccounts, input.caAccountId, leaf.renewalIdentifier)
        : undefined;
      const renewAt = renewalTime(leaf, window, Math.random());
      await database.batch([
        database.update(orders).set({ state: "valid", finishedAt: now() }).where(eq(orders.id, input.id)),
        database.update(certificates).set({ renewAt }).where(eq(certificates.id, input.certificateId)),
      ]);
      return renewAt;
    },

    /** Ends a failed order: the certificate keeps the reason and is tried again after a growing while. */
    async closeFailed(input: OrderInput, problem: OrderProblem): Promise<void> {
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

/** The CA's renewal window, or nothing when it gives none or cannot be asked now. */
export async function windowOf(
  caAccounts: CaAccounts,
  caAccountId: string,
  renewalIdentifier: string,
): Promise<{ start: number; end: number } | undefined> {
  const outcome = await caAccounts.objectOf(caAccountId).renewalInformation(renewalIdentifier);
  return outcome.ok ? outcome.value : undefined;
}
