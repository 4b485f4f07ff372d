/** Revocation lists: those that certificates of ours name are read when they are due, and what they revoke is replaced at once. */
import { and, eq, gt, isNull, sql } from "drizzle-orm";
import type { Tell } from "../notifications/events";
import { type RevocationList, RevocationListError, readRevocationList } from "../pki/crl";
import { decodePem } from "../pki/pem";
import type { Database } from "../storage/database";
import { certificateVersions, revocationLists } from "../storage/schema";
import { fetchList, ListUnavailable } from "./revocation-list-fetch";
import { type RevokedVersion, replaceRevoked } from "./revoked-versions";

const HOUR = 3_600_000;
/** CAs make new lists every few hours; asking whether there is one costs little where there is none. */
const USUAL = 6 * HOUR;
const SOONEST = HOUR;
const AFTER_FAILURE = 2 * HOUR;
/** Of one list: of more, the others are looked for the next time. */
const MOST_VERSIONS = 20_000;
const MOST_REVOKED = 200;

export interface RevocationListPorts {
  database: Database;
  /** Refuses private hosts. */
  fetch: typeof fetch;
  tell: Tell;
  now: () => number;
}

type ListRow = typeof revocationLists.$inferSelect;

export type RevocationLists = ReturnType<typeof createRevocationLists>;

/** For a version that is being stored: its list is read within the hour, and again and again while it lives. */
export const watchList = (database: Database, url: string, now: number) =>
  database
    .insert(revocationLists)
    .values({ url, nextAt: Math.round(now + HOUR * Math.random()) })
    .onConflictDoNothing();

export function createRevocationLists(ports: RevocationListPorts) {
  const { database, now } = ports;

  const note = (url: string, news: Partial<ListRow>) =>
    database
      .update(revocationLists)
      .set({ checkedAt: now(), ...news })
      .where(eq(revocationLists.url, url));

  /** Of those that the list could revoke; they live, and nobody knows of a revocation yet. */
  const namedBy = (url: string) =>
    database
      .select({ id: certificateVersions.id, serial: certificateVersions.serial })
      .from(certificateVersions)
      .where(
        and(
          ...[eq(certificateVersions.crlUrl, url), gt(certificateVersions.notAfter, now())],
          isNull(certificateVersions.revokedAt),
        ),
      )
      .limit(MOST_VERSIONS);

  /** Reads one list. Gives how many certificates are replaced for it. */
  async function read({ url, entityTag }: ListRow): Promise<number> {
    const named = await namedBy(url);
    const [sample] = named;
    if (!sample) {
      await database.delete(revocationLists).where(eq(revocationLists.url, url));
      return 0;
    }
    const usual = now() + Math.round(USUAL * (1 + Math.random() / 10));
    const fetched = await fetchList(ports.fetch, url, entityTag);
    if (!fetched) {
      await note(url, { nextAt: usual, problem: null });
      return 0;
    }
    const list = readRevocationList(fetched.der);
    const { nextUpdate = usual } = list;
    if (nextUpdate <= now()) throw new RevocationListError("It is out of date.");
    const serials = new Map(list.find(named.map(({ serial }) => serial)).map((each) => [each.serial, each]));
    const all = named.filter(({ serial }) => serials.has(serial));
    const some = all.slice(0, MOST_REVOKED);
    const authentic = await authenticOf(list, some.length > 0 ? some : [sample]);
    const revoked = authentic.flatMap(({ serial, ...version }) => {
      const revocation = serials.get(serial);
      return revocation ? [{ ...version, ...revocation }] : [];
    });
    const replaced = await replaceRevoked(ports, revoked);
    // With more to come, it is read again, whether it has changed or not.
    const isWhole = some.length === all.length;
    const nextAt = isWhole ? Math.max(now() + SOONEST, Math.min(usual, nextUpdate)) : now();
    await note(url, { nextAt, problem: null, entityTag: isWhole ? fetched.entityTag : null });
    return replaced;
  }

  /**
   * Those of the versions whose own issuer has signed the list: whoever has a CA of their own can name any list in what that
   * issues. Throws RevocationListError where it is so for none.
   */
  async function authenticOf(
    list: RevocationList,
    versions: { id: string }[],
  ): Promise<Omit<RevokedVersion, "revokedAt" | "reason">[]> {
    const ids = JSON.stringify(versions.map(({ id }) => id));
    const { id, serial, certificateId, chainPem } = certificateVersions;
    const rows = await database
      .select({ id, serial, certificateId, chainPem })
      .from(certificateVersions)
      .where(sql`id IN (SELECT value FROM json_each(${ids}))`);
    const issuers = [...new Set(rows.map((row) => issuerIn(row.chainPem)))];
    const checks = issuers.map(async (issuer) => (issuer && (await list.isSignedBy(issuer)) ? [issuer] : []));
    const signers = new Set((await Promise.all(checks)).flat());
    const authentic = rows.filter((row) => signers.has(issuerIn(row.chainPem) ?? ""));
    if (authentic.length > 0) return authentic;
    throw new RevocationListError("It is not signed by the issuer of the certificates that name it.");
  }

  return {
    /** A tick's share of the lists that are due. */
    async check(limit: number): Promise<{ read: number; replaced: number }> {
      // What ends the tick in the middle of a list is not met again in the next one.
      const due = await database
        .update(revocationLists)
        .set({ nextAt: now() + AFTER_FAILURE })
        .where(sql`url IN (SELECT url FROM revocation_lists WHERE next_at <= ${now()} ORDER BY next_at LIMIT ${limit})`)
        .returning();
      let replaced = 0;
      for (const row of due) {
        try {
          replaced += await read(row);
        } catch (error) {
          if (!(error instanceof RevocationListError || error instanceof ListUnavailable)) throw error;
          await note(row.url, { problem: error.message });
        }
      }
      return { read: due.length, replaced };
    },
  };
}

/** In PEM; nothing where the chain is the leaf alone. */
const issuerIn = (chainPem: string): string | undefined => {
  const [, issuer] = chainPem
    .split(/(?=-----BEGIN CERTIFICATE-----)/)
    .filter((block) => block.startsWith("-----BEGIN"));
  return issuer && decodePem(issuer).length === 1 ? issuer : undefined;
};
