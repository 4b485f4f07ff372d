/** Why an order failed: the cause decides what is done, and what a person is told to do. */
import { CaError, type CaFailure } from "../ca-accounts/failure";
import { DnsProviderError } from "../dns/errors";
import { ChainError } from "../pki/chain";
import { Problem } from "../problems";

interface CauseRule {
  title: string;
  whatToDo: string;
  /** How often the step is tried again within the order before the order fails. */
  retries: number;
  /** The CA's own: another CA may do better. */
  isTheCas?: true;
}

/** The causes. Only those of the CA's own are worth another CA; ours are told, not retried at the CA's cost. */
export const causes = {
  ca_unreachable: {
    title: "The certificate authority did not answer",
    whatToDo:
      "Nothing: the order is tried again later. If it lasts, see the authority's status page or its directory URL.",
    retries: 5,
    isTheCas: true,
  },
  ca_rate_limited: {
    title: "The certificate authority's rate limit is reached",
    whatToDo: "Nothing: the order is tried again when the authority allows it.",
    retries: 0,
    isTheCas: true,
  },
  ca_bad_answer: {
    title: "The certificate authority sent an answer that is not ACME",
    whatToDo: "Check the directory URL of the CA account; if it is right, tell the authority.",
    retries: 2,
    isTheCas: true,
  },
  ca_refused: {
    title: "The certificate authority refused",
    whatToDo: "Read the authority's words in the evidence and change what they name.",
    retries: 0,
  },
  ca_account: {
    title: "The CA account does not work",
    whatToDo: "Check the account at the authority: whether it exists, its external account binding, and its terms.",
    retries: 0,
  },
  validation: {
    title: "The certificate authority could not validate a name",
    whatToDo:
      "Check that the zone's name servers answer from the internet, and that no CAA record forbids the authority.",
    retries: 0,
  },
  no_ca_account: {
    title: "No CA account fits the certificate",
    whatToDo: "See in the evidence why each account does not fit, and change what it names.",
    retries: 0,
  },
  no_dns_challenge: {
    title: "The certificate authority does not offer the DNS challenge for a name",
    whatToDo: "Set challenge_type to one that it offers, leave the name out, or use another authority for it.",
    retries: 0,
  },
  dns_credential: {
    title: "The DNS account's credential does not work",
    whatToDo: "Give the DNS account a credential that may edit the zone.",
    retries: 0,
  },
  dns_zone: {
    title: "No zone was found for a name",
    whatToDo: "Add a DNS account whose credential sees the zone, or pin the certificate to one.",
    retries: 0,
  },
  dns_provider: {
    title: "The DNS provider failed",
    whatToDo: "Nothing: the order is tried again later. If it lasts, see the provider's status page.",
    retries: 2,
  },
  dns_not_visible: {
    title: "What proves a name is not to be seen in the DNS",
    whatToDo:
      "See in the evidence which record is to be set, or which server did not show it: is the zone delegated to this DNS account?",
    retries: 0,
  },
  bad_certificate: {
    title: "The certificate that came back is not the one that was ordered",
    whatToDo: "Tell the authority: the evidence says what is wrong with the certificate. Nothing was installed.",
    retries: 0,
  },
  internal: {
    title: "Something failed inside certedge",
    whatToDo: "Nothing: the order is tried again. If it lasts, see the Worker's log.",
    retries: 6,
  },
} satisfies Record<string, CauseRule>;

export type Cause = keyof typeof causes;

/** The problem of a failed order as the API shows it. */
export interface OrderProblem {
  cause: Cause;
  title: string;
  detail: string;
  evidence: Record<string, unknown>;
  what_to_do: string;
  /** ISO 8601; it is not tried again before this instant. */
  retry_after?: string;
}

/** When it may be tried again. Instants. */
export interface FailureTiming {
  /** Not before. */
  retryAfter?: number;
  /** Nobody was asked, and it is to be asked then: no failure of the order's own. */
  heldUntil?: number;
  /** The CA has failed once too often, and nobody asks it before. */
  openUntil?: number;
  /** It is held for a moment only, which is no reason to go elsewhere. */
  isBrief?: boolean;
  /** Trying the step again within the order is of no use. */
  isFinal?: true;
}

