/** What went wrong with a CA, in a form that crosses a Durable Object's boundary, where classes are lost. */
import { AcmeGarbage, AcmeProblem, AcmeUnreachable } from "../acme/errors";

export interface CaFailure {
  /** `problem`: the CA's own words; `unreachable`: no answer or a server error; `garbage`: no ACME. */
  kind: "problem" | "unreachable" | "garbage" | "internal";
  /** The last part of the problem type: "rateLimited". */
  type?: string;
  status?: number;
  detail: string;
  subproblems?: { type: string; detail: string; identifier?: string }[];
  /** Milliseconds since the epoch. */
  retryAfter?: number;
}

export type CaOutcome<T> = { ok: true; value: T } | { ok: false; failure: CaFailure };

export function toCaFailure(error: unknown): CaFailure {
  if (error instanceof AcmeProblem) {
    return {
      kind: "problem",
      type: error.type,
      status: error.status,
      detail: error.detail,
      subproblems: error.subproblems.map(({ type, detail, identifier }) => ({
        type,
        detail,
        ...(identifier ? { identifier: identifier.value } : {}),
      })),
      ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
    };
  }
  if (error instanceof AcmeUnreachable) {
    return {
      kind: "unreachable",
      detail: error.message,
      ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
    };
  }
  if (error instanceof AcmeGarbage) return { kind: "garbage", detail: error.message };
  return { kind: "internal", detail: "Something failed inside certedge; it is tried again." };
}

/** A failed CA call as an exception, for the code that called the object. */
export class CaError extends Error {
  override readonly name = "CaError";

  constructor(readonly failure: CaFailure) {
    super(failure.detail);
  }
}

export function valueIn<T>(outcome: CaOutcome<T>): T {
  if (!outcome.ok) throw new CaError(outcome.failure);
  return outcome.value;
}
