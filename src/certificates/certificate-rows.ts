/** Certificates in D1: a row of each, and how one is stored and found. */
import { and, eq } from "drizzle-orm";
import type { AccountIdentity } from "../accounts/identity";
import { requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import type { ChallengeType } from "../acme/challenges";
import { Problem } from "../problems";
import type { CaPreferencesChange } from "../settings/preferences";
import type { Database } from "../storage/database";
import { certificates, certificateVersions } from "../storage/schema";
import type { CaPreferences, Environment, RenewalRule } from "../storage/tables/instances";

export type CertificateRow = typeof certificates.$inferSelect;
export type VersionRow = typeof certificateVersions.$inferSelect;

export interface NewCertificate {
  /** Null is the first name of the certificate request. */
  domain: string | null;
  sanDomains: string[];
  /** PKCS #10 in PEM of whoever keeps the private key; null: it is made here. */
  certificateRequest: string | null;
  /** Null is that of its instance, or p256. */
  keyType: string | null;
  /** Null is what the certificate request says, or not. */
  mustStaple: boolean | null;
  /** Null is that of its instance, or of the account. */
  renewal: RenewalRule | null;
  reuseKey: boolean | null;
  profile: string | null;
  /** Null is that of the pinned CA account, of its instance, or production. */
  environment: Environment | null;
  /** The id of an authority, or "auto"; null is that of its instance, or any. */
  authority: string | null;
  instanceId: string | null;
  /** What it says otherwise than its instance and its account. */
  ca: CaPreferences | null;
  caAccountId: string | null;
  dnsProvider: string | null;
  dnsAccountId: string | null;
  domainAlias: string | null;
  /** Null is dns-01. */
  challengeType: ChallengeType | null;
}

/** How it is got, after its instance was asked what it was not told itself. */
export interface SettledCertificate
  extends Omit<NewCertificate, "keyType" | "mustStaple" | "environment" | "authority"> {
  keyType: string;
  mustStaple: boolean;
  environment: Environment;
  authority: string | null;
}

/** What can be changed of a certificate; it takes effect at the next order. */
export type CertificateChange = Partial<
  Pick<
    SettledCertificate,
    | "caAccountId"
    | "environment"
    | "authority"
    | "instanceId"
    | "dnsProvider"
    | "dnsAccountId"
    | "domainAlias"
    | "challengeType"
    | "keyType"
    | "mustStaple"
    | "profile"
    | "certificateRequest"
    | "renewal"
    | "reuseKey"
  >
> & { ca?: CaPreferencesChange };

export async function searchCertificate(
  database: Database,
  ownerId: number,
  domain: string,
): Promise<CertificateRow | undefined> {
  const [row] = await database
    .select()
    .from(certificates)
    .where(and(eq(certificates.ownerId, ownerId), eq(certificates.domain, domain)));
  return row;
}

/** Throws 409 where there is none yet. */
export async function currentVersionOf(database: Database, row: CertificateRow): Promise<VersionRow> {
  const [version] = row.currentVersionId
    ? await database.select().from(certificateVersions).where(eq(certificateVersions.id, row.currentVersionId))
    : [];
  if (!version) throw new Problem(409, `The certificate for ${row.domain} was not issued yet: it is ${row.status}.`);
  return version;
}

/** A failed certificate of the same name takes the new settings. Throws 403 beyond the plan. */
export async function storeCertificate(
  database: Database,
  owner: AccountIdentity,
  domain: string,
  names: string[],
  input: SettledCertificate,
  existing: CertificateRow | undefined,
  now: number,
): Promise<CertificateRow> {
  const settings = {
    names,
    keyType: input.keyType,
    mustStaple: input.mustStaple,
    profile: input.profile,
    environment: input.environment,
    authority: input.authority,
    instanceId: input.instanceId,
    ca: input.ca,
    caAccountId: input.caAccountId,
    dnsProvider: input.dnsProvider,
    dnsAccountId: input.dnsAccountId,
    domainAlias: input.domainAlias,
    challengeType: input.challengeType,
    certificateRequest: input.certificateRequest,
    renewal: input.renewal,
    reuseKey: input.reuseKey,
    status: "pending" as const,
    failures: 0,
    problem: null,
    toldCause: null,
    replaceBecause: null,
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
