/** The built-in CA: an ACME server over D1 with a root of its own. */
import { createNonceIssuer } from "../acme-server/nonces";
import { createAcmeServer } from "../acme-server/server";
import { BUILTIN_HOST } from "../authorities/catalogue";
import { readCertificate } from "../pki/certificate";
import { issueCertificate } from "../pki/issuing";
import type { Database } from "../storage/database";
import type { Sealer } from "../storage/sealing";
import { type BuiltinIssuer, openIssuer } from "./issuer";
import { createAcmeStore, forgetOldNonces } from "./store";

export interface BuiltinCaPorts {
  database: Database;
  sealer: Sealer;
  /** The TXT values at a name, CNAMEs followed. */
  resolveTxt(name: string): Promise<string[]>;
  /** Any secret text of the installation: nonces are signed under a key that is derived from it. */
  nonceSecret: string;
  /** How long certificates live, days; kept within 7 to 90. */
  lifetimeDays: number;
  now: () => number;
}

export type BuiltinCa = ReturnType<typeof createBuiltinCa>;

const DAY = 86_400_000;
const BACKDATE = 300_000;
const PATH = "/acme/builtin";

export function createBuiltinCa(ports: BuiltinCaPorts) {
  const { database, sealer, now } = ports;
  const lifetime = Math.min(Math.max(ports.lifetimeDays || 90, 7), 90) * DAY;
  let opened: Promise<BuiltinIssuer> | undefined;

  const issuer = (): Promise<BuiltinIssuer> => {
    opened ??= openIssuer(database, sealer, now()).catch((error) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };

  const server = createAcmeServer({
    store: createAcmeStore(database),
    nonces: createNonceIssuer(ports.nonceSecret, now),
    resolveTxt: ports.resolveTxt,
    // The same under every host name that certedge has, for the records stand for years. The account in a record tells
    // two installations apart.
    issuerDomainNames: [BUILTIN_HOST],
    now,
    async issue({ publicKeyInfo, identifiers, mustStaple }) {
      const { issuing } = await issuer();
      const notBefore = now() - BACKDATE;
      const validity = { notBefore, notAfter: notBefore + lifetime - 1000 };
      const pem = await issueCertificate({ issuer: issuing, publicKeyInfo, identifiers, mustStaple, ...validity });
      const facts = await readCertificate(pem);
      return {
        chainPem: pem + issuing.certificatePem,
        serial: facts.serial,
        renewalIdentifier: facts.renewalIdentifier ?? "",
        notBefore: facts.notBefore,
        notAfter: facts.notAfter,
      };
    },
  });

  return {
    /** Answers any request whose path begins with /acme/builtin; URLs in the answers are of the request's own origin. */
    fetch: (request: Request): Promise<Response> => server.handle(request, new URL(request.url).origin + PATH),

    rootPem: async (): Promise<string> => (await issuer()).rootPem,

    /** Used nonces that have run out need no longer be remembered. */
    forgetExpired: () => forgetOldNonces(database, now()),
  };
}
