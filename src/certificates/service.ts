/** Certificates: what a person asks for, and the versions that orders win. Work on one goes to its CertificateOrder object. */
import { and, asc, desc, eq, inArray, sql } from "drizzle-orm";
import type { Access, AccountIdentity } from "../accounts/identity";
import { requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireAny, requireOpened } from "../accounts/plans";
import { isAllowed, requireDomains } from "../accounts/scopes";
import { type ChallengeType, challengeNames } from "../acme/challenges";
import { valueIn } from "../ca-accounts/failure";
import type { CaAccountRow, CaAccounts } from "../ca-accounts/service";
import { decodePem } from "../pki/pem";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { certificates, certificateVersions, orders } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import type { ChallengeZones } from "../zones/challenges";
import { pinOf } from "./challenge-places";
import { canonical, namesOf } from "./names";
import type { CertificateOrder, OrderView } from "./order-object";
import type { OrderInput, OrderReason } from "./order-state";
import { privateKeyPlace } from "./private-key-place";
import { requireHeld } from "./shared-names";

export type CertificateRow = typeof certificates.$inferSelect;
export type VersionRow = typeof certificateVersions.$inferSelect;

export interface NewCertificate {
  domain: string;
  sanDomains: string[];
  keyType: string;
  mustStaple: boolean;
  profile: string | null;
  caAccountId: string | null;
  dnsProvider: string | null;
  dnsAccountId: string | null;
  domainAlias: string | null;
  /** Null is dns-01. */
  challengeType: ChallengeType | null;
}

/** What can be changed of a certificate; it takes effect at the next order. */
export type CertificateChange = Partial<
  Pick<
    NewCertificate,
    | "caAccountId"
    | "dnsProvider"
    | "dnsAccountId"
    | "domainAlias"
    | "challengeType"
    | "keyType"
    | "mustStaple"
    | "profile"
  >
>;

/** RFC 5280 §5.3.1, those that a subscriber may give. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  privilegeWithdrawn: 9,
} as const;

export type RevocationReason = keyof typeof revocationReasons;

export interface CertificatePorts {
  database: Database;
  sealer: Sealer;
  caAccounts: CaAccounts;
  challengeZones: ChallengeZones;
  objects: DurableObjectNamespace<CertificateOrder>;
  now: () => number;
}

/** Who asks: the account, and the names that its key may be used for. */
type Asker = Pick<Access, "account" | "allowedDomains">;

export type Certificates = ReturnType<typeof createCertificates>;

