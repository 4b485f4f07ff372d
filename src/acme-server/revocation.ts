/** revokeCert (RFC 8555 §7.6): by the account that has the certificate, by its own key, or by who has proven all its names. */
import { base64url } from "jose";
import { z } from "zod";
import { type CertificateFacts, readCertificate } from "../pki/certificate";
import { publicKeyInfoOf, sameBytes } from "./account-keys";
import type { Answer } from "./answers";
import { isFor } from "./authorizations";
import { type AccountExchange, type KeyExchange, readPayload } from "./exchange";
import { baseName } from "./identifiers";
import { Refusal } from "./problems";
import type { StoredCertificate } from "./store";

/** Reasons that the holder of a certificate can have (RFC 5280 §5.3.1); the others are the authority's. */
const REASONS = [0, 1, 3, 4, 5, 9];

const revocationPayload = z.object({ certificate: z.string().min(1), reason: z.number().optional() });

export async function revokeCertificate(exchange: AccountExchange | KeyExchange): Promise<Answer> {
  const { ports, now } = exchange;
  const { certificate, reason = 0 } = readPayload(exchange, revocationPayload);
  if (!REASONS.includes(reason)) {
    throw new Refusal("badRevocationReason", `The reason ${reason} is not taken. Reasons: ${REASONS.join(", ")}.`);
  }
  const given = await readGiven(certificate);
  const stored = await ports.store.certificateBySerial(given.serial);
  if (!stored || !sameBytes((await readCertificate(stored.chainPem)).der, given.der)) {
    throw new Refusal("malformed", "The certificate was not issued here.", { status: 404 });
  }
  if (!(await mayRevoke(exchange, stored, given))) {
    throw new Refusal("unauthorized", "Neither the certificate, nor its key, nor proof of all its names is yours.");
  }
  if (!(await ports.store.revoke(stored.id, now, reason))) {
    throw new Refusal("alreadyRevoked", "The certificate is revoked already.");
  }
  return { status: 200 };
}

async function mayRevoke(
  exchange: AccountExchange | KeyExchange,
  stored: StoredCertificate,
  given: CertificateFacts,
): Promise<boolean> {
  if ("jwk" in exchange) return sameBytes(given.publicKeyInfo, await publicKeyInfoOf(exchange.jwk));
  const { ports, account, now } = exchange;
  if (stored.accountId === account.id) return true;
  const proven = await ports.store.validAuthorizations(account.id, stored.identifiers.map(baseName), now);
  return stored.identifiers.every((identifier) => proven.some((authorization) => isFor(authorization, identifier)));
}

async function readGiven(certificate: string): Promise<CertificateFacts> {
  try {
    return await readCertificate(new Uint8Array(base64url.decode(certificate)));
  } catch {
    throw new Refusal("malformed", '"certificate" is not a certificate in DER, base64url.');
  }
}
