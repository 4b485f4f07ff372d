/** When a credential's owner is reminded of it. */
import { Problem } from "../problems";

/** How long before its end, where nothing else is said. */
const USUAL_NOTICE = 14 * 86_400_000;

export interface Expiry {
  expiresAt: number | null;
  /** Null once its owner was told. */
  remindAt: number | null;
}

/** What a person says of it; what is undefined was not said. */
export type ExpiryChange = { [Member in keyof Expiry]?: Expiry[Member] | undefined };

/** A reminder without an end is one to change the secret. Throws 422 for what is over, or in the wrong order. */
export function expiryOf(given: ExpiryChange, stored: Expiry, now: number): Expiry {
  const { expiresAt = stored.expiresAt } = given;
  if (given.expiresAt && given.expiresAt <= now) throw wrong("expires_at", "It has to be in the future.");
  const { remindAt = given.expiresAt === undefined ? stored.remindAt : usualReminder(expiresAt) } = given;
  if (given.remindAt && given.remindAt <= now) throw wrong("remind_at", "It has to be in the future.");
  if (remindAt !== null && expiresAt !== null && remindAt > expiresAt) {
    throw wrong("remind_at", "It has to be before expires_at.");
  }
  return { expiresAt, remindAt };
}

const usualReminder = (expiresAt: number | null): number | null =>
  expiresAt === null ? null : expiresAt - USUAL_NOTICE;

function wrong(member: string, detail: string): Problem {
  return new Problem(422, detail, { errors: [{ pointer: `/${member}`, detail }] });
}

/** The next reminder after one that was told at `now`: that it has ended. */
export const reminderAfter = ({ expiresAt }: Expiry, now: number): number | null =>
  expiresAt !== null && expiresAt > now ? expiresAt : null;
