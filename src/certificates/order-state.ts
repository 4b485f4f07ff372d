/** The states of an order, in their natural order, and what an order knows at each of them. */
import type { ChallengeType } from "../acme/challenges";
import type { PersistentClaim } from "../dns/persistent-validation";
import type { AnsweredChallenge } from "../dns/provider";
import type { CertificateFacts } from "../pki/certificate";
import type { ZoneLocation } from "../zones/location";
import type { OrderProblem } from "./order-failure";

/** Every state but the last two has a step in order-steps.ts that leads on. */
export const orderStates = [
  "registering",
  "ordering",
  "authorizing",
  "locating",
  "placing",
  "checking",
  "validating",
  "awaiting_ready",
  "finalizing",
  "awaiting_certificate",
  "downloading",
  "storing",
  "cleaning",
  "closing",
  "valid",
  "failed",
] as const;

export type OrderState = (typeof orderStates)[number];
export type WorkingState = Exclude<OrderState, "valid" | "failed">;
export type OrderReason = "create" | "renew" | "manual" | "replace";

export const isWorking = (state: OrderState): state is WorkingState => state !== "valid" && state !== "failed";

/** How long a CA may take with an order, milliseconds. */
export const CA_DEADLINE = 15 * 60_000;

/** What an order is for; fixed when it is made. */
export interface OrderInput {
  id: string;
  certificateId: string;
  ownerId: number;
  reason: OrderReason;
  names: string[];
  keyType: string;
  mustStaple: boolean;
  profile: string | null;
  caAccountId: string;
  dnsProvider: string | null;
  dnsAccountId: string | null;
  /** What the certificate is for; orders of before it was known have none. */
  instanceId?: string | null;
  /** Orders of before it was known have none. */
  domainAlias?: string | null;
  /** The same; nothing is dns-01. */
  challengeType?: ChallengeType | null;
  /** RFC 9773 §5: the certificate that the new one replaces, and the CA account that issued it. */
  replaces?: { renewalIdentifier: string; caAccountId: string };
}

/** By which challenge the names are to be proven. */
export const typeOf = ({ challengeType }: OrderInput): ChallengeType => challengeType ?? "dns-01";

/** A TXT value that proves a name, and where it goes. */
export interface OrderChallenge {
  name: string;
  challengeUrl: string;
  value: string;
  /** With dns-01: what the value is made of. */
  challenge?: AnsweredChallenge;
  /** With dns-persist-01: what the record has to say, in whatever words. */
  claim?: PersistentClaim;
  /** The name that holds the value: the challenge name, or where its CNAME leads. */
  recordName?: string;
  /** None where the record stands already. */
  location?: ZoneLocation;
}

export type LeafFacts = Pick<
  CertificateFacts,
  "serial" | "fingerprint" | "issuer" | "notBefore" | "notAfter" | "renewalIdentifier"
>;

/** What the steps found out; each step adds to it. */
export interface OrderProgress {
  /** Set before newOrder is sent: after a crash the CA may have an order that we never heard of. */
  newOrderSent?: boolean;
  /** Of the account at the CA. */
  accountUrl?: string;
  orderUrl?: string;
  finalizeUrl?: string;
  authorizationUrls?: string[];
  challenges?: OrderChallenge[];
  /** The instant at which the present wait is given up. */
  deadline?: number;
  /** Set before the CA is told to look. */
  responded?: boolean;
  versionId?: string;
  sealedPrivateKey?: string;
  /** DER, base64url. */
  certificateRequest?: string;
  finalizeSent?: boolean;
  certificateUrl?: string;
  chainPem?: string;
  /** What the version's own certificate says. */
  leaf?: LeafFacts;
  stored?: boolean;
  /** The failure that the order is being wound up for. */
  problem?: OrderProblem;
}

export interface Order {
  input: OrderInput;
  state: OrderState;
  progress: OrderProgress;
  createdAt: number;
  finishedAt: number | null;
  /** How often the present step has failed for a passing reason. */
  attempts: number;
  /** The present step is not tried before this instant. */
  notBefore: number;
}

/** A step as people see it. */
export interface OrderStep {
  state: OrderState;
  startedAt: number;
  finishedAt: number | null;
  detail: Record<string, unknown>;
}
