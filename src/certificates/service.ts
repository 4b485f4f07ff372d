/** Certificates: what a person asks for, and the versions that orders win. Work on one goes to its CertificateOrder object. */
import { and, asc, desc, eq } from "drizzle-orm";
import type { Access, AccountIdentity } from "../accounts/identity";
import { requireAny, requireOpened } from "../accounts/plans";
import { isAllowed, requireDomains } from "../accounts/scopes";
import type { CaAccounts } from "../ca-accounts/service";
import { forgetInstalled } from "../instances/behind";
import type { Tell } from "../notifications/events";
import { Problem } from "../problems";
import { changedPreferences } from "../settings/preferences";
import type { Database } from "../storage/database";
import { certificates, certificateVersions, orders } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import type { ChallengeZones } from "../zones/challenges";
import type { CaDecisions } from "./ca-decisions";
import { noMatchingAccount } from "./ca-explanations";
import { ANY_AUTHORITY, settle, settleWish } from "./ca-wish";
import {
  type CertificateChange,
  type CertificateRow,
  currentVersionOf,
  type NewCertificate,
  searchCertificate,
  storeCertificate,
  type VersionRow,
} from "./certificate-rows";
import { changedRequest, wantedOf } from "./given-request";
import { canonical } from "./names";
import type { CertificateOrder, OrderView } from "./order-object";
import { createOrderReading } from "./order-reading";
import { createOrdering } from "./ordering";
import { createPreviews, type Preview } from "./preview";
import { privateKeyPlace } from "./private-key-place";
import { requireProvable } from "./provable";
import type { RenewalPlanning } from "./renewal-planning";
import { markForReplacement, type ReplaceBecause } from "./replacement";
import { type RevocationReason, revokeCertificate } from "./revocation";
import { requireHeld } from "./shared-names";

export interface CertificatePorts {
  database: Database;
  sealer: Sealer;
  caAccounts: CaAccounts;
  caDecisions: CaDecisions;
  challengeZones: ChallengeZones;
  renewalPlanning: RenewalPlanning;
  tell: Tell;
  objects: DurableObjectNamespace<CertificateOrder>;
  now: () => number;
}

/** Who asks: the account, and the names or the instance that its key may be used for. */
type Asker = Pick<Access, "account" | "allowedDomains" | "instanceId">;

export type Certificates = ReturnType<typeof createCertificates>;

