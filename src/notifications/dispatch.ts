/** What goes out to a channel: one notification, or a digest of many; and what came of it. */
import type { NotificationEvent, Severity } from "./events";

export interface Entry {
  event: NotificationEvent;
  severity: Severity;
  subject: string;
  title: string;
  detail: string;
  facts: Record<string, unknown>;
  /** When it happened. */
  at: number;
}

export interface Dispatch {
  /** The same however often it is sent. */
  id: string;
  type: NotificationEvent | "digest";
  title: string;
  /** The worst of its entries. */
  severity: Severity;
  /** When it happened, or what is told last in a digest. */
  at: number;
  /** When it is sent, this time. */
  sentAt: number;
  /** One of a notification; of a digest the worst first. */
  entries: Entry[];
  /** How many there are beside these. */
  more: number;
  /** Who tells, and whom: the host of this certedge, the account's user name. */
  host: string;
  account: string;
}

/** A POST that carries it. */
export interface HttpMessage {
  url: string;
  headers: Record<string, string>;
  body: string;
}

export interface HttpAnswer {
  status: number;
  headers: Headers;
  /** Its beginning. */
  text: string;
}

/** `answer` is for the owner, and for the log of deliveries. */
export type Outcome =
  | { kind: "delivered"; answer: string }
  /** Worth another try, not before `retryAfter` milliseconds; `settings` are to be changed first. */
  | { kind: "again"; answer: string; retryAfter?: number | undefined; settings?: Record<string, string> }
  /** This message will never be taken. */
  | { kind: "refused"; answer: string }
  /** No message will be: the other end was taken away. */
  | { kind: "gone"; answer: string };

/** At most so many characters, none cut in two. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  let kept = "";
  for (const character of text) {
    if (kept.length + character.length > most - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** The last line of a digest that has more than it shows. */
export const moreWords = (more: number): string => `${more} more, which the log of this channel lists.`;

export const originWords = ({ host, account }: Dispatch): string => `certedge at ${host}, account ${account}`;
