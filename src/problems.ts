/** What the API answers when it cannot do as asked: RFC 9457 problem details, thrown by services and written by the rim. */

/** One bad field of a request, found by its JSON pointer (RFC 6901) or by the name of a parameter. */
export interface FieldProblem {
  pointer: string;
  detail: string;
}

const titles = {
  400: "Bad request",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  413: "Request too large",
  415: "Unsupported media type",
  422: "Invalid input",
  429: "Too many requests",
  500: "Internal error",
  502: "Bad answer from another service",
  503: "Not available now",
  504: "Another service did not answer in time",
} as const;

export type ProblemStatus = keyof typeof titles;

/** Extra members are written beside the standard ones (RFC 9457 §3.2); `headers` go on the answer. */
export interface ProblemOptions {
  type?: string;
  errors?: FieldProblem[];
  extra?: Record<string, unknown>;
  headers?: Record<string, string>;
}

/** `detail` is for a person: what is wrong, on what, and what to do. Never a secret, never a stack. */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly status: ProblemStatus,
    readonly detail: string,
    readonly options: ProblemOptions = {},
  ) {
    super(detail);
  }

  /** The problem document (application/problem+json). */
  toDocument(): Record<string, unknown> {
    const { type = "about:blank", errors, extra } = this.options;
    return {
      type,
      title: titles[this.status],
      status: this.status,
      detail: this.detail,
      ...(errors ? { errors } : {}),
      ...extra,
    };
  }
}