export function createCertificates(ports: CertificatePorts) {
  const { database, sealer, objects, challengeZones, caDecisions, now } = ports;
  const { start, order } = createOrdering(ports);
  const previews = createPreviews(ports);
  const objectOf = (id: string): DurableObjectStub<CertificateOrder> => objects.getByName(id);

  /** Throws 404, and 403 where a name of it is none for the key of the request. */
  async function find(asker: Asker, given: string): Promise<CertificateRow> {
    const domain = canonical(given) ?? given;
    requireDomains(asker, [domain]);
    const row = await searchCertificate(database, asker.account.id, domain);
    const isForeign = asker.instanceId !== null && row?.instanceId !== asker.instanceId;
    if (!row || isForeign) throw new Problem(404, `There is no certificate for ${given}.`);
    requireDomains(asker, row.names);
    return row;
  }

  return {
    find,
    order,
    ...createOrderReading(ports),

    /** Those that the key of the request may be used for. */
    async list({ account, allowedDomains, instanceId }: Asker): Promise<CertificateRow[]> {
      const ofInstance = instanceId === null ? undefined : eq(certificates.instanceId, instanceId);
      const rows = await database
        .select()
        .from(certificates)
        .where(and(eq(certificates.ownerId, account.id), ofInstance))
        .orderBy(asc(certificates.domain));
      if (allowedDomains === null) return rows;
      return rows.filter(({ names }) => names.every((name) => isAllowed(name, allowedDomains)));
    },

    /** Stores what is wanted and begins its order. A failed certificate of the same name takes the new settings and is tried again. */
    async create(asker: Asker, given: NewCertificate): Promise<{ row: CertificateRow; order: OrderView }> {
      const owner = asker.account;
      requireAny(owner, "certificates");
      const { names, ...input } = await wantedOf(given);
      requireDomains(asker, names);
      requirePlanFor(owner, names);
      const domain = names[0] as string;
      const [facts, existing] = await Promise.all([
        caDecisions.facts(owner.id, input.instanceId),
        searchCertificate(database, owner.id, domain),
      ]);
      const { settled, wish } = settle(input, facts);
      const taken = alreadyThere(existing);
      if (taken) throw taken;
      const { comparison, decision, chosen } = await caDecisions.examine(facts, { ...settled, names }, wish);
      if (!chosen) throw noMatchingAccount(comparison);
      await requireProvable(challengeZones, owner.id, names, settled, chosen);
      // Not sooner: of a certedge that was just set up, the zone that all share is known from the first look on.
      await requireHeld(database, owner.id, names);
      const row = await storeCertificate(database, owner, domain, names, settled, existing, now());
      return { row, order: await start(row, "create", decision) };
    },

    /** What `create` would do with the same, and would refuse; nothing is stored and nobody is asked for anything. */
    async preview(asker: Asker, given: NewCertificate): Promise<Preview> {
      const owner = asker.account;
      requireAny(owner, "certificates");
      const wanted = await wantedOf(given);
      requireDomains(asker, wanted.names);
      requirePlanFor(owner, wanted.names);
      const existing = await searchCertificate(database, owner.id, wanted.names[0] as string);
      const taken = alreadyThere(existing);
      return previews.of(owner.id, wanted, taken ? [taken] : []);
    },

    /** Checks that the names can be proven in the new way, and keeps it for the next order. Throws 404, 422. */
    async change(asker: Asker, domain: string, change: CertificateChange): Promise<CertificateRow> {
      const row = await find(asker, domain);
      const changed = {
        ...row,
        ...change,
        ca: changedPreferences(row.ca, change.ca ?? {}),
        ...(await changedRequest(row, change, now())),
      };
      // A pin to an account is one to its provider: another provider alone leaves the account open.
      if (change.dnsProvider !== undefined && change.dnsAccountId === undefined) changed.dnsAccountId = null;
      const facts = await caDecisions.facts(row.ownerId, changed.instanceId);
      const wish = settleWish({ ...changed, authority: changed.authority ?? ANY_AUTHORITY }, facts);
      const { comparison, chosen } = await caDecisions.examine(facts, changed, wish);
      if (!chosen) throw noMatchingAccount(comparison);
      await requireProvable(challengeZones, row.ownerId, row.names, changed, chosen);
      const { caAccountId, dnsProvider, dnsAccountId, domainAlias, challengeType } = changed;
      const { keyType, mustStaple, profile, instanceId, ca, certificateRequest, renewal, reuseKey } = changed;
      const { environment, authority } = wish;
      const way = { caAccountId, environment, authority, instanceId, ca, dnsProvider, dnsAccountId, domainAlias };
      const { replaceBecause, renewAt } = changed;
      const own = { certificateRequest, renewal, reuseKey, replaceBecause, renewAt };
      const settings = { ...way, ...own, challengeType, keyType, mustStaple, profile };
      await database
        .update(certificates)
        .set({ ...settings, updatedAt: now() })
        .where(eq(certificates.id, row.id));
      if (row.challengeType === "dns-persist-01" && challengeType !== row.challengeType) {
        await objectOf(row.id).releaseStanding();
      }
      const isReplanned = change.renewal !== undefined || change.instanceId !== undefined;
      if (isReplanned) await ports.renewalPlanning.ofCertificate(row);
      return isReplanned ? find(asker, row.domain) : { ...changed, ...settings, updatedAt: now() };
    },

    async renew(asker: Asker, domain: string): Promise<{ row: CertificateRow; order: OrderView }> {
      const row = await find(asker, domain);
      requirePlanFor(asker.account, row.names);
      return { row, order: await order(row, "manual") };
    },

    /** Marks it, and begins the order; should that fail, the cron takes it up again. */
    async replace(
      asker: Asker,
      domain: string,
      because: ReplaceBecause,
    ): Promise<{ row: CertificateRow; order: OrderView }> {
      const found = await find(asker, domain);
      requirePlanFor(asker.account, found.names);
      const row = await markForReplacement(ports, found, because);
      return { row, order: await order(row, "replace") };
    },

    versions: (row: CertificateRow): Promise<VersionRow[]> =>
      database
        .select()
        .from(certificateVersions)
        .where(eq(certificateVersions.certificateId, row.id))
        .orderBy(desc(certificateVersions.createdAt)),

    currentVersion: (row: CertificateRow) => currentVersionOf(database, row),

    /** Throws 409 where whoever made the certificate request keeps it. */
    async privateKey(version: VersionRow): Promise<string> {
      if (version.sealedPrivateKey !== "") {
        return sealer.open(version.sealedPrivateKey, privateKeyPlace(version.id, version.ownerId));
      }
      const forms = "fullchain, cert, chain and der";
      const why = "it was issued for a certificate request, and its private key is with whoever made that";
      throw new Problem(
        409,
        `The private key for ${version.names[0]} is not here: ${why}. Forms without it are ${forms}.`,
      );
    },

    /** Revokes the current version at the CA that issued it; nothing renews it any more. */
    revoke: async (asker: Asker, domain: string, reason: RevocationReason): Promise<CertificateRow> =>
      revokeCertificate(ports, await find(asker, domain), reason),

    /** Deletes the certificate with its versions and keys; it stays valid at the CA until it is revoked or ends. */
    async remove(asker: Asker, domain: string): Promise<CertificateRow> {
      const row = await find(asker, domain);
      if (!(await objectOf(row.id).destroy())) {
        throw new Problem(409, `An order for ${row.domain} is under way. Delete it once the order has ended.`);
      }
      await database.batch([
        database.delete(orders).where(eq(orders.certificateId, row.id)),
        database.delete(certificateVersions).where(eq(certificateVersions.certificateId, row.id)),
        forgetInstalled(database, row.ownerId, row.domain),
        database.delete(certificates).where(eq(certificates.id, row.id)),
      ]);
      return row;
    },
  };
}

/** One that is in use is renewed, and not made again. */
const alreadyThere = (row: CertificateRow | undefined): Problem | undefined =>
  row?.currentVersionId && row.status !== "revoked"
    ? new Problem(409, `There is a certificate for ${row.domain} already. Renew it, or delete it first.`)
    : undefined;

/** Throws 403 where the plan includes no certificates, or none with a wildcard. */
function requirePlanFor(owner: AccountIdentity, names: string[]): void {
  requireAny(owner, "certificates");
  if (names.some((name) => name.startsWith("*."))) requireOpened(owner, "wildcards");
}
