/** What an account does with its second factors: set them up, look at them, remove them. The rim asks for the password. */
import { and, eq, notExists } from "drizzle-orm";
import { type AccountIdentity, identityOf } from "../accounts/identity";
import { newToken } from "../accounts/token";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, passkeys as passkeysTable, recoveryCodes as recoveryCodesTable } from "../storage/schema";
import { type AuthenticatorApp, wrongCode } from "./authenticator-app";
import type { Ceremonies } from "./ceremonies";
import type { Passkeys } from "./passkeys";
import type { RecoveryCodes } from "./recovery-codes";
import { requireRelyingParty } from "./relying-party";
import { hasSecondFactor } from "./required";
import { challengeOf, type Registration } from "./webauthn";

export type Method = "totp" | "passkey" | "recovery_code";

export interface Parts {
  database: Database;
  app: AuthenticatorApp;
  recoveryCodes: RecoveryCodes;
  passkeys: Passkeys;
  ceremonies: Ceremonies;
  /** A code of the app, or a recovery code: which of them was used, if it was right. */
  useCode: (accountId: number, code: string) => Promise<Method | undefined>;
}

export function createFactors({ database, app, recoveryCodes, passkeys, ceremonies, useCode }: Parts) {
  /** Whether a sign-in to the account takes a second step, and its password alone is no good. One query. */
  async function required(accountId: number): Promise<boolean> {
    const [row] = await database
      .select({ required: hasSecondFactor() })
      .from(accounts)
      .where(eq(accounts.id, accountId));
    return row?.required ?? false;
  }

  /** Recovery codes stand in for something: they go with the last factor. */
  async function forgetRecoveryCodes(accountId: number): Promise<void> {
    const withFactor = database
      .select({ id: accounts.id })
      .from(accounts)
      .where(and(eq(accounts.id, accountId), hasSecondFactor()));
    await database
      .delete(recoveryCodesTable)
      .where(and(eq(recoveryCodesTable.accountId, accountId), notExists(withFactor)));
  }

  return {
    required,

    async overview(accountId: number) {
      const [totpConfirmedAt, keys, recoveryCodesLeft] = await Promise.all([
        app.confirmedAt(accountId),
        passkeys.list(accountId),
        recoveryCodes.left(accountId),
      ]);
      return { totpConfirmedAt, passkeys: keys, recoveryCodesLeft };
    },

    enrolApp: app.enrol,

    /** Gives recovery codes if the account had none. */
    async confirmApp({ id }: AccountIdentity, code: string): Promise<string[] | undefined> {
      await app.confirm(id, code);
      return recoveryCodes.makeFirst(id);
    },

    /** Takes a code of the app or a recovery code. Throws 404, 422 for the code. */
    async removeApp({ id }: AccountIdentity, code: string): Promise<Method> {
      if ((await app.confirmedAt(id)) === null) throw new Problem(404, "No authenticator app is set up.");
      const by = await useCode(id, code);
      if (!by) throw wrongCode();
      await app.remove(id);
      await forgetRecoveryCodes(id);
      return by;
    },

    async remakeRecoveryCodes({ id }: AccountIdentity): Promise<string[]> {
      if (await required(id)) return recoveryCodes.replace(id);
      throw new Problem(
        409,
        "Recovery codes stand in for a second factor. Set up an authenticator app or a passkey first.",
      );
    },

    async passkeyOptions(account: AccountIdentity, url: string) {
      const relyingParty = requireRelyingParty(url);
      const challenge = newToken();
      await ceremonies.begin("passkey_registration", challenge, { accountId: account.id });
      return passkeys.creationOptions(account, relyingParty, challenge);
    },

    /** Throws 422 when the answer does not hold; its challenge is used up all the same. */
    async addPasskey({ id }: AccountIdentity, name: string, registration: Registration, url: string) {
      const relyingParty = requireRelyingParty(url);
      const challenge = challengeOf(registration.response.clientDataJSON) ?? "";
      const ceremony = await ceremonies.take("passkey_registration", challenge);
      const { verifyRegistration } = await import("./verification");
      const credential =
        ceremony?.accountId === id ? await verifyRegistration(registration, relyingParty, challenge) : undefined;
      if (!credential) {
        throw new Problem(422, "The passkey does not answer what it was asked in the last five minutes. Start again.");
      }
      const passkey = await passkeys.add(id, name, credential);
      return { passkey, recoveryCodes: await recoveryCodes.makeFirst(id) };
    },

    /** For somebody who has lost all of them. Throws 404 when there is no such account. */
    async removeAll(accountId: number): Promise<AccountIdentity> {
      const [[row]] = await database.batch([
        database
          .update(accounts)
          .set({ sealedTotpSecret: null, totpConfirmedAt: null, totpLastStep: null })
          .where(eq(accounts.id, accountId))
          .returning(),
        database.delete(passkeysTable).where(eq(passkeysTable.accountId, accountId)),
        database.delete(recoveryCodesTable).where(eq(recoveryCodesTable.accountId, accountId)),
      ]);
      if (!row) throw new Problem(404, `There is no account ${accountId}.`);
      return identityOf(row);
    },

    async removePasskey({ id }: AccountIdentity, passkeyId: string) {
      const removed = await passkeys.remove(id, passkeyId);
      await forgetRecoveryCodes(id);
      return removed;
    },
  };
}
