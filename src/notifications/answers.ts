/** What the answer of the other end means for a message, and for the channel. */
import type { HttpAnswer, Outcome } from "./dispatch";

const SECOND = 1000;

/** Retry-After as seconds or as a date (RFC 9110 §10.2.3), in milliseconds from now on. */
export function retryAfter(headers: Headers, now: number): number | undefined {
  const value = headers.get("retry-after")?.trim();
  if (!value) return undefined;
  const wait = /^\d+(\.\d+)?$/.test(value) ? Number(value) * SECOND : Date.parse(value) - now;
  return Number.isFinite(wait) && wait > 0 ? wait : undefined;
}

/** "404 no_service": the status, and the beginning of what was said, on one line. */
export function words({ status, text }: HttpAnswer): string {
  const said = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return said ? `${status} ${said}` : String(status);
}

/** A body that is JSON, or else nothing. */
export function jsonOf({ text }: HttpAnswer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** What the statuses of an API say that takes messages: what is malformed is not taken the second time either. */
const REFUSED = new Set([400, 413, 415, 422]);

/** As it is with most; `isGone` knows how this API says that there is nobody any more. */
export function judge(answer: HttpAnswer, now: number, isGone: (answer: HttpAnswer) => boolean = () => false): Outcome {
  const { status, headers } = answer;
  const said = { answer: words(answer) };
  if (status >= 200 && status < 300) return { kind: "delivered", answer: String(status) };
  if (status === 410 || isGone(answer)) return { kind: "gone", ...said };
  if (REFUSED.has(status)) return { kind: "refused", ...said };
  return { kind: "again", ...said, retryAfter: retryAfter(headers, now) };
}