export function createCertificates(ports: CertificatePorts) {
  const { database, sealer, objects, now } = ports;
  const objectOf = (id: string): DurableObjectStub<CertificateOrder> => objects.getByName(id);

  async function search(ownerId: number, domain: string): Promise<CertificateRow | undefined> {
    const [row] = await database
      .select()
      .from(certificates)
      .where(and(eq(certificates.ownerId, ownerId), eq(certificates.domain, domain)));
    return row;
  }

  /** Throws 404, and 403 where a name of it is none for the key of the request. */
  async function find(asker: Asker, given: string): Promise<CertificateRow> {
    const domain = canonical(given) ?? given;
    requireDomains(asker, [domain]);
    const row = await search(asker.account.id, domain);
    if (!row) throw new Problem(404, `There is no certificate for ${given}.`);
    requireDomains(asker, row.names);
    return row;
  }

  async function currentVersion(row: CertificateRow): Promise<VersionRow> {
    const [version] = row.currentVersionId
      ? await database.select().from(certificateVersions).where(eq(certificateVersions.id, row.currentVersionId))
      : [];
    if (!version) throw new Problem(409, `The certificate for ${row.domain} was not issued yet: it is ${row.status}.`);
    return version;
  }

  /** Hands an order to the certificate's object; an order that is under way is joined. */
  async function start(row: CertificateRow, reason: OrderReason, caAccount: CaAccountRow): Promise<OrderView> {
    const version = row.currentVersionId ? await currentVersion(row) : undefined;
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
      domainAlias: row.domainAlias,
      challengeType: row.challengeType,
      ...(version?.renewalIdentifier
        ? { replaces: { renewalIdentifier: version.renewalIdentifier, caAccountId: version.caAccountId } }
        : {}),
    };
    // The types of RPC have no form for the free members of a step's detail.
    return (await objectOf(row.id).start(input)) as OrderView;
  }

  /** Another version of a certificate, as long as its names are its owner's. Throws 403. */
  async function order(row: CertificateRow, reason: OrderReason): Promise<OrderView> {
    const [caAccount] = await Promise.all([
      ports.caAccounts.choose(row.ownerId, row.caAccountId),
      requireHeld(database, row.ownerId, row.names),
    ]);
    return start(row, reason, caAccount);
  }

  /** Whether there is a place for what the names are to be proven by. Throws Problem 422, 403. */
  async function requireProvable(
    ownerId: number,
    names: string[],
    way: Pick<NewCertificate, "dnsProvider" | "dnsAccountId" | "domainAlias" | "challengeType">,
    { accountUrl }: CaAccountRow,
  ): Promise<void> {
    const alias = way.domainAlias ?? undefined;
    if (way.challengeType === "dns-persist-01") {
      // Its records may well be set by a person, in a zone that certedge never sees.
      if (alias === undefined) return;
      const detail = "dns-persist-01 needs no domain_alias: its record is set once, where the name itself is.";
      throw new Problem(422, detail, { errors: [{ pointer: "/domain_alias", detail }] });
    }
    const type = way.challengeType ?? "dns-01";
    // The label of an account that is not registered yet is not known: its order looks for the alias.
    const isKnown = type === "dns-01" || accountUrl !== null;
    const nameOf = await challengeNames(isKnown ? type : "dns-01", accountUrl ?? "");
    await ports.challengeZones.locate(ownerId, names, pinOf(way), isKnown ? alias : undefined, nameOf);
  }

  return {
    find,
    order,

    /** Those that the key of the request may be used for. */
    async list({ account, allowedDomains }: Asker): Promise<CertificateRow[]> {
      const rows = await database
        .select()
        .from(certificates)
        .where(eq(certificates.ownerId, account.id))
        .orderBy(asc(certificates.domain));
      if (allowedDomains === null) return rows;
      return rows.filter(({ names }) => names.every((name) => isAllowed(name, allowedDomains)));
    },

    /** Stores what is wanted and begins its order. A failed certificate of the same name takes the new settings and is tried again. */
    async create(asker: Asker, input: NewCertificate): Promise<{ row: CertificateRow; order: OrderView }> {
      const owner = asker.account;
      requireAny(owner, "certificates");
      const names = namesOf(input);
      requireDomains(asker, names);
      requirePlanFor(owner, names);
      const domain = names[0] as string;
      const [caAccount, existing] = await Promise.all([
        ports.caAccounts.choose(owner.id, input.caAccountId),
        search(owner.id, domain),
      ]);
      if (existing?.currentVersionId && existing.status !== "revoked") {
        throw new Problem(409, `There is a certificate for ${domain} already. Renew it, or delete it first.`);
      }
      await requireProvable(owner.id, names, input, caAccount);
      // Not sooner: of a certedge that was just set up, the zone that all share is known from the first look on.
      await requireHeld(database, owner.id, names);
      const row = await store(database, owner, domain, names, input, existing, now());
      return { row, order: await start(row, "create", caAccount) };
    },

    /** Checks that the names can be proven in the new way, and keeps it for the next order. Throws 404, 422. */
    async change(asker: Asker, domain: string, change: CertificateChange): Promise<CertificateRow> {
      const row = await find(asker, domain);
      const changed = { ...row, ...change };
      // A pin to an account is one to its provider: another provider alone leaves the account open.
      if (change.dnsProvider !== undefined && change.dnsAccountId === undefined) changed.dnsAccountId = null;
      const caAccount = await ports.caAccounts.choose(row.ownerId, changed.caAccountId);
      await requireProvable(row.ownerId, row.names, changed, caAccount);
      const { caAccountId, dnsProvider, dnsAccountId, domainAlias, challengeType } = changed;
      const { keyType, mustStaple, profile } = changed;
      const way = { caAccountId, dnsProvider, dnsAccountId, domainAlias, challengeType };
      const settings = { ...way, keyType, mustStaple, profile };
      await database
        .update(certificates)
        .set({ ...settings, updatedAt: now() })
        .where(eq(certificates.id, row.id));
      if (row.challengeType === "dns-persist-01" && challengeType !== row.challengeType) {
        await objectOf(row.id).releaseStanding();
      }
      return { ...changed, updatedAt: now() };
    },

    async renew(asker: Asker, domain: string): Promise<{ row: CertificateRow; order: OrderView }> {
      const row = await find(asker, domain);
      requirePlanFor(asker.account, row.names);
      return { row, order: await order(row, "manual") };
    },

    async orders(row: CertificateRow): Promise<(typeof orders.$inferSelect)[]> {
      const own = eq(orders.certificateId, row.id);
      return database.select().from(orders).where(own).orderBy(desc(orders.createdAt)).limit(50);
    },

    /** One order with its steps; waits up to `milliseconds` for its end. Throws 404. */
    async readOrder(row: CertificateRow, id: string, milliseconds = 0): Promise<OrderView> {
      const object = objectOf(row.id);
      const view = milliseconds > 0 ? await object.wait(id, milliseconds) : await object.read(id);
      if (!view) throw new Problem(404, `There is no order ${id} for ${row.domain}, or it is too old.`);
      return view as OrderView;
    },

    /** The order as it is, then at each change until it ends: lines of JSON. Throws 404. */
    async watchOrder(row: CertificateRow, id: string): Promise<ReadableStream<string>> {
      const { status, body } = await objectOf(row.id).fetch(`https://order/${id}`);
      if (status === 404 || !body)
        throw new Problem(404, `There is no order ${id} for ${row.domain}, or it is too old.`);
      return body.pipeThrough(new TextDecoderStream());
    },

    versions: (row: CertificateRow): Promise<VersionRow[]> =>
      database
        .select()
        .from(certificateVersions)
        .where(eq(certificateVersions.certificateId, row.id))
        .orderBy(desc(certificateVersions.createdAt)),

    currentVersion,

    privateKey: (version: VersionRow): Promise<string> =>
      sealer.open(version.sealedPrivateKey, privateKeyPlace(version.id, version.ownerId)),

    /** Revokes the current version at the CA that issued it; nothing renews it any more. */
    async revoke(asker: Asker, domain: string, reason: RevocationReason): Promise<CertificateRow> {
      const row = await find(asker, domain);
      const version = await currentVersion(row);
      if (version.revokedAt !== null) throw new Problem(409, `The certificate for ${row.domain} is revoked already.`);
      const [leaf] = decodePem(version.chainPem);
      if (!leaf) throw new Error("the stored chain is empty");
      const object = ports.caAccounts.objectOf(version.caAccountId);
      const outcome = await object.revoke(leaf.der, revocationReasons[reason]);
      if (!outcome.ok) throw new Problem(502, `The authority did not revoke it: ${outcome.failure.detail}`);
      valueIn(outcome);
      const revoked = { revokedAt: now(), revocationReason: revocationReasons[reason] };
      await database.batch([
        database.update(certificateVersions).set(revoked).where(eq(certificateVersions.id, version.id)),
        database
          .update(certificates)
          .set({ status: "revoked", renewAt: null, updatedAt: now() })
          .where(eq(certificates.id, row.id)),
      ]);
      return { ...row, status: "revoked", renewAt: null };
    },

    /** Deletes the certificate with its versions and keys; it stays valid at the CA until it is revoked or ends. */
    async remove(asker: Asker, domain: string): Promise<CertificateRow> {
      const row = await find(asker, domain);
      if (!(await objectOf(row.id).destroy())) {
        throw new Problem(409, `An order for ${row.domain} is under way. Delete it once the order has ended.`);
      }
      await database.batch([
        database.delete(orders).where(eq(orders.certificateId, row.id)),
        database.delete(certificateVersions).where(eq(certificateVersions.certificateId, row.id)),
        database.delete(certificates).where(eq(certificates.id, row.id)),
      ]);
      return row;
    },
  };
}

