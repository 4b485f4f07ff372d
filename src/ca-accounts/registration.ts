/** Making CA accounts: registered anew with an authority, or taken over from another ACME client with their key. */
import { and, eq, ne } from "drizzle-orm";
import { type PlanHolder, requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireAny } from "../accounts/plans";
import { AccountKeyError, generateAccountKey, toPrivateJwk } from "../acme/account-key";
import { AcmeUnreachable, isAcmeError } from "../acme/errors";
import type { Authorities } from "../authorities/service";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { instances, caAccounts as table } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import type { DirectoryFacts } from "../storage/tables/authorities";
import type { Environment } from "../storage/tables/instances";
import type { CaAccount } from "./account-object";
import { authorityOfDirectory, chooseDirectory } from "./directory-choice";
import type { CaFailure } from "./failure";
import { type CaAccountRow, type ExternalAccountKey, placeOf } from "./open-account";
import { checkOutgoingUrl } from "./outgoing-url";
import { termsPage } from "./terms";

export interface RegistrationPorts {
  database: Database;
  sealer: Sealer;
  objects: DurableObjectNamespace<CaAccount>;
  authorities: Authorities;
  allowPrivateHosts: boolean;
  now: () => number;
}

interface CaAccountSettings {
  name: string;
  preferredChain?: string | undefined;
  instanceId?: string | undefined;
  setAsDefault: boolean;
}

export interface NewCaAccount extends CaAccountSettings {
  /** An id of the catalogue, or of one of the owner's own authorities. */
  authority: string;
  environment: Environment;
  directoryUrl?: string | undefined;
  contact: string[];
  externalAccount?: ExternalAccountKey | undefined;
  termsAgreed: boolean;
}

export interface ImportedCaAccount extends CaAccountSettings {
  /** With neither this nor a directory of it, the directory's URL tells the authority. */
  authority?: string | undefined;
  environment?: Environment | undefined;
  directoryUrl?: string | undefined;
  /** A private JWK in JSON, or PEM. */
  accountKey: string;
  /** The account's URL at the CA; without it the CA is asked for the account of the key. */
  accountUrl?: string | undefined;
}

/** What a row is made of. */
interface Row extends CaAccountSettings {
  authority: string;
  environment: Environment;
  directoryUrl: string;
  contact: string[];
  externalAccount?: ExternalAccountKey | undefined;
  accountKey: string;
  accountUrl?: string | undefined;
  termsAgreedAt: number | null;
  isDefault?: boolean;
}

/** Which field a CA's refusal of a new account is about (RFC 8555 §6.7). */
const ABOUT: Record<string, string> = {
  invalidContact: "/contact",
  unsupportedContact: "/contact",
  externalAccountRequired: "/eab_kid",
  userActionRequired: "/terms_agreed",
};
/** RFC 8555 §7.3.4 leaves open how a CA says that a binding is wrong. */
const ABOUT_BINDINGS = new Set(["unauthorized", "malformed"]);

export const refuse = (pointer: string, detail: string, extra: Record<string, unknown> = {}) =>
  new Problem(422, detail, { errors: [{ pointer, detail }], extra });

/** Throws 422 for an instance that is not the owner's. */
export async function requireInstance(database: Database, ownerId: number, instanceId: string | null): Promise<void> {
  if (instanceId === null) return;
  const own = and(eq(instances.id, instanceId), eq(instances.ownerId, ownerId));
  const [found] = await database.select({ id: instances.id }).from(instances).where(own);
  if (!found) throw refuse("/instance_id", "There is no such instance in this account.");
}

