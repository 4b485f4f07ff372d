/** Problem documents of RFC 8555 §6.7, with the statuses that clients expect. */

const statuses = {
  accountDoesNotExist: 400,
  alreadyReplaced: 409,
  alreadyRevoked: 400,
  badCSR: 400,
  badNonce: 400,
  badPublicKey: 400,
  badRevocationReason: 400,
  badSignatureAlgorithm: 400,
  compound: 400,
  connection: 400,
  dns: 400,
  externalAccountRequired: 403,
  incorrectResponse: 403,
  invalidContact: 400,
  invalidProfile: 400,
  malformed: 400,
  orderNotReady: 403,
  rateLimited: 429,
  rejectedIdentifier: 400,
  serverInternal: 500,
  unauthorized: 403,
  unsupportedContact: 400,
  unsupportedIdentifier: 400,
} as const;

export type AcmeProblemType = keyof typeof statuses;

export interface Subproblem {
  type: AcmeProblemType;
  detail: string;
  identifier: { type: string; value: string };
}

interface Options {
  status?: number;
  subproblems?: Subproblem[];
  /** With badSignatureAlgorithm (RFC 8555 §6.2). */
  algorithms?: string[];
  headers?: Record<string, string>;
}

export class AcmeServerProblem extends Error {
  override readonly name = "AcmeServerProblem";
  readonly status: number;

  constructor(
    readonly type: AcmeProblemType,
    readonly detail: string,
    readonly options: Options = {},
  ) {
    super(detail);
    this.status = options.status ?? statuses[type];
  }

  toDocument() {
    const { subproblems, algorithms } = this.options;
    return {
      type: urn(this.type),
      detail: this.detail,
      status: this.status,
      ...(subproblems ? { subproblems: subproblems.map((sub) => ({ ...sub, type: urn(sub.type) })) } : {}),
      ...(algorithms ? { algorithms } : {}),
    };
  }
}

export const urn = (type: AcmeProblemType): string => `urn:ietf:params:acme:error:${type}`;

export const malformed = (detail: string) => new AcmeServerProblem("malformed", detail);

export const notFound = () => new AcmeServerProblem("malformed", "There is no such resource here.", { status: 404 });

/** Somebody else's resource: the account is known, so it is told that the resource is not its own. */
export const notYours = () => new AcmeServerProblem("unauthorized", "The resource belongs to another account.");