/** Throws 403 where the plan includes no certificates, or none with a wildcard. */
function requirePlanFor(owner: AccountIdentity, names: string[]): void {
  requireAny(owner, "certificates");
  if (names.some((name) => name.startsWith("*."))) requireOpened(owner, "wildcards");
}

async function store(
  database: Database,
  owner: AccountIdentity,
  domain: string,
  names: string[],
  input: NewCertificate,
  existing: CertificateRow | undefined,
  now: number,
): Promise<CertificateRow> {
  const settings = {
    names,
    keyType: input.keyType,
    mustStaple: input.mustStaple,
    profile: input.profile,
    caAccountId: input.caAccountId,
    dnsProvider: input.dnsProvider,
    dnsAccountId: input.dnsAccountId,
    domainAlias: input.domainAlias,
    challengeType: input.challengeType,
    status: "pending" as const,
    failures: 0,
    problem: null,
    // Should its first order never begin, for a crash, the cron begins it.
    renewAt: now + 600_000,
    updatedAt: now,
  };
  const id = crypto.randomUUID();
  // One that is there keeps its own id: it is not what is taken back.
  const [[row], takenBack] = await database.batch([
    database
      .insert(certificates)
      .values({ id: existing?.id ?? id, ownerId: owner.id, domain, createdAt: now, ...settings })
      .onConflictDoUpdate({ target: [certificates.ownerId, certificates.domain], set: settings })
      .returning(),
    takeBackBeyondPlan(database, "certificates", id, owner),
  ]);
  requireKept(takenBack, "certificates", owner);
  if (!row) throw new Error("the certificate was not stored");
  return row;
}

/** For the cron: what is due, claimed for a while, so that two ticks do not take the same. */
export async function claimDue(database: Database, now: number, limit: number): Promise<CertificateRow[]> {
  const due = database
    .select({ id: certificates.id })
    .from(certificates)
    .where(sql`renew_at IS NOT NULL AND renew_at <= ${now}`)
    .orderBy(asc(certificates.renewAt))
    .limit(limit);
  return database
    .update(certificates)
    .set({ renewAt: now + 3_600_000 })
    .where(inArray(certificates.id, due))
    .returning();
}
