/** The states of an order, in their natural order, and what an order knows at each of them. */
import type { ChallengeType } from "../acme/challenges";
import type { PersistentClaim } from "../dns/persistent-validation";
import type { AnsweredChallenge } from "../dns/provider";
import type { CertificateFacts } from "../pki/certificate";
import type { CaPreferences, Environment } from "../storage/tables/instances";
import type { ZoneLocation } from "../zones/location";
import type { OrderProblem } from "./order-failure";

/** Every state but the last two has a step in order-steps.ts that leads on. */
export const orderStates = [
  "choosing",
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
  "leaving",
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

/** By what the CA account of an order is chosen. */
export interface CaWish {
  environment: Environment;
  /** The id of an authority; null is any. */
  authority: string | null;
  pinnedCaAccountId: string | null;
  instanceId: string | null;
  /** What the certificate itself says, before its instance and its account. */
  preferences: CaPreferences | null;
}

/** The choice of a CA account, as an order keeps it. */
export interface CaDecision {
  /** None fits, or none is left. */
  chosen?: { caAccountId: string; name: string /** Why its circuit is open. */; heldFor: string };
  /** Its circuit is open until then, and there is no other. */
  until?: number;
  /** How many would be left if the chosen one failed. */
  others: number;
  /** For a step's detail: what was asked for, and why each of the others is not it. */
  detail: Record<string, unknown>;
}

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
  /** Orders of before there was a choice have the account itself. */
  ca?: CaWish;
  caAccountId?: string;
  /** The first choice, where it was made already to tell whoever asked for the order. */
  decided?: CaDecision;
  dnsProvider: string | null;
  dnsAccountId: string | null;
  /** What the certificate is for; orders of before it was known have none. */
  instanceId?: string | null;
  /** Orders of before it was known have none. */
  domainAlias?: string | null;
  /** The same; nothing is dns-01. */
  challengeType?: ChallengeType | null;
  /** PKCS #10 in PEM that the order finalizes with; none: it makes a key. */
  givenRequest?: string;
  /** The version whose key is kept, where nothing is wrong with it. */
  reusesKeyOf?: string;
  /** RFC 9773 §5: the certificate that the new one replaces, and the CA account that issued it. */
  replaces?: { renewalIdentifier: string; caAccountId: string };
}

/** The CA account that an order is at, or was at last; nothing before the first choice. */
export const caAccountOf = ({ input, progress }: Pick<Order, "input" | "progress">): string | undefined =>
  progress.caAccountId ?? progress.tried?.at(-1)?.caAccountId ?? input.caAccountId;

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
  "serial" | "fingerprint" | "issuer" | "notBefore" | "notAfter" | "renewalIdentifier" | "revocationListUrl"
>;

/** A CA account that an order was at, and why it went away. */
export interface TriedCa {
  caAccountId: string;
  /** As people call it. */
  name: string;
  problem: OrderProblem;
}

/** What the steps found out; each step adds to it. */
export interface OrderProgress {
  /** The CA account that the order is at. */
  caAccountId?: string;
  caAccountName?: string;
  /** Whether the order goes to another one when this CA fails. */
  mayLeave?: boolean;
  /** Those that it was at before. */
  tried?: TriedCa[];
  /** Why it leaves the one that it is at. */
  leavingFor?: OrderProblem;
  /** How often the present step failed for a passing reason. */
  stepFailures?: number;
  /** Until then, a CA that failed after finalize is asked for what it may have issued. */
  salvageUntil?: number;
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

/** Null forgets a member. */
export type ProgressChange = { [Member in keyof OrderProgress]?: OrderProgress[Member] | null };

export interface Order {
  input: OrderInput;
  state: OrderState;
  progress: OrderProgress;
  createdAt: number;
  finishedAt: number | null;
  /** How often the present step was postponed. */
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
