/** An ACME client (RFC 8555), with renewal information (RFC 9773) and profiles, over an injected fetch. */
import { base64url } from "jose";
import type { z } from "zod";
import type { AccountKey } from "./account-key";
import { type Answer, linksOf, parseAnswer } from "./answers";
import { preferChain, readChain } from "./certificate-chains";
import { AcmeGarbage, AcmeProblem } from "./errors";
import { type ExternalAccount, externalAccountBinding } from "./external-account";
import * as schemas from "./schemas";
import { type Signer, sign, Transport, type TransportOptions } from "./transport";

export interface AcmeClientOptions extends TransportOptions {
  accountKey: AccountKey;
  accountUrl?: string;
}

export interface AcmeAccount {
  url: string;
  status: "valid" | "deactivated" | "revoked";
  contact: string[];
  ordersUrl?: string;
}

export interface AcmeOrder extends Omit<z.infer<typeof schemas.order>, "error"> {
  url: string;
  error?: schemas.ProblemDocument;
  /** When the CA wants to be asked again, as an instant. */
  retryAfter?: number;
}

export interface AcmeAuthorization extends z.infer<typeof schemas.authorization> {
  url: string;
}

export type AcmeChallenge = z.infer<typeof schemas.challenge>;

/** RFC 9773 §4.2; instants. `retryAfter` is when to ask again. */
export interface RenewalInformation {
  start: number;
  end: number;
  explanationUrl?: string;
  retryAfter?: number;
}

/** Pages of an orders list that are read at most. */
const MOST_PAGES = 20;
const MOST_ALTERNATES = 8;

export class AcmeClient {
  private readonly transport: Transport;
  private accountKey: AccountKey;
  private accountUrl: string | undefined;

  constructor(options: AcmeClientOptions) {
    this.transport = new Transport(options);
    this.accountKey = options.accountKey;
    this.accountUrl = options.accountUrl;
  }

  directory(): Promise<schemas.Directory> {
    return this.transport.directory();
  }

  /** RFC 8555 §7.3. An account that the key has already is found, not made again. */
  async newAccount(
    input: {
      contact?: string[];
      termsOfServiceAgreed?: boolean;
      externalAccount?: ExternalAccount;
      onlyReturnExisting?: boolean;
    } = {},
  ): Promise<AcmeAccount> {
    const { newAccount } = await this.directory();
    const { externalAccount, ...rest } = input;
    const payload = {
      ...rest,
      ...(externalAccount
        ? { externalAccountBinding: await externalAccountBinding(externalAccount, this.accountKey.jwk, newAccount) }
        : {}),
    };
    const answer = await this.transport.post(newAccount, { key: this.accountKey }, payload);
    this.accountUrl = locationOf(answer);
    return toAccount(this.accountUrl, answer);
  }

  async account(): Promise<AcmeAccount> {
    const { accountUrl } = this.signer();
    return toAccount(accountUrl, await this.transport.post(accountUrl, this.signer()));
  }

  /** RFC 8555 §7.3.2. */
  updateAccount(input: { contact: string[] }): Promise<AcmeAccount> {
    return this.changeAccount(input);
  }

  /** RFC 8555 §7.3.6; it cannot be undone. */
  deactivateAccount(): Promise<AcmeAccount> {
    return this.changeAccount({ status: "deactivated" });
  }

  /** RFC 8555 §7.3.5: the inner JWS is signed by the new key and has no nonce. */
  async rolloverKey(newKey: AccountKey): Promise<void> {
    const { keyChange } = await this.directory();
    const { accountUrl } = this.signer();
    const payload = JSON.stringify({ account: accountUrl, oldKey: this.accountKey.jwk });
    const inner = await sign(newKey, { jwk: newKey.jwk, url: keyChange }, payload);
    await this.transport.post(keyChange, this.signer(), inner);
    this.accountKey = newKey;
  }

  /** RFC 8555 §7.4. `profile` and `replaces` are sent only to a CA whose directory offers them. */
  async newOrder(input: {
    identifiers: schemas.Identifier[];
    profile?: string;
    replaces?: string;
  }): Promise<AcmeOrder> {
    const { newOrder, meta, renewalInfo } = await this.directory();
    const { identifiers, profile, replaces } = input;
    const payload = {
      identifiers,
      ...(profile !== undefined && meta?.profiles ? { profile } : {}),
      ...(replaces !== undefined && renewalInfo ? { replaces } : {}),
    };
    const answer = await this.transport.post(newOrder, this.signer(), payload).catch((error) => {
      // RFC 9773 §5: somebody replaced the certificate before us; the order itself is still wanted.
      const isReplaced = error instanceof AcmeProblem && error.type === "alreadyReplaced";
      if (!isReplaced || replaces === undefined) throw error;
      return this.transport.post(newOrder, this.signer(), { ...payload, replaces: undefined });
    });
    return toOrder(locationOf(answer), answer);
  }

  async order(url: string): Promise<AcmeOrder> {
    return toOrder(url, await this.transport.post(url, this.signer()));
  }

