/** What an account can be told of. */

/** "problem": somebody has to act; "warning": somebody should look; "news": all is well. */
export type Severity = "problem" | "warning" | "news";

export const events = {
  "certificate.issued": { title: "A certificate was issued for the first time", severity: "news" },
  "certificate.renewed": { title: "A certificate was renewed", severity: "news" },
  "certificate.failed": { title: "A certificate could not be issued or renewed", severity: "problem" },
  "certificate.expiring": { title: "A certificate comes near its end and was not renewed", severity: "problem" },
  "certificate.revoked": { title: "A certificate was revoked, by whomever", severity: "warning" },
  "ca.failover": { title: "An order went to another CA account than the preferred one", severity: "warning" },
  "ca.recovered": { title: "A CA account that had failed answers again", severity: "news" },
  "ca_account.failed": { title: "A CA account stopped working", severity: "problem" },
  "dns_account.failed": { title: "A DNS account stopped working", severity: "problem" },
  "credential.expiring": { title: "A stored credential is about to expire", severity: "warning" },
  "credential.failed": { title: "A stored credential stopped working", severity: "problem" },
  "instance.behind": { title: "An instance did not install a new version in time", severity: "warning" },
  "domain.failed": { title: "A host name could not be brought up to date", severity: "problem" },
  "channel.failed": { title: "A notification channel does not exist any more and was disabled", severity: "problem" },
  test: { title: "A trial, sent by hand", severity: "news" },
} as const satisfies Record<string, { title: string; severity: Severity }>;

export type NotificationEvent = keyof typeof events;

export interface Notification {
  event: NotificationEvent;
  /** What it is about: "certificate www.example.com". */
  subject: string;
  /** One sentence. */
  title: string;
  /** What happened and what to do, for a person; nothing secret. */
  detail: string;
  /** For programs: members in snake_case, nothing secret. `instance_id` is the instance that it is about. */
  facts: Record<string, unknown>;
}

/** Stored before it returns: what is told survives a crash. Never throws for a channel that does not work. */
export type Tell = (ownerId: number, notification: Notification) => Promise<void>;

/** What an account is told of that has chosen nothing: where somebody has to act or to look. */
export const mattering = (Object.keys(events) as NotificationEvent[]).filter(
  (name) => events[name].severity !== "news",
);

/** Whether a rule is for an event: its name, or "certificate.*" for all that are of one kind. */
export const fits = (rule: string, event: NotificationEvent): boolean =>
  rule.endsWith(".*") ? event.startsWith(rule.slice(0, -1)) : rule === event;
