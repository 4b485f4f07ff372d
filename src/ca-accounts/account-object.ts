/** The CaAccount object: one for each CA account. It alone signs with the account's key, and keeps its nonces and the CA's directory. */
import { DurableObject } from "cloudflare:workers";
import type { AccountKey } from "../acme/account-key";
import type { ChallengeType } from "../acme/challenges";
import { type AcmeAccount, AcmeClient, type AcmeOrder, type RenewalInformation } from "../acme/client";
import { DirectoryCache } from "../acme/directory";
import { AcmeProblem } from "../acme/errors";
import { NoncePool } from "../acme/nonces";
import type { Identifier } from "../acme/schemas";
import { USER_AGENT } from "../authorities/user-agent";
import { createServices } from "../services";
import { AccountLedger } from "./account-ledger";
import { type Tested, testAccount } from "./account-test";
import { CircuitGate } from "./circuit-gate";
import { CaError, type CaOutcome, toCaFailure } from "./failure";
import { recoveredNotice } from "./notices";
import type { OpenCaAccount } from "./open-account";
import { admitOrder, noteFailedValidation, noteRefusal, settleOrder } from "./order-admission";
import { describeAuthorization, type PendingAuthorization } from "./pending-authorization";
import { type BudgetState, chargesFor, failureCharges, stateOf } from "./rate-budget";
import { termsNotAgreed, termsPage } from "./terms";

/** One wake-up of an object may wait for six answers at a time and has a budget of requests; chunks keep below both. */
const CHUNK = 40;
const AT_ONCE = 6;
/** Owners are told again of an outage that lasts. */
const TOLD_FOR = 86_400_000;

export interface OrderRequest {
  /** Ours: the CA has none for it yet. */
  orderId: string;
  identifiers: Identifier[];
  /** RFC 9773 §5. */
  replaces?: string;
  profile?: string;
  /** The order would wait until then for a place within the CA's limits. */
  patience?: number;
}

export class CaAccount extends DurableObject<Env> {
  private readonly nonces = new NoncePool();
  private readonly directories = new DirectoryCache();
  private readonly ledger = new AccountLedger(this.ctx.storage.sql);
  private readonly gate = new CircuitGate(this.ledger, createServices(this.env).circuitTimes, Date.now, Math.random);
  private opened: Promise<{ account: OpenCaAccount; client: AcmeClient }> | undefined;
  /** Until when others read that the CA is left alone; nothing is known of a fresh object. */
  private shown: number | null | undefined;

  /** Registers with the CA, or finds the registration of the same key; idempotent (RFC 8555 §7.3.1). */
  register(): Promise<CaOutcome<{ accountUrl: string }>> {
    return this.ask(async (client, { row, externalAccount }) => {
      if (row.accountUrl) return { accountUrl: row.accountUrl };
      const { caAccounts, authorities } = createServices(this.env);
      const directory = await client.directory();
      const terms = termsPage(await authorities.directories.note(row.directoryUrl, directory));
      if (terms && row.termsAgreedAt === null) throw termsNotAgreed(directory.newAccount, terms);
      const { url } = await client.newAccount({
        contact: row.contact,
        termsOfServiceAgreed: true,
        ...(externalAccount ? { externalAccount } : {}),
      });
      await caAccounts.registered(row.id, url);
      this.opened = undefined;
      return { accountUrl: url };
    });
  }

  /** Counted ahead: an order that would go beyond the CA's limits is held, and the CA is not asked. */
  newOrder({ orderId, identifiers, replaces, profile, patience }: OrderRequest): Promise<CaOutcome<AcmeOrder>> {
    const names = identifiers.map(({ value }) => value);
    return this.ask(async (client, { limits }) => {
      const asked = { orderId, names, replaces: replaces !== undefined, ...(patience ? { patience } : {}) };
      const held = await admitOrder(asked, limits, this.ledger, Date.now());
      if (held) throw new CaError({ kind: "held", ...held, retryAfter: held.until });
      const order = { identifiers, ...(replaces ? { replaces } : {}), ...(profile ? { profile } : {}) };
      return client.newOrder(order).catch(async (error) => {
        const failure = toCaFailure(error);
        if (failure.type === "rateLimited") await noteRefusal({ names, ...failure }, this.ledger, Date.now());
        throw error;
      });
    });
  }

  /** What an order for these names would find of the CA's limits. */
  async budget(names: string[]): Promise<CaOutcome<BudgetState[]>> {
    return this.attempt(async (_, { limits }) => {
      const charges = [...(await chargesFor(names, limits)), ...failureCharges(names, limits)];
      return charges.map((charge) => stateOf(charge, this.ledger, Date.now()));
    });
  }