  /** The URLs of the account's orders, all pages (RFC 8555 §7.1.2.1). */
  async orders(ordersUrl: string): Promise<string[]> {
    const urls: string[] = [];
    let next: string | undefined = ordersUrl;
    for (let page = 0; next && page < MOST_PAGES; page++) {
      const answer: Answer = await this.transport.post(next, this.signer());
      urls.push(...parseAnswer(answer, schemas.orderList).orders);
      [next] = linksOf(answer, "next");
    }
    return urls;
  }

  async authorization(url: string): Promise<AcmeAuthorization> {
    return { url, ...parseAnswer(await this.transport.post(url, this.signer()), schemas.authorization) };
  }

  authorizations(urls: string[]): Promise<AcmeAuthorization[]> {
    return Promise.all(urls.map((url) => this.authorization(url)));
  }

  /** RFC 8555 §7.5.2. */
  async deactivateAuthorization(url: string): Promise<void> {
    await this.transport.post(url, this.signer(), { status: "deactivated" });
  }

  /** Tells the CA that the challenge can be checked (RFC 8555 §7.5.1). */
  async respond(challengeUrl: string): Promise<AcmeChallenge> {
    return parseAnswer(await this.transport.post(challengeUrl, this.signer(), {}), schemas.challenge);
  }

  respondAll(challengeUrls: string[]): Promise<AcmeChallenge[]> {
    return Promise.all(challengeUrls.map((url) => this.respond(url)));
  }

  /** RFC 8555 §7.4: the request in DER. */
  async finalize(finalizeUrl: string, request: Uint8Array): Promise<AcmeOrder> {
    const answer = await this.transport.post(finalizeUrl, this.signer(), { csr: base64url.encode(request) });
    return toOrder(answer.headers.get("location") ?? "", answer);
  }

  /** The chain as PEM; with `preferredChain`, the one whose topmost issuer has that common name, if there is one (§7.4.2). */
  async certificate(url: string, options: { preferredChain?: string } = {}): Promise<string> {
    const answer = await this.transport.post(url, this.signer());
    const chain = readChain(answer);
    if (options.preferredChain === undefined) return chain;
    const alternates = linksOf(answer, "alternate").slice(0, MOST_ALTERNATES);
    return preferChain(options.preferredChain, chain, alternates, async (alternate) =>
      readChain(await this.transport.post(alternate, this.signer())),
    );
  }

  /** By the account, or by the certificate's own key (RFC 8555 §7.6). One that is revoked already counts as done. */
  async revoke(input: { certificate: Uint8Array; reason?: number; certificateKey?: AccountKey }): Promise<void> {
    const { revokeCert } = await this.directory();
    const payload = {
      certificate: base64url.encode(input.certificate),
      ...(input.reason === undefined ? {} : { reason: input.reason }),
    };
    const signer = input.certificateKey ? { key: input.certificateKey } : this.signer();
    try {
      await this.transport.post(revokeCert, signer, payload);
    } catch (error) {
      if (!(error instanceof AcmeProblem && error.type === "alreadyRevoked")) throw error;
    }
  }

  /** RFC 9773 §4.1; nothing where the CA has no renewal information. */
  async renewalInformation(renewalIdentifier: string): Promise<RenewalInformation | undefined> {
    const { renewalInfo } = await this.directory();
    if (!renewalInfo) return undefined;
    const answer = await this.transport.get(`${renewalInfo.replace(/\/$/, "")}/${renewalIdentifier}`);
    const { suggestedWindow, explanationURL } = parseAnswer(answer, schemas.renewalInformation);
    const start = Date.parse(suggestedWindow.start);
    const end = Date.parse(suggestedWindow.end);
    if (end <= start) throw new AcmeGarbage(answer.url, "The renewal window ends before it begins.");
    return {
      start,
      end,
      ...(explanationURL ? { explanationUrl: explanationURL } : {}),
      ...(answer.retryAfter ? { retryAfter: answer.retryAfter } : {}),
    };
  }

  private async changeAccount(payload: object): Promise<AcmeAccount> {
    const { accountUrl } = this.signer();
    return toAccount(accountUrl, await this.transport.post(accountUrl, this.signer(), payload));
  }

  private signer(): Signer & { accountUrl: string } {
    if (this.accountUrl === undefined) throw new TypeError("The client has no account yet: call newAccount first.");
    return { key: this.accountKey, accountUrl: this.accountUrl };
  }
}

function toAccount(url: string, answer: Answer): AcmeAccount {
  const { status, contact, orders } = parseAnswer(answer, schemas.account);
  return { url, status, contact: contact ?? [], ...(orders ? { ordersUrl: orders } : {}) };
}

function toOrder(url: string, answer: Answer): AcmeOrder {
  const { error, ...order } = parseAnswer(answer, schemas.order);
  return {
    ...order,
    url,
    ...(error ? { error } : {}),
    ...(answer.retryAfter ? { retryAfter: answer.retryAfter } : {}),
  };
}

function locationOf({ url, headers }: Answer): string {
  const location = headers.get("location");
  if (location && URL.canParse(location, url)) return new URL(location, url).href;
  throw new AcmeGarbage(url, "The answer has no Location.");
}
