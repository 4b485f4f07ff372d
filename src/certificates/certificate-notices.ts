/** What the owner of a certificate is told, in words and for programs. */
import type { Notification } from "../notifications/events";
import type { CertificateRow } from "./certificate-rows";
import type { OrderProblem } from "./order-failure";
import { inDays } from "./renewal-time";

type Subject = Pick<CertificateRow, "domain" | "names" | "instanceId">;

const about = (row: Subject) => ({
  subject: `certificate ${row.domain}`,
  facts: { domain: row.domain, names: row.names, ...(row.instanceId ? { instance_id: row.instanceId } : {}) },
});

const day = (instant: number): string => new Date(instant).toISOString().slice(0, 10);
const second = (instant: number): string => `${new Date(instant).toISOString().slice(0, 19)}Z`;

export interface IssuedFacts {
  issuer: string;
  serial: string;
  notAfter: number;
  renewAt: number;
  isRenewal: boolean;
}

export function issuedNotice(row: Subject, facts: IssuedFacts): Notification {
  const { subject, facts: names } = about(row);
  const { issuer, serial, notAfter, renewAt, isRenewal } = facts;
  return {
    event: isRenewal ? "certificate.renewed" : "certificate.issued",
    subject,
    title: `The certificate for ${row.domain} was ${isRenewal ? "renewed" : "issued"}.`,
    detail: `It is by ${issuer} and ends on ${day(notAfter)}. It is due again on ${day(renewAt)}.`,
    facts: { ...names, issuer, serial, not_after: second(notAfter), renew_at: second(renewAt) },
  };
}

const ending = (notAfter: number | null, now: number): string => {
  if (notAfter === null) return "";
  if (notAfter <= now) return ` The one in use has ended on ${day(notAfter)}.`;
  return ` The one in use ends on ${day(notAfter)}, in ${inDays(notAfter - now)}.`;
};

export function failedNotice(
  row: Subject & Pick<CertificateRow, "notAfter">,
  problem: OrderProblem,
  { failures, nextTry, now }: { failures: number; nextTry: number; now: number },
): Notification {
  const { subject, facts } = about(row);
  const again = ` It is tried again at ${second(nextTry)}.`;
  return {
    event: "certificate.failed",
    subject,
    title: `The certificate for ${row.domain} could not be ${row.notAfter === null ? "issued" : "renewed"}: ${problem.title}.`,
    detail: `${problem.detail} ${problem.what_to_do}${again}${ending(row.notAfter, now)}`,
    facts: {
      ...facts,
      cause: problem.cause,
      failures,
      next_try_at: second(nextTry),
      ...(row.notAfter === null ? {} : { not_after: second(row.notAfter) }),
    },
  };
}

/** Why it was not renewed in time. */
export interface Held {
  cause: string;
  detail: string;
  what_to_do: string;
}

export function expiringNotice(row: Subject, notAfter: number, held: Held, now: number): Notification {
  const { subject, facts } = about(row);
  const when = notAfter <= now ? `has ended on ${day(notAfter)}` : `ends in ${inDays(notAfter - now)}`;
  return {
    event: "certificate.expiring",
    subject,
    title: `The certificate for ${row.domain} ${when} and was not renewed.`,
    detail: `${held.detail} ${held.what_to_do}`,
    facts: { ...facts, cause: held.cause, not_after: second(notAfter) },
  };
}

export interface RevokedFacts {
  detail: string;
  serial?: string;
  reason?: string;
  explanationUrl?: string | undefined;
}

export function revokedNotice(row: Subject, { detail, serial, reason, explanationUrl }: RevokedFacts): Notification {
  const { subject, facts } = about(row);
  return {
    event: "certificate.revoked",
    subject,
    title: `The certificate for ${row.domain} was revoked.`,
    detail,
    facts: {
      ...facts,
      ...(serial ? { serial } : {}),
      ...(reason ? { reason } : {}),
      ...(explanationUrl ? { explanation_url: explanationUrl } : {}),
    },
  };
}