  /** An open order for exactly these identifiers, where the CA lists orders (RFC 8555 §7.1.2.1): one that a crash left behind. */
  findOrder(identifiers: Identifier[]): Promise<CaOutcome<AcmeOrder | undefined>> {
    return this.ask(async (client) => {
      const { ordersUrl } = await client.account();
      if (!ordersUrl) return undefined;
      const wanted = keyOf(identifiers);
      const urls = await client.orders(ordersUrl);
      // RFC 8555 does not say at which end of the list the newest order is.
      for (const url of new Set([...urls.slice(-CHUNK / 2).reverse(), ...urls.slice(0, CHUNK / 2)])) {
        const order = await client.order(url);
        const open = order.status === "pending" || order.status === "ready";
        if (open && keyOf(order.identifiers) === wanted) return order;
      }
      return undefined;
    });
  }

  order(url: string): Promise<CaOutcome<AcmeOrder>> {
    return this.ask((client) => client.order(url));
  }

  /** With the challenges of one type. */
  authorizations(urls: string[], type: ChallengeType): Promise<CaOutcome<PendingAuthorization[]>> {
    return this.ask(async (client, { accountKey, row, limits }) => {
      const all = await client.authorizations(urls);
      for (const { url, status, identifier } of all) {
        if (status === "invalid") noteFailedValidation(url, identifier.value, limits, this.ledger, Date.now());
      }
      const responder = { accountKey, accountUrl: row.accountUrl ?? "", directoryUrl: row.directoryUrl };
      return Promise.all(all.map((authorization) => describeAuthorization(authorization, type, responder)));
    });
  }

  /** Tells the CA that the challenges are ready to be checked. */
  respond(challengeUrls: string[]): Promise<CaOutcome<void>> {
    return this.ask(async (client) => {
      await client.respondAll(challengeUrls);
    });
  }

  /** Gives an order up, and its authorizations, so that they do not count against the CA's limits (RFC 8555 §7.5.2). */
  async giveUp(orderId: string, authorizationUrls: string[], mayBeIssued: boolean): Promise<CaOutcome<void>> {
    settleOrder(orderId, mayBeIssued, this.ledger);
    if (authorizationUrls.length === 0) return { ok: true, value: undefined };
    return this.ask(async (client) => {
      await Promise.all(authorizationUrls.map((url) => client.deactivateAuthorization(url)));
    });
  }

  finalize(url: string, csr: Uint8Array): Promise<CaOutcome<AcmeOrder>> {
    return this.ask((client) => client.finalize(url, csr));
  }

  /** The chain, and the roots that it has to lead to where its authority has some; PEM. */
  certificate(orderId: string, url: string): Promise<CaOutcome<{ chainPem: string; rootsPem?: string }>> {
    return this.ask(async (client, { row, rootsPem }) => {
      const preference = row.preferredChain ? { preferredChain: row.preferredChain } : {};
      const chainPem = await client.certificate(url, preference);
      settleOrder(orderId, true, this.ledger);
      return { chainPem, ...(rootsPem ? { rootsPem } : {}) };
    });
  }

  /** Whether the owner is to be told that this order goes elsewhere: once, until the CA is well again. */
  async isFirstToLeave(orderId: string): Promise<boolean> {
    const told = this.ledger.announcement();
    if (told && told.orderId !== orderId && told.at > Date.now() - TOLD_FOR) return false;
    this.ledger.keepAnnouncement({ orderId, at: Date.now() });
    return true;
  }

  revoke(certificate: Uint8Array, reason: number): Promise<CaOutcome<void>> {
    return this.attempt((client) => client.revoke({ certificate, reason }));
  }

  /** For at most {@link CHUNK} certificates. An authority that is away is found to be so once, not for each. */
  async renewalInformation(identifiers: string[]): Promise<CaOutcome<RenewalInformation | undefined>[]> {
    const outcomes: CaOutcome<RenewalInformation | undefined>[] = [];
    for (let start = 0; start < identifiers.length; start += AT_ONCE) {
      const some = identifiers.slice(start, start + AT_ONCE);
      const asked = some.map((identifier) => this.attempt((client) => client.renewalInformation(identifier)));
      outcomes.push(...(await Promise.all(asked)));
      const away = outcomes.find((outcome) => !outcome.ok && outcome.failure.kind === "unreachable");
      if (away) return identifiers.map((_, index) => outcomes[index] ?? away);
    }
    return outcomes;
  }

  /** Takes a new key into use (RFC 8555 §7.3.5). It is sealed in D1 before the CA hears of it, so that no crash loses it. */
  rollover(): Promise<CaOutcome<void>> {
    return this.attempt(async (client, { row }) => {
      const { caAccounts } = createServices(this.env);
      await client.rolloverKey(await caAccounts.prepareRollover(row));
      await caAccounts.settleRollover(row, true);
      this.opened = undefined;
    });
  }

