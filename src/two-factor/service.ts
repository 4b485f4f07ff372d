/** The second factors of accounts: an authenticator app, passkeys, and recovery codes in their place. */
import type { Database } from "../storage/database";
import type { Sealer } from "../storage/sealing";
import { createAuthenticatorApp } from "./authenticator-app";
import { createCeremonies } from "./ceremonies";
import { createFactors, type Parts } from "./factors";
import { createPasskeys } from "./passkeys";
import { createRecoveryCodes } from "./recovery-codes";
import { createSignIn } from "./sign-in";

export type TwoFactor = ReturnType<typeof createTwoFactor>;

export function createTwoFactor(ports: { database: Database; sealer: Sealer; pepper: string; now: () => number }) {
  const app = createAuthenticatorApp(ports);
  const recoveryCodes = createRecoveryCodes(ports);
  const parts: Parts = {
    database: ports.database,
    app,
    recoveryCodes,
    passkeys: createPasskeys(ports),
    ceremonies: createCeremonies(ports),
    async useCode(accountId, code) {
      if (/^[\d\s]*$/.test(code)) return (await app.use(accountId, code)) ? "totp" : undefined;
      return (await recoveryCodes.use(accountId, code)) ? "recovery_code" : undefined;
    },
  };
  return { ...createFactors(parts), ...createSignIn(parts), forgetExpired: parts.ceremonies.forgetExpired };
}
