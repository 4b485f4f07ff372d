/** What the ACME server keeps of one directory. Every change of a status names the status that it was in: of two writers at once, one is refused. */
import type { JWK } from "jose";
import type { Identifier } from "../pki/identifiers";

export interface StoredAccount {
  id: string;
  thumbprint: string;
  jwk: JWK;
  status: "valid" | "deactivated" | "revoked";
  contact: string[];
  termsOfServiceAgreed: boolean;
  createdAt: number;
  /** The directory that it was made at; null for one that nobody made. */
  profileId: string | null;
  /** What it is bound to (RFC 8555 §7.3.4). */
  externalAccountKeyId: string | null;
}

export type OrderStatus = "pending" | "ready" | "processing" | "valid" | "invalid";

export interface StoredOrder {
  id: string;
  accountId: string;
  /** Sorted, by which an open order is found again. */
  identifiersKey: string;
  identifiers: Identifier[];
  authorizationIds: string[];
  status: OrderStatus;
  expiresAt: number;
  csr: string | null;
  certificateId: string | null;
  replaces: string | null;
  problem: { type: string; detail: string } | null;
  createdAt: number;
}

export interface StoredChallenge {
  type: "dns-01" | "dns-account-01" | "dns-persist-01" | "http-01";
  /** Those of dns-persist-01 have none. */
  token?: string;
  /** Those of dns-persist-01 alone have them: the names of the CA that a record may be for. */
  issuerDomainNames?: string[];
  status: "pending" | "processing" | "valid" | "invalid";
  startedAt?: number;
  /** Of the account key that the answer has to be for. */
  thumbprint?: string;
  /** Of the account that answered, as it named itself. */
  accountUrl?: string;
  validatedAt?: number;
  error?: { type: string; detail: string };
}

export type AuthorizationStatus = "pending" | "valid" | "invalid" | "deactivated" | "expired" | "revoked";

export interface StoredAuthorization {
  id: string;
  accountId: string;
  /** Of a wildcard: its base name. */
  identifier: Identifier;
  wildcard: boolean;
  status: AuthorizationStatus;
  expiresAt: number;
  challenges: StoredChallenge[];
  createdAt: number;
}

export interface StoredCertificate {
  id: string;
  accountId: string;
  orderId: string;
  issuerId: string | null;
  serial: string;
  renewalIdentifier: string;
  names: string[];
  chainPem: string;
  notBefore: number;
  notAfter: number;
  revokedAt: number | null;
  revocationReason: number | null;
  replacedBy: string | null;
  createdAt: number;
}

export interface AcmeServerStore {
  /** Marks a nonce as used; false when it was used before. With a thumbprint or id, the account comes along. */
  useNonce(
    nonce: string,
    expiresAt: number,
    account: { id?: string; thumbprint?: string },
  ): Promise<{ fresh: boolean; account?: StoredAccount }>;
  accountByThumbprint(thumbprint: string): Promise<StoredAccount | undefined>;
  /**
   * Stores an account, and notes that its external account key was used, at once; false when that key is of no use any
   * more, or the account's own key has an account already.
   */
  insertAccount(account: StoredAccount): Promise<boolean>;
  updateAccount(id: string, change: Partial<StoredAccount>): Promise<void>;

  insertOrder(order: StoredOrder, authorizations: StoredAuthorization[]): Promise<void>;
  order(id: string): Promise<StoredOrder | undefined>;
  /** The newest order that is pending or ready and not expired. */
  openOrder(accountId: string, identifiersKey: string, now: number): Promise<StoredOrder | undefined>;
  /** Orders that are neither invalid nor run out, by time and id, from after the given one. */
  ordersOf(
    accountId: string,
    after: { createdAt: number; id: string },
    limit: number,
    now: number,
  ): Promise<{ id: string; createdAt: number }[]>;
  updateOrder(id: string, from: OrderStatus, change: Partial<StoredOrder>): Promise<boolean>;

  authorizations(ids: string[]): Promise<StoredAuthorization[]>;
  updateAuthorization(id: string, from: AuthorizationStatus, change: Partial<StoredAuthorization>): Promise<boolean>;
  /** The names that the account holds valid authorizations for. */
  authorizedNames(accountId: string, now: number): Promise<string[]>;

  /** Stores the certificate and makes its order valid, at once; an order that has one already keeps it. */
  insertCertificate(certificate: StoredCertificate): Promise<void>;
  certificate(id: string): Promise<StoredCertificate | undefined>;
  certificateOfOrder(orderId: string): Promise<StoredCertificate | undefined>;
  certificateBySerial(serial: string): Promise<StoredCertificate | undefined>;
  certificateByRenewalIdentifier(identifier: string): Promise<StoredCertificate | undefined>;
  revokeCertificate(id: string, reason: number, now: number): Promise<boolean>;
  /** Puts one order in the place of another, or of none (RFC 9773 §5); false when a third one is there. */
  replaceCertificate(id: string, from: string | null, orderId: string): Promise<boolean>;
}
