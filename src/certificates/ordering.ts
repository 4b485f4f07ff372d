/** Orders for certificates, handed to their objects. */
import type { CaAccountRow, CaAccounts } from "../ca-accounts/service";
import type { Database } from "../storage/database";
import { type CertificateRow, currentVersionOf } from "./certificate-rows";
import type { CertificateOrder, OrderView } from "./order-object";
import type { OrderInput, OrderReason } from "./order-state";
import { requireHeld } from "./shared-names";

export interface OrderingPorts {
  database: Database;
  caAccounts: CaAccounts;
  objects: DurableObjectNamespace<CertificateOrder>;
}

export function createOrdering(ports: OrderingPorts) {
  const { database, objects } = ports;

  /** Hands an order to the certificate's object; an order that is under way is joined. */
  async function start(row: CertificateRow, reason: OrderReason, caAccount: CaAccountRow): Promise<OrderView> {
    const version = row.currentVersionId ? await currentVersionOf(database, row) : undefined;
    const input: OrderInput = {
      id: crypto.randomUUID(),
      certificateId: row.id,
      ownerId: row.ownerId,
      reason,
      names: row.names,
      keyType: row.keyType,
      mustStaple: row.mustStaple,
      profile: row.profile,
      caAccountId: caAccount.id,
      dnsProvider: row.dnsProvider,
      dnsAccountId: row.dnsAccountId,
      instanceId: row.instanceId,
      domainAlias: row.domainAlias,
      challengeType: row.challengeType,
      ...(version?.renewalIdentifier
        ? { replaces: { renewalIdentifier: version.renewalIdentifier, caAccountId: version.caAccountId } }
        : {}),
    };
    // The types of RPC have no form for the free members of a step's detail.
    return (await objects.getByName(row.id).start(input)) as OrderView;
  }

  /** Another version of a certificate, as long as its names are its owner's. Throws 403. */
  async function order(row: CertificateRow, reason: OrderReason): Promise<OrderView> {
    const [caAccount] = await Promise.all([
      ports.caAccounts.choose(row.ownerId, row.caAccountId),
      requireHeld(database, row.ownerId, row.names),
    ]);
    return start(row, reason, caAccount);
  }

  return { start, order };
}