export function createRegistration(ports: RegistrationPorts) {
  const { database, sealer, objects, authorities, allowPrivateHosts, now } = ports;
  const choice = { customAuthorities: authorities.custom, allowPrivateHosts };

  /** Throws 403 beyond the plan, 409 for a name that is taken. */
  async function insert(owner: PlanHolder, input: Row): Promise<CaAccountRow> {
    const key = { id: crypto.randomUUID(), ownerId: owner.id };
    const { externalAccount } = input;
    const row: CaAccountRow = {
      ...key,
      name: input.name,
      authority: input.authority,
      environment: input.environment,
      directoryUrl: input.directoryUrl,
      contact: input.contact,
      preferredChain: input.preferredChain ?? null,
      eabKid: externalAccount?.kid ?? null,
      sealedEabHmacKey: externalAccount
        ? await sealer.seal(externalAccount.hmacKey, placeOf(key, "eab_hmac_key"))
        : null,
      sealedAccountKey: await sealer.seal(input.accountKey, placeOf(key, "account_key")),
      sealedNextAccountKey: null,
      accountUrl: input.accountUrl ?? null,
      termsAgreedAt: input.termsAgreedAt,
      isDefault: input.isDefault ?? false,
      instanceId: input.instanceId ?? null,
      deactivatedAt: null,
      circuitOpenUntil: null,
      circuitReason: null,
      createdAt: now(),
      updatedAt: now(),
    };
    const store = database.insert(table).values(row).onConflictDoNothing().returning({ id: table.id });
    const [stored, takenBack] = await database.batch([
      store,
      takeBackBeyondPlan(database, "caAccounts", key.id, owner),
    ]);
    requireKept(takenBack, "caAccounts", owner);
    if (stored.length === 0) throw nameTaken(input.name);
    return row;
  }

  /** What the directory says; a CA that is away says nothing. Throws 422 for what is no ACME directory. */
  async function ask(directoryUrl: string): Promise<DirectoryFacts | undefined> {
    try {
      return await authorities.directories.read(directoryUrl);
    } catch (error) {
      if (error instanceof AcmeUnreachable) return undefined;
      if (isAcmeError(error)) throw refuse("/directory_url", error.message);
      throw error;
    }
  }

  const forget = (id: string) => database.delete(table).where(eq(table.id, id));

  return {
    insert,

    /** Of a new row: as `setAsDefault` takes it, none of an instance. */
    async prepare(owner: PlanHolder, input: CaAccountSettings): Promise<void> {
      requireAny(owner, "caAccounts");
      await requireInstance(database, owner.id, input.instanceId ?? null);
      if (input.instanceId && input.setAsDefault) throw refuse("/set_as_default", DEFAULT_IS_FOR_ALL);
    },

    /** Stores and registers it. A CA that says no refuses it; one that is away is asked again at the first order. */
    async register(owner: PlanHolder, input: NewCaAccount): Promise<{ row: CaAccountRow; failure?: CaFailure }> {
      const directoryUrl = await chooseDirectory(choice, owner.id, input);
      const facts = await ask(directoryUrl);
      const terms = facts && termsPage(facts);
      if (terms && !input.termsAgreed) {
        const detail = `The authority has terms: read ${terms}, and set terms_agreed to true.`;
        throw refuse("/terms_agreed", detail, { terms_of_service: terms });
      }
      if (facts?.externalAccountRequired && !input.externalAccount) {
        const known = (await authorities.describe(owner.id, input.authority)).externalAccountHelp;
        const where = known ? ` (${known})` : "";
        throw refuse(
          "/eab_kid",
          `The authority asks for an external account binding: eab_kid and eab_hmac_key${where}.`,
        );
      }
      const termsAgreedAt = input.termsAgreed ? now() : null;
      const row = await insert(owner, {
        ...input,
        directoryUrl,
        termsAgreedAt,
        accountKey: await generateAccountKey(),
      });
      const outcome = await objects.getByName(row.id).register();
      if (outcome.ok) return { row: { ...row, accountUrl: outcome.value.accountUrl } };
      const { kind, type = "", detail } = outcome.failure;
      if (kind !== "problem" && kind !== "garbage") return { row, failure: outcome.failure };
      await forget(row.id);
      if (kind === "garbage") throw refuse("/directory_url", detail);
      const isOfBinding = input.externalAccount && ABOUT_BINDINGS.has(type);
      const pointer = isOfBinding ? "/eab_kid" : (ABOUT[type] ?? "/directory_url");
      throw refuse(pointer, `The authority refused the account: ${detail}`);
    },

    /** Takes over an account that the CA knows. Throws 422 for a key that is none, or that it does not know; 502. */
    async takeOver(owner: PlanHolder, input: ImportedCaAccount): Promise<CaAccountRow> {
      const accountKey = await toPrivateJwk(input.accountKey).catch((error) => {
        if (error instanceof AccountKeyError) throw refuse("/account_key", error.message);
        throw error;
      });
      const accountUrl = input.accountUrl && checkOutgoingUrl(input.accountUrl, "/account_url", allowPrivateHosts);
      const wish = await wishOf(owner.id, input);
      const directoryUrl = await chooseDirectory(choice, owner.id, wish);
      const made = { ...input, ...wish, directoryUrl, contact: [], accountKey, accountUrl, termsAgreedAt: now() };
      const row = await insert(owner, made);
      try {
        return await adopt(row);
      } catch (error) {
        await forget(row.id);
        throw error;
      }
    },
  };

  async function wishOf(ownerId: number, { authority, environment, directoryUrl }: ImportedCaAccount) {
    if (authority !== undefined) return { authority, environment: environment ?? "production", directoryUrl } as const;
    if (directoryUrl === undefined) throw refuse("/directory_url", "Say where it is: authority, or directory_url.");
    const known = await authorityOfDirectory(choice, ownerId, directoryUrl);
    return { ...known, ...(environment && known.authority === "custom" ? { environment } : {}), directoryUrl };
  }

  /** Looks the account up at the CA by its key, and keeps what the CA says of it. */
  async function adopt(row: CaAccountRow): Promise<CaAccountRow> {
    const outcome = await objects.getByName(row.id).lookUp();
    if (!outcome.ok) {
      const { kind, type, detail } = outcome.failure;
      if (kind !== "problem") throw new Problem(502, `Nothing was imported: ${detail}`);
      const unknown = type === "accountDoesNotExist" ? "The authority knows no account of this key" : "It refused";
      throw refuse("/account_key", `${unknown}: ${detail}`);
    }
    const { url, status, contact } = outcome.value;
    if (status !== "valid") throw refuse("/account_key", `The authority has the account ${url} as ${status}.`);
    const same = and(eq(table.ownerId, row.ownerId), eq(table.accountUrl, url), ne(table.id, row.id));
    const [twin] = await database.select({ name: table.name }).from(table).where(same);
    if (twin) throw new Problem(409, `The account ${url} is here already: "${twin.name}".`);
    const known = { accountUrl: url, contact };
    await database.update(table).set(known).where(eq(table.id, row.id));
    return { ...row, ...known };
  }
}

export const DEFAULT_IS_FOR_ALL = "The default is for every certificate: it cannot be bound to an instance.";

export function nameTaken(name: string): Problem {
  const detail = `There is a CA account named "${name}" already.`;
  return new Problem(409, detail, { errors: [{ pointer: "/name", detail }] });
}