export class OrderFailure extends Error {
  override readonly name = "OrderFailure";

  constructor(
    readonly reason: Cause,
    readonly detail: string,
    readonly evidence: Record<string, unknown> = {},
    readonly timing: FailureTiming = {},
  ) {
    super(detail);
  }

  toProblem(): OrderProblem {
    const { title, whatToDo } = causes[this.reason];
    const retryAfter = this.timing.retryAfter ?? this.timing.heldUntil;
    return {
      cause: this.reason,
      title,
      detail: this.detail,
      evidence: this.evidence,
      what_to_do: whatToDo,
      ...(retryAfter === undefined ? {} : { retry_after: new Date(retryAfter).toISOString() }),
    };
  }
}

const DNS_CAUSES: Record<DnsProviderError["kind"], Cause> = {
  credential: "dns_credential",
  zone_not_found: "dns_zone",
  rate_limited: "dns_provider",
  unavailable: "dns_provider",
  timeout: "dns_provider",
  refused: "dns_provider",
};

/** Problem types of RFC 8555 §6.7 whose cause is not simply a refusal. */
const PROBLEM_CAUSES: Record<string, Cause> = {
  rateLimited: "ca_rate_limited",
  serverInternal: "ca_unreachable",
  accountDoesNotExist: "ca_account",
  externalAccountRequired: "ca_account",
  unauthorized: "ca_account",
  userActionRequired: "ca_account",
  badNonce: "ca_unreachable",
  caa: "validation",
  dns: "validation",
  connection: "validation",
  incorrectResponse: "validation",
};

export function toOrderFailure(error: unknown): OrderFailure {
  if (error instanceof OrderFailure) return error;
  if (error instanceof CaError) return fromCa(error.failure);
  if (error instanceof DnsProviderError) {
    return new OrderFailure(DNS_CAUSES[error.kind], error.detail, { provider: error.provider }, timing(error));
  }
  if (error instanceof ChainError) return new OrderFailure("bad_certificate", error.message, { reason: error.reason });
  if (error instanceof Problem) return new OrderFailure(error.status === 422 ? "dns_zone" : "internal", error.detail);
  return new OrderFailure("internal", "An unexpected error interrupted the step.", {
    error: error instanceof Error ? error.name : typeof error,
  });
}

interface Instants {
  retryAfter?: number | undefined;
  openUntil?: number | undefined;
}

const timing = ({ retryAfter, openUntil }: Instants): FailureTiming => ({
  ...(retryAfter === undefined ? {} : { retryAfter }),
  ...(openUntil === undefined ? {} : { openUntil }),
});

const HELD_CAUSES: Record<NonNullable<CaFailure["because"]>, Cause> = {
  open: "ca_unreachable",
  probe: "ca_unreachable",
  limit: "ca_rate_limited",
  validation: "validation",
};

/** A CA also limits how often names may fail: what makes them fail is ours, and would fail at another CA. */
const causeOf = (type: string, detail: string): Cause => {
  if (type === "rateLimited" && /failed (authorization|validation)s?/i.test(detail)) return "validation";
  return PROBLEM_CAUSES[type] ?? "ca_refused";
};

function fromCa(failure: CaFailure): OrderFailure {
  const { kind, type, status, detail, subproblems, retryAfter, openUntil, because = "open" } = failure;
  const evidence = { ...(type ? { type: `urn:ietf:params:acme:error:${type}`, status } : {}), subproblems };
  switch (kind) {
    case "problem":
      return new OrderFailure(causeOf(type ?? "", detail), detail, evidence, timing({ retryAfter, openUntil }));
    case "unreachable":
      return new OrderFailure("ca_unreachable", detail, {}, timing({ retryAfter, openUntil }));
    case "garbage":
      return new OrderFailure("ca_bad_answer", detail, {}, timing({ openUntil }));
    case "held":
      return new OrderFailure(
        HELD_CAUSES[because],
        detail,
        {},
        { heldUntil: retryAfter ?? 0, isBrief: because === "probe" },
      );
    case "internal":
      return new OrderFailure("internal", detail);
  }
}
