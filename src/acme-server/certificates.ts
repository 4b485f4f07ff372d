/** Certificates: downloaded, revoked (RFC 8555 §7.4.2, §7.6), and when to renew them (RFC 9773). */
import { base64url, calculateJwkThumbprint, type JWK } from "jose";
import { z } from "zod";
import { CertificateError, readCertificate } from "../pki/certificate";
import { decodePem } from "../pki/pem";
import type { AccountExchange, AcmeAnswer, AcmeServerPorts, Exchange } from "./context";
import { parsePayload, requireEmpty } from "./jws";
import { AcmeServerProblem, malformed, notFound, notYours } from "./problems";
import type { StoredCertificate } from "./store";

const Revocation = z.looseObject({
  certificate: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .max(65_536),
  reason: z.number().int().nullish(),
});

/** RFC 5280 §5.3.1, those that a subscriber may give. */
const REASONS = new Set([0, 1, 3, 4, 5, 9]);

const DAY = 86_400_000;
const ASK_AGAIN = "21600";

export async function certificate(exchange: AccountExchange): Promise<AcmeAnswer> {
  requireEmpty(exchange.payload);
  const found = await exchange.ports.store.certificate(exchange.parameters[0] ?? "");
  if (!found) throw notFound();
  if (found.accountId !== exchange.account.id) throw notYours();
  return { status: 200, headers: { "content-type": "application/pem-certificate-chain" }, body: found.chainPem };
}

/** Signed by the account that ordered it, by one that may use all its names, or by its own key. */
export async function revokeCertificate(exchange: Exchange): Promise<AcmeAnswer> {
  const { ports, payload } = exchange;
  const { certificate, reason } = parsePayload(payload, Revocation);
  if (!REASONS.has(reason ?? 0))
    throw new AcmeServerProblem("badRevocationReason", `${reason} is not a reason that is taken.`);
  const der = new Uint8Array(base64url.decode(certificate));
  const found = await findByDer(der, ports);
  if (!(await mayRevoke(exchange, found, der))) {
    throw new AcmeServerProblem("unauthorized", "Neither the account nor the key may revoke this certificate.");
  }
  if (!(await ports.store.revokeCertificate(found.id, reason ?? 0, ports.now()))) {
    throw new AcmeServerProblem("alreadyRevoked", "The certificate is revoked already.");
  }
  return { status: 200 };
}

/** RFC 9773 §4: plain GET, the last third of the lifetime; in the past for a revoked certificate. */
export async function renewalInformation(identifier: string, { store, now }: AcmeServerPorts): Promise<AcmeAnswer> {
  const found = await store.certificateByRenewalIdentifier(identifier);
  if (!found) throw notFound();
  const { notBefore, notAfter, revokedAt } = found;
  const twoThirds = notBefore + ((notAfter - notBefore) * 2) / 3;
  const [start, end] =
    revokedAt === null ? [twoThirds, twoThirds + (notAfter - notBefore) / 12] : [now() - 2 * DAY, now() - DAY];
  return {
    status: 200,
    headers: { "retry-after": ASK_AGAIN },
    body: { suggestedWindow: { start: new Date(start).toISOString(), end: new Date(end).toISOString() } },
  };
}

async function findByDer(der: Uint8Array<ArrayBuffer>, { store }: AcmeServerPorts): Promise<StoredCertificate> {
  const serial = await readCertificate(der).then(
    (facts) => facts.serial,
    (error) => {
      if (error instanceof CertificateError) throw malformed("certificate is not an X.509 certificate in DER.");
      throw error;
    },
  );
  const found = await store.certificateBySerial(serial);
  const stored = found && decodePem(found.chainPem)[0]?.der;
  if (!found || !stored || stored.length !== der.length || !stored.every((byte, index) => byte === der[index])) {
    throw new AcmeServerProblem("malformed", "The certificate is not one of this CA.", { status: 404 });
  }
  return found;
}

async function mayRevoke(
  { account, thumbprint, ports }: Exchange,
  found: StoredCertificate,
  der: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (!account) return thumbprint === (await keyThumbprint(der));
  if (account.id === found.accountId) return true;
  const names = new Set(await ports.store.authorizedNames(account.id, ports.now()));
  return found.names.every((name) => names.has(name));
}

/** The thumbprint of the certificate's own key, as a JWS by that key would have it. */
async function keyThumbprint(der: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
  const { publicKeyInfo } = await readCertificate(der);
  const kinds = [
    { name: "ECDSA", namedCurve: "P-256" },
    { name: "ECDSA", namedCurve: "P-384" },
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  ];
  for (const kind of kinds) {
    try {
      const key = await crypto.subtle.importKey("spki", publicKeyInfo, kind, true, ["verify"]);
      return await calculateJwkThumbprint((await crypto.subtle.exportKey("jwk", key)) as JWK);
    } catch {
      // of another kind
    }
  }
  return undefined;
}
