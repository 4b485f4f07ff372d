/** What every operation of the ACME server is given. */
import type { JWK } from "jose";
import type { Identifier } from "../pki/identifiers";
import type { NonceIssuer } from "./nonces";
import type { DirectoryPolicy } from "./policy";
import type { AcmeServerStore, StoredAccount } from "./store";

/** A certificate that was just signed. */
export interface IssuedCertificate {
  /** Leaf first, without the root. */
  chainPem: string;
  /** Of the CA's issuing certificates, the one that signed. */
  issuerId: string;
  serial: string;
  renewalIdentifier: string;
  notBefore: number;
  notAfter: number;
}

export interface AcmeServerPorts {
  store: AcmeServerStore;
  nonces: NonceIssuer;
  /** Of which directory the accounts are; null for one that nobody made. */
  profileId: string | null;
  policy: DirectoryPolicy;
  /** Signs for these names; the request was checked before. */
  issue(input: {
    publicKeyInfo: Uint8Array<ArrayBuffer>;
    identifiers: Identifier[];
    mustStaple: boolean;
  }): Promise<IssuedCertificate>;
  /** The TXT values at a name, CNAMEs followed. Throws when nobody answers. */
  resolveTxt(name: string): Promise<string[]>;
  /** For http-01. Throws ResolveError for a host that may not be reached. */
  fetch: typeof fetch;
  /** The names of the CA in records of dns-persist-01: in A-labels, lower case. */
  issuerDomainNames: string[];
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** One request, authenticated. */
export interface Exchange {
  ports: AcmeServerPorts;
  /** "https://host/acme/builtin": every URL that we give out begins with it. */
  base: string;
  url: string;
  /** The parts of the path after the name of the resource. */
  parameters: string[];
  query: URLSearchParams;
  /** The payload as text; empty for POST-as-GET (RFC 8555 §6.3). */
  payload: string;
  /** The account that signed; absent where the key itself signed. */
  account?: StoredAccount;
  /** The key that signed, and its thumbprint (RFC 7638). */
  jwk: JWK;
  thumbprint: string;
}

export interface AcmeAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}

export type Operation = (exchange: Exchange) => Promise<AcmeAnswer>;

/** An exchange that an account signed. */
export type AccountExchange = Exchange & { account: StoredAccount };
