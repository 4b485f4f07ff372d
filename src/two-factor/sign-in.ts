/** The steps of signing in that a second factor takes: after the password, or a passkey in its place. */
import { and, eq, isNull } from "drizzle-orm";
import { type AccountIdentity, identityOf } from "../accounts/identity";
import { newToken } from "../accounts/token";
import { Problem } from "../problems";
import { accounts } from "../storage/schema";
import type { Method, Parts } from "./factors";
import { relyingPartyAt, requireRelyingParty } from "./relying-party";
import { type Assertion, challengeOf, type RequestOptions, requestOptions } from "./webauthn";

/** What the second step of a sign-in is begun with. */
export interface SecondStep {
  token: string;
  methods: Method[];
  passkeyOptions: RequestOptions | null;
}

export type Proof = { code: string } | { passkey: Assertion };

/** How a step ended: who has signed in, and by what; or why not, and on whose account it was tried. */
export type Outcome =
  | { accepted: true; account: AccountIdentity; by: Method }
  | { accepted: false; accountId: number | undefined; detail: string };

const OVER = "The sign-in took more than five minutes, was tried too often, or is over. Sign in again.";
const NOT_ACCEPTED = "This was not accepted: it is wrong, or was used already.";

export function createSignIn({ database, app, recoveryCodes, passkeys, ceremonies, useCode }: Parts) {
  async function outcomeOf(accountId: number, by: Method): Promise<Outcome> {
    const [row] = await database
      .select()
      .from(accounts)
      .where(and(eq(accounts.id, accountId), isNull(accounts.suspendedAt)));
    return row
      ? { accepted: true, account: identityOf(row), by }
      : { accepted: false, accountId, detail: NOT_ACCEPTED };
  }

  async function usePasskey(accountId: number, assertion: Assertion, url: string, challenge: string) {
    const relyingParty = relyingPartyAt(url);
    if (!relyingParty || challengeOf(assertion.response.clientDataJSON) !== challenge) return undefined;
    const passkey = await passkeys.use(assertion, relyingParty, challenge, accountId);
    return passkey && ("passkey" as const);
  }

  return {
    /** Begins the second step, after the password was right. Throws 429 after too many tries. */
    async begin(accountId: number, url: string): Promise<SecondStep> {
      if (await ceremonies.isUsedUp("second_factor", accountId)) {
        const detail = "Too many codes were tried for this account. Wait five minutes, or sign in with a passkey.";
        throw new Problem(429, detail, { headers: { "retry-after": "300" } });
      }
      const [confirmedAt, keys, codesLeft] = await Promise.all([
        app.confirmedAt(accountId),
        passkeys.list(accountId),
        recoveryCodes.left(accountId),
      ]);
      const token = newToken();
      const challenge = newToken();
      await ceremonies.begin("second_factor", token, { accountId, challenge });
      const relyingParty = keys.length > 0 ? relyingPartyAt(url) : undefined;
      const methods: [Method, boolean][] = [
        ["totp", confirmedAt !== null],
        ["passkey", relyingParty !== undefined],
        ["recovery_code", codesLeft > 0],
      ];
      return {
        token,
        methods: methods.filter(([, possible]) => possible).map(([method]) => method),
        passkeyOptions: relyingParty ? requestOptions(relyingParty, challenge, keys) : null,
      };
    },

    /** Ends the second step. Five tries are taken, and what was right counts once. */
    async finish(token: string, proof: Proof, url: string): Promise<Outcome> {
      const ceremony = await ceremonies.attempt("second_factor", token);
      const accountId = ceremony?.accountId ?? undefined;
      if (!ceremony || accountId === undefined) return { accepted: false, accountId, detail: OVER };
      const by =
        "code" in proof
          ? await useCode(accountId, proof.code)
          : await usePasskey(accountId, proof.passkey, url, ceremony.challenge ?? "");
      if (!by) return { accepted: false, accountId, detail: NOT_ACCEPTED };
      if (!(await ceremonies.take("second_factor", token))) return { accepted: false, accountId, detail: OVER };
      return outcomeOf(accountId, by);
    },

    /** Begins a sign-in without user name and password. */
    async beginPasskey(url: string): Promise<RequestOptions> {
      const relyingParty = requireRelyingParty(url);
      const challenge = newToken();
      await ceremonies.begin("passkey_sign_in", challenge);
      return requestOptions(relyingParty, challenge);
    },

    /** A passkey is two factors: the device, and what the device asks for. */
    async finishPasskey(assertion: Assertion, url: string): Promise<Outcome> {
      const relyingParty = requireRelyingParty(url);
      const challenge = challengeOf(assertion.response.clientDataJSON) ?? "";
      const ceremony = await ceremonies.take("passkey_sign_in", challenge);
      if (!ceremony) return { accepted: false, accountId: undefined, detail: OVER };
      const passkey = await passkeys.use(assertion, relyingParty, challenge);
      if (!passkey) return { accepted: false, accountId: undefined, detail: NOT_ACCEPTED };
      return outcomeOf(passkey.accountId, "passkey");
    },
  };
}
