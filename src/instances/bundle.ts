/** Everything that is new for an instance, in one answer: the versions that it is to have, with their keys. */
import { and, asc, eq, isNull, sql } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import { decodePem, encodePem } from "../pki/pem";
import type { Database } from "../storage/database";
import { certificates, certificateVersions, installedCertificates, orders } from "../storage/schema";
import type { InstanceRow } from "./bindings";
import { heldUntil, opportunityAt, type Version } from "./delivery";

export interface BundleRequest {
  /** What is installed already is in it as well. */
  all: boolean;
  /** Names that come after it: the next part. */
  after: string;
}

export interface BundleEntry {
  domain: string;
  version: typeof certificateVersions.$inferSelect;
  certPem: string;
  chainPem: string;
  fullchainPem: string;
  /** Null where whoever asked for the certificate keeps the key. */
  privateKeyPem: string | null;
}

export interface HeldVersion {
  domain: string;
  fingerprint: string;
  until: number;
}

export interface Bundle {
  entries: BundleEntry[];
  /** What waits for a maintenance window. */
  held: HeldVersion[];
  /** The name that the next part is after; null at the end. */
  next: string | null;
}

/** What an instance is to have, before any chain is read or any key opened. */
export interface Plan {
  /** Of all versions that it is to have: the same as long as these are the same. */
  entityTag: string;
  read(request: BundleRequest): Promise<Bundle>;
}

export interface BundlePorts {
  database: Database;
  openPrivateKey: (version: typeof certificateVersions.$inferSelect) => Promise<string>;
  now: () => number;
}

/** Each key is opened by itself, and an answer is made in memory: more come in parts. */
const MOST_AT_ONCE = 50;

interface Target {
  domain: string;
  version: Version;
  isInstalled: boolean;
  held: HeldVersion | undefined;
}

export function createBundles({ database, openPrivateKey, now }: BundlePorts) {
  /** By name. Neither what was revoked nor what has expired is given to anybody. */
  async function targetsOf({ id, ownerId, settings }: InstanceRow): Promise<Target[]> {
    const installedVersions = alias(certificateVersions, "installed_versions");
    const rows = await database
      .select({
        domain: certificates.domain,
        newest: {
          id: certificateVersions.id,
          fingerprint: certificateVersions.fingerprint,
          notAfter: certificateVersions.notAfter,
          revokedAt: certificateVersions.revokedAt,
          createdAt: certificateVersions.createdAt,
        },
        installed: {
          id: installedVersions.id,
          fingerprint: installedVersions.fingerprint,
          notAfter: installedVersions.notAfter,
          revokedAt: installedVersions.revokedAt,
        },
        problem: installedCertificates.problem,
        reason: orders.reason,
      })
      .from(certificates)
      .innerJoin(certificateVersions, eq(certificateVersions.id, certificates.currentVersionId))
      .leftJoin(orders, eq(orders.id, certificateVersions.orderId))
      .leftJoin(
        installedCertificates,
        and(
          eq(installedCertificates.instanceId, certificates.instanceId),
          eq(installedCertificates.domain, certificates.domain),
        ),
      )
      .leftJoin(
        installedVersions,
        and(
          eq(installedVersions.certificateId, certificates.id),
          eq(installedVersions.fingerprint, installedCertificates.fingerprint),
        ),
      )
      .where(
        and(
          eq(certificates.ownerId, ownerId),
          eq(certificates.instanceId, id),
          isNull(certificateVersions.revokedAt),
          sql`${certificateVersions.notAfter} > ${now()}`,
        ),
      )
      .orderBy(asc(certificates.domain));
    const opportunity = opportunityAt(settings.maintenanceWindows ?? [], now());
    return rows.map(({ domain, newest, installed: found, problem, reason }) => {
      const installed = found ?? undefined;
      const until = heldUntil({ newest, installed, isUrgent: reason === "replace" }, opportunity);
      const version = until === undefined || installed === undefined ? newest : installed;
      const isInstalled = installed?.id === version.id && (problem === null || until !== undefined);
      const held = until === undefined ? undefined : { domain, fingerprint: newest.fingerprint, until };
      return { domain, version, isInstalled, held };
    });
  }

  async function entriesOf(targets: Target[]): Promise<BundleEntry[]> {
    const ids = JSON.stringify(targets.map(({ version }) => version.id));
    const versions = await database
      .select()
      .from(certificateVersions)
      .where(sql`${certificateVersions.id} IN (SELECT value FROM json_each(${ids}))`);
    const byId = new Map(versions.map((version) => [version.id, version]));
    const entries = targets.map(async ({ domain, version: { id } }) => {
      const version = byId.get(id);
      if (!version) return undefined; // deleted in between
      const [certPem = "", ...rest] = decodePem(version.chainPem).map(({ label, der }) => encodePem(label, der));
      const privateKeyPem = version.sealedPrivateKey === "" ? null : await openPrivateKey(version);
      const chainPem = rest.join("");
      return { domain, version, certPem, chainPem, fullchainPem: certPem + chainPem, privateKeyPem };
    });
    return (await Promise.all(entries)).filter((entry) => entry !== undefined);
  }

  return {
    async plan(instance: InstanceRow): Promise<Plan> {
      const targets = await targetsOf(instance);
      return {
        entityTag: await entityTagOf(targets),

        async read({ all, after }) {
          const wanted = targets.filter((target) => (all || !target.isInstalled) && target.domain > after);
          const part = wanted.slice(0, MOST_AT_ONCE);
          return {
            entries: await entriesOf(part),
            held: targets.flatMap(({ held }) => held ?? []),
            next: wanted.length > part.length ? (part.at(-1)?.domain ?? null) : null,
          };
        },
      };
    },
  };
}

/** A weak one: the bundle leaves out what was reported in the meantime, and says the same. */
async function entityTagOf(targets: Target[]): Promise<string> {
  const text = targets.map(({ domain, version }) => `${domain} ${version.id}`).join("\n");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return `W/"${[...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}"`;
}