  deactivate(): Promise<CaOutcome<void>> {
    return this.attempt(async (client) => {
      await client.deactivateAccount();
    });
  }

  changeContact(contact: string[]): Promise<CaOutcome<void>> {
    return this.attempt(async (client) => {
      await client.updateAccount({ contact });
    });
  }

  /** The account as the CA has it: by its URL where that is known, else by its key (RFC 8555 §7.3.1). */
  lookUp(): Promise<CaOutcome<AcmeAccount>> {
    return this.attempt(async (client, { row }) => {
      const { directories } = createServices(this.env).authorities;
      await directories.note(row.directoryUrl, await client.directory());
      return row.accountUrl ? client.account() : client.newAccount({ onlyReturnExisting: true });
    });
  }

  /** Whether it works, of which nothing is remembered from before. */
  test(): Promise<CaOutcome<Tested>> {
    return this.attempt(async (_, account) => {
      const client = this.client(account, account.accountKey, new DirectoryCache());
      const find = () => client.newAccount({ onlyReturnExisting: true });
      return testAccount(account, { directory: () => client.directory(), find, now: Date.now });
    });
  }

  /** The account is deleted. */
  destroy(): void {
    this.ledger.clear();
    this.opened = undefined;
  }

  /** What was changed in D1 holds from the next step on. */
  forgetOpened(): void {
    this.opened = undefined;
  }

  /** As {@link attempt}, unless the CA is to be left alone at present; what comes of it counts for all that ask. */
  private async ask<T>(work: (client: AcmeClient, account: OpenCaAccount) => Promise<T>): Promise<CaOutcome<T>> {
    const held = this.gate.enter();
    if (held) return { ok: false, failure: held };
    const outcome = await this.attempt(work);
    const isWellAgain = this.gate.note(outcome.ok ? undefined : outcome.failure);
    await this.showState(isWellAgain);
    const openUntil = this.gate.openUntil()?.until;
    if (outcome.ok || openUntil === undefined) return outcome;
    return { ok: false, failure: { ...outcome.failure, openUntil } };
  }

  /** Others read in D1 whether the CA is left alone. */
  private async showState(isWellAgain: boolean): Promise<void> {
    const held = this.gate.openUntil();
    const shown = this.shown === undefined ? (await this.opened)?.account.row.circuitOpenUntil : this.shown;
    if (!isWellAgain && shown === (held?.until ?? null)) return;
    const { caAccounts, notifications } = createServices(this.env);
    try {
      const row = await caAccounts.showCircuit(this.ctx.id.name ?? "", held);
      if (row && isWellAgain) await notifications.tell(row.ownerId, recoveredNotice(row));
      if (isWellAgain) this.ledger.keepAnnouncement(undefined);
      this.shown = held?.until ?? null;
    } catch {
      this.shown = undefined; // it is shown after the next call
    }
  }

  private async attempt<T>(work: (client: AcmeClient, account: OpenCaAccount) => Promise<T>): Promise<CaOutcome<T>> {
    try {
      this.opened ??= this.open();
      const { account, client } = await this.opened;
      return { ok: true, value: await work(client, account) };
    } catch (error) {
      this.opened = undefined;
      return { ok: false, failure: toCaFailure(error) };
    }
  }

  private async open() {
    const { caAccounts } = createServices(this.env);
    const id = this.ctx.id.name ?? "";
    let account = await caAccounts.openById(id);
    if (account.nextAccountKey) {
      await caAccounts.settleRollover(account.row, await this.knows(account, account.nextAccountKey));
      account = await caAccounts.openById(id);
    }
    return { account, client: this.client(account, account.accountKey) };
  }

  /** Whether the CA knows the account by this key: how a rollover that a crash cut off is found out. */
  private async knows(account: OpenCaAccount, key: AccountKey): Promise<boolean> {
    try {
      await this.client(account, key).newAccount({ onlyReturnExisting: true });
      return true;
    } catch (error) {
      if (error instanceof AcmeProblem && error.type === "accountDoesNotExist") return false;
      throw error;
    }
  }

  private client({ row }: OpenCaAccount, accountKey: AccountKey, directories = this.directories): AcmeClient {
    return new AcmeClient({
      directoryUrl: row.directoryUrl,
      fetch: createServices(this.env).caFetch,
      now: Date.now,
      userAgent: USER_AGENT,
      accountKey,
      ...(row.accountUrl ? { accountUrl: row.accountUrl } : {}),
      nonces: this.nonces,
      directories,
    });
  }
}

const keyOf = (identifiers: Identifier[]) =>
  identifiers
    .map(({ type, value }) => `${type}:${value}`)
    .sort()
    .join(" ");
