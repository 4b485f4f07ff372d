/** What an account can be told of. */

export const events = {
  "certificate.issued": "A certificate was issued for the first time",
  "certificate.renewed": "A certificate was renewed",
  "certificate.failed": "A certificate could not be issued or renewed",
  "certificate.expiring": "A certificate comes near its end and was not renewed",
  "certificate.revoked": "A certificate was revoked, by whomever",
  "ca.failover": "An order went to another CA account than the preferred one",
  "ca.recovered": "A CA account that had failed answers again",
  "ca_account.failed": "A CA account stopped working",
  "dns_account.failed": "A DNS account stopped working",
  "credential.expiring": "A stored credential is about to expire",
  "credential.failed": "A stored credential stopped working",
  "instance.behind": "An instance did not install a new version in time",
  "domain.failed": "A host name could not be brought up to date",
  test: "A trial, sent by hand",
} as const;

export type NotificationEvent = keyof typeof events;

export interface Notification {
  event: NotificationEvent;
  /** What it is about: "certificate www.example.com". */
  subject: string;
  /** One sentence. */
  title: string;
  /** What happened and what to do, for a person; nothing secret. */
  detail: string;
  /** For programs: members in snake_case, nothing secret. */
  facts: Record<string, unknown>;
}

/** Stored before it returns: what is told survives a crash. Never throws for a channel that does not work. */
export type Tell = (ownerId: number, notification: Notification) => Promise<void>;
