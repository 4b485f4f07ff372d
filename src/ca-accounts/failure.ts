/** What went wrong with a CA, in a form that crosses a Durable Object's boundary, where classes are lost. */
import { AcmeGarbage, AcmeProblem, AcmeUnreachable } from "../acme/errors";

export interface CaFailure {
  /** `problem`: the CA's own words; `unreachable`: no answer or a server error; `garbage`: no ACME; `held`: not asked. */
  kind: "problem" | "unreachable" | "garbage" | "internal" | "held";
  /**
   * Of `held`, for which the CA was not asked: it does not answer at present ("open"), somebody else is asking whether
   * it does ("probe"), or its limits stand against it, or names that failed too often.
   */
  because?: "open" | "probe" | "limit" | "validation";
  /** The last part of the problem type: "rateLimited". */
  type?: string;
  status?: number;
  detail: string;
  subproblems?: { type: string; detail: string; identifier?: string }[];
  /** Milliseconds since the epoch. */
  retryAfter?: number;
  /** It was one failure too many: nobody asks the CA before this instant. */
  openUntil?: number;
}

export type CaOutcome<T> = { ok: true; value: T } | { ok: false; failure: CaFailure };

export function toCaFailure(error: unknown): CaFailure {
  if (error instanceof CaError) return error.failure;
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

/** Problem types by which a CA says that it is not well (RFC 8555 §6.7). */
const unwell = new Set(["serverInternal", "badNonce"]);

/** Whether it is a failure of the CA as a whole: any answer in ACME is a sign of life. */
export const isOutage = ({ kind, type, status }: CaFailure): boolean =>
  kind === "unreachable" ||
  kind === "garbage" ||
  (kind === "problem" && (unwell.has(type ?? "") || (status ?? 0) >= 500));

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
