/** What can go wrong between us and a CA. Instants are milliseconds since the epoch. */
import type { Identifier, ProblemDocument } from "./schemas";

export interface Subproblem {
  type: string;
  detail: string;
  identifier?: Identifier | undefined;
}

/** The CA said no, in its own words (RFC 8555 §6.7). */
export class AcmeProblem extends Error {
  override readonly name = "AcmeProblem";
  /** The last part of the URN: "rateLimited". */
  readonly type: string;
  readonly detail: string;
  readonly subproblems: Subproblem[];
  /** The algorithms that the CA takes, with badSignatureAlgorithm (RFC 8555 §6.2). */
  readonly algorithms: string[];
  /** Where a person has to go, with userActionRequired (RFC 8555 §7.3.3). */
  readonly instance?: string;

  constructor(
    readonly url: string,
    readonly status: number,
    document: ProblemDocument,
    readonly retryAfter?: number,
  ) {
    const type = typeOf(document, status);
    super(`${type}: ${document.detail ?? "no detail"}`);
    this.type = type;
    this.detail = document.detail ?? document.title ?? `The authority answered ${status} ${type}.`;
    this.subproblems = (document.subproblems ?? []).map((sub) => ({
      type: shortType(sub.type),
      detail: sub.detail ?? "",
      identifier: sub.identifier,
    }));
    this.algorithms = document.algorithms ?? [];
    if (document.instance !== undefined) this.instance = document.instance;
  }
}

/** No answer, an answer too late, or a server error without a problem document: worth another try later. */
export class AcmeUnreachable extends Error {
  override readonly name = "AcmeUnreachable";

  constructor(
    readonly url: string,
    reason: string,
    readonly retryAfter?: number,
  ) {
    super(`${url}: ${reason}`);
  }
}

/** An answer that is not ACME; a redirect is one. */
export class AcmeGarbage extends Error {
  override readonly name = "AcmeGarbage";

  constructor(
    readonly url: string,
    reason: string,
  ) {
    super(`${url}: ${reason}`);
  }
}

export const isAcmeError = (error: unknown): error is AcmeProblem | AcmeUnreachable | AcmeGarbage =>
  error instanceof AcmeProblem || error instanceof AcmeUnreachable || error instanceof AcmeGarbage;

/** A document without a type of its own (RFC 9457 §4.2.1) comes from what stands before the CA: its status tells. */
function typeOf({ type = "about:blank" }: ProblemDocument, status: number): string {
  if (type !== "about:blank") return shortType(type);
  if (status === 429) return "rateLimited";
  return status >= 500 ? "serverInternal" : "malformed";
}

export const shortType = (type: string | undefined): string => (type ?? "malformed").replace(/^.*:/, "");
