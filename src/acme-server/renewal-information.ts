/** When a certificate is best renewed (RFC 9773 §4). */
import type { Answer } from "./answers";
import type { Exchange } from "./exchange";
import { toTimestamp } from "./ports";
import { Refusal } from "./problems";
import type { StoredCertificate } from "./store";

/** Seconds until a client asks again. */
const RETRY_AFTER = 6 * 3600;
const HOUR = 3_600_000;

/** A plain GET, unsigned (§4.1). */
export async function renewalInformation({ ports, parameters }: Exchange): Promise<Answer> {
  const found = await ports.store.certificateByRenewalIdentifier(parameters.id ?? "");
  if (!found) throw new Refusal("malformed", "There is no certificate with this identifier.", { status: 404 });
  const { start, end } = suggestedWindow(found);
  return { json: { suggestedWindow: { start: toTimestamp(start), end: toTimestamp(end) } }, retryAfter: RETRY_AFTER };
}

/** From two thirds of the lifetime on, a thirtieth long; over already for a revoked one, which asks for renewal now (§4.2). */
export function suggestedWindow({ notBefore, notAfter, revokedAt }: StoredCertificate): { start: number; end: number } {
  if (revokedAt !== null) return { start: revokedAt - HOUR, end: revokedAt };
  const lifetime = notAfter - notBefore;
  const start = notBefore + (lifetime * 2) / 3;
  return { start, end: start + lifetime / 30 };
}
