/** The built-in CA: an ACME server over D1 with a root of its own. */
import { and, eq, gt, isNotNull } from "drizzle-orm";
import type { AcmeServerPorts } from "../acme-server/context";
import { createNonceIssuer } from "../acme-server/nonces";
import { type DirectoryPolicy, openPolicy } from "../acme-server/policy";
import { createAcmeServer } from "../acme-server/server";
import { BUILTIN_HOST } from "../authorities/catalogue";
import { readCertificate } from "../pki/certificate";
import { issueCertificate } from "../pki/issuing";
import { decodePem } from "../pki/pem";
import { createRevocationList } from "../pki/revocation-list";
import type { Database } from "../storage/database";
import { acmeCertificates } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import { readImportedIssuer } from "./imported-issuer";
import { createIssuers, type IssuerRow } from "./issuers";
import type { BuiltinCaSettings } from "./settings";
import { createAcmeStore, forgetOldNonces } from "./store";

export interface BuiltinCaPorts {
  database: Database;
  sealer: Sealer;
  /** The TXT values at a name, CNAMEs followed. */
  resolveTxt(name: string): Promise<string[]>;
  /** For http-01. Throws ResolveError for a host that may not be reached. */
  httpFetch: typeof fetch;
  /** Any secret text of the installation: nonces are signed under a key that is derived from it. */
  nonceSecret: string;
  /** Throws for settings that cannot be. */
  settings: () => BuiltinCaSettings;
  now: () => number;
}

/** One of the directories at which clients find this CA. */
export interface BuiltinDirectory {
  /** Of acme_profiles; null is /acme/builtin. */
  profileId: string | null;
  policy: DirectoryPolicy;
  /** Of its certificates; null is as long as the CA gives. */
  lifetimeDays: number | null;
}

const openDirectory: BuiltinDirectory = { profileId: null, policy: openPolicy, lifetimeDays: null };

export type BuiltinCa = ReturnType<typeof createBuiltinCa>;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BACKDATE = 300_000;
const PATH = "/acme/builtin";
/** How long a revocation list is good, and for how long the same one is given out. */
const LIST_LIFETIME = 7 * DAY;
const LIST_KEPT = 60_000;
/** An issuing certificate that ends sooner is followed by the next one. */
const OVERLAP = 365 * DAY;

export function createBuiltinCa(ports: BuiltinCaPorts) {
  const { database, settings, now } = ports;
  const issuers = createIssuers(ports);
  const lists = new Map<string, { der: Promise<Uint8Array<ArrayBuffer>>; until: number }>();

  const common = {
    nonces: createNonceIssuer(ports.nonceSecret, now),
    resolveTxt: ports.resolveTxt,
    fetch: ports.httpFetch,
    // The same under every host name that certedge has, for the records stand for years. The account in a record tells
    // two installations apart.
    issuerDomainNames: [BUILTIN_HOST],
    now,
  };

  const issueFor =
    (lifetimeDays: number): AcmeServerPorts["issue"] =>
    async ({ publicKeyInfo, identifiers, mustStaple }) => {
      const { row, material, chainPem, pointers } = await issuers.current();
      const notBefore = now() - BACKDATE;
      const end = notBefore + Math.min(lifetimeDays, settings().lifetimeDays) * DAY - 1000;
      const validity = { notBefore, notAfter: Math.min(end, row.notAfter) };
      const request = { publicKeyInfo, identifiers, mustStaple, pointers };
      const pem = await issueCertificate({ issuer: material, ...request, ...validity });
      const facts = await readCertificate(pem);
      return {
        chainPem: pem + chainPem,
        issuerId: row.id,
        serial: facts.serial,
        renewalIdentifier: facts.renewalIdentifier ?? "",
        notBefore: facts.notBefore,
        notAfter: facts.notAfter,
      };
    };

  /** Answers any request below `base`, which is the parent of the directory. */
  function serve(request: Request, base: string, { profileId, policy, lifetimeDays }: BuiltinDirectory) {
    const issue = issueFor(lifetimeDays ?? Number.POSITIVE_INFINITY);
    const server = createAcmeServer({
      ...common,
      store: createAcmeStore(database, profileId),
      profileId,
      policy,
      issue,
    });
    return server.handle(request, base);
  }

  /** Nobody needs to be told of a certificate that has ended (RFC 5280 §3.3). */
  const revokedOf = (issuerId: string) =>
    database
      .select({
        serial: acmeCertificates.serial,
        at: acmeCertificates.revokedAt,
        reason: acmeCertificates.revocationReason,
      })
      .from(acmeCertificates)
      .where(
        and(
          eq(acmeCertificates.issuerId, issuerId),
          gt(acmeCertificates.notAfter, now() - HOUR),
          isNotNull(acmeCertificates.revokedAt),
        ),
      );

  async function makeList(id: string): Promise<Uint8Array<ArrayBuffer>> {
    const issuer = id === ROOT_ID ? await issuers.root() : (await issuers.find(id)).material;
    const rows = id === ROOT_ID ? [] : await revokedOf(id);
    const revoked = rows.map(({ serial, at, reason }) => ({ serial, at: at ?? now(), reason: reason ?? 0 }));
    const thisUpdate = now();
    return createRevocationList({
      issuer,
      number: thisUpdate,
      thisUpdate,
      nextUpdate: thisUpdate + LIST_LIFETIME,
      revoked,
    });
  }

  return {
    serve,

    /** Answers any request whose path begins with /acme/builtin; URLs in the answers are of the request's own origin. */
    fetch: (request: Request): Promise<Response> => serve(request, new URL(request.url).origin + PATH, openDirectory),

    /** What those trust who trust this CA. */
    rootPem: async (): Promise<string> => (await issuers.current()).row.rootPem,

    /** An issuer's own certificate, DER; "root" is the root. Throws Problem 404. */
    async certificate(id: string): Promise<Uint8Array<ArrayBuffer>> {
      const pem = id === ROOT_ID ? (await issuers.current()).row.rootPem : (await issuers.find(id)).row.certificatePem;
      return decodePem(pem)[0]?.der ?? new Uint8Array();
    },

    /** The certificates of an issuer that are no longer good (RFC 5280 §5), DER. Throws Problem 404. */
    revocationList(id: string): Promise<Uint8Array<ArrayBuffer>> {
      const kept = lists.get(id);
      if (kept && kept.until > now()) return kept.der;
      const der = makeList(id);
      lists.set(id, { der, until: now() + LIST_KEPT });
      der.catch(() => lists.delete(id));
      return der;
    },

    issuers: (): Promise<IssuerRow[]> => issuers.list(),

    /** A new issuing certificate takes over at once. Throws Problem 409 for an imported one. */
    rotate: (): Promise<IssuerRow> => issuers.rotate(),

    /** An issuing certificate of the operator's own takes over. Throws Problem 409, 422. */
    async importIssuer(chainPem: string, privateKeyPem: string): Promise<IssuerRow> {
      return issuers.take(await readImportedIssuer(chainPem, privateKeyPem, now()));
    },

    /** For the cron: the next issuing certificate in good time, and nonces that need no longer be remembered. */
    async tidy(): Promise<void> {
      await forgetOldNonces(database, now());
      const [current] = await issuers.list();
      if (current?.source === "made" && current.notAfter - now() < OVERLAP) await issuers.rotate();
    },
  };
}

const ROOT_ID = "root";
