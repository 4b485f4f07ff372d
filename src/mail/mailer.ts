/** Sending e-mail: one interface, and the ways to do it that an operator can choose from. */
import type { Problem } from "../problems";

export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface Mailer {
  /** Whether mail can be sent at all; if not, why, for a person. */
  readonly off?: Problem;
  /** Resolves once the mail is taken for delivery. Throws Problem 502 or 503, which says nothing of what is in it. */
  send(mail: Mail): Promise<void>;
}
