/** Orders for certificates, handed to their objects. */
import { eq } from "drizzle-orm";
import type { Database } from "../storage/database";
import { certificates } from "../storage/schema";
import type { CaDecisions } from "./ca-decisions";
import { noMatchingAccount } from "./ca-explanations";
import type { CertificateRow } from "./certificate-rows";
import type { CertificateOrder, OrderView } from "./order-object";
import type { CaDecision, CaWish, OrderInput, OrderReason } from "./order-state";
import { plannedCertificates } from "./planned-certificates";
import { requireHeld } from "./shared-names";

export interface OrderingPorts {
  database: Database;
  caDecisions: CaDecisions;
  objects: DurableObjectNamespace<CertificateOrder>;
}

export const wishOf = (row: CertificateRow): CaWish => ({
  environment: row.environment,
  authority: row.authority,
  pinnedCaAccountId: row.caAccountId,
  instanceId: row.instanceId,
  preferences: row.ca,
});

export function createOrdering({ database, caDecisions, objects }: OrderingPorts) {
  /** Hands an order to the certificate's object; an order that is under way is joined. */
  async function start(row: CertificateRow, reason: OrderReason, decided?: CaDecision): Promise<OrderView> {
    const [planned] = await plannedCertificates(database, eq(certificates.id, row.id));
    const { version, settings } = planned ?? {};
    // What is wrong with a revoked certificate may be its key.
    const isKept = settings?.reuseKey === true && row.replaceBecause !== "revoked";
    const input: OrderInput = {
      id: crypto.randomUUID(),
      certificateId: row.id,
      ownerId: row.ownerId,
      reason,
      names: row.names,
      keyType: row.keyType,
      mustStaple: row.mustStaple,
      profile: row.profile,
      ca: wishOf(row),
      ...(decided ? { decided } : {}),
      dnsProvider: row.dnsProvider,
      dnsAccountId: row.dnsAccountId,
      instanceId: row.instanceId,
      domainAlias: row.domainAlias,
      challengeType: row.challengeType,
      ...(row.certificateRequest ? { givenRequest: row.certificateRequest } : {}),
      ...(version && isKept ? { reusesKeyOf: version.id } : {}),
      ...(version?.renewalIdentifier
        ? { replaces: { renewalIdentifier: version.renewalIdentifier, caAccountId: version.caAccountId } }
        : {}),
    };
    // The types of RPC have no form for the free members of a step's detail.
    return (await objects.getByName(row.id).start(input)) as OrderView;
  }

  /** Throws 422 where no CA account fits, with what would put it right. */
  async function decideFirst(row: CertificateRow): Promise<CaDecision> {
    const facts = await caDecisions.facts(row.ownerId, row.instanceId);
    const { comparison, decision } = await caDecisions.examine(facts, row, wishOf(row));
    if (!decision.chosen) throw noMatchingAccount(comparison);
    return decision;
  }

  /** Another version of a certificate, as long as its names are its owner's. Throws 403, and 422 to who waits for it. */
  async function order(row: CertificateRow, reason: OrderReason): Promise<OrderView> {
    const [decided] = await Promise.all([
      // A renewal by the clock chooses in its own object: a tick is to do little for each.
      reason === "manual" ? decideFirst(row) : undefined,
      requireHeld(database, row.ownerId, row.names),
    ]);
    return start(row, reason, decided);
  }

  return { start, order };
}
