/** People with second factors, over a real D1 and with a clock that stands until it is moved. */
import { type AccountIdentity, identityOf } from "../../src/accounts/identity";
import { accounts } from "../../src/storage/schema";
import { createSealer } from "../../src/storage/sealing";
import { createTwoFactor } from "../../src/two-factor/service";
import type { Assertion, Registration } from "../../src/two-factor/webauthn";
import { codeOf } from "../support/authenticator-app";
import { createAuthenticator, type SoftwarePasskey, type Tampering } from "../support/software-authenticator";
import { localDatabase } from "../zones/local-database";

export const STEP = 30_000;
export const MINUTE = 60_000;
/** Where the browsers of the tests are. */
export const url = "https://certedge.example/api/some/path?query";
const origin = "https://certedge.example";

export interface Person extends AccountIdentity {
  secret: string;
  recoveryCodes: string[];
}

export async function startPeople() {
  const local = await localDatabase();
  const clock = { now: Date.parse("2026-01-01T00:00:00Z") };
  const sealer = createSealer(`k1:${Buffer.alloc(32, 1).toString("base64")}`);
  const ports = { database: local.database, sealer, pepper: "pepper of the tests", now: () => clock.now };
  const twoFactor = createTwoFactor(ports);
  let last = 0;

  async function newAccount(): Promise<AccountIdentity> {
    last += 1;
    const [row] = await local.database
      .insert(accounts)
      .values({
        username: `person-${last}`,
        email: `person-${last}@example.com`,
        emailVerifiedAt: clock.now,
        passwordHash: "of no password",
        role: "member",
        plan: "pro",
        createdAt: clock.now,
      })
      .returning();
    if (!row) throw new Error("no account was made");
    return identityOf(row);
  }

  /** The code of a person's app, whose clock is `steps` ahead. */
  const code = ({ secret }: { secret: string }, steps = 0) => codeOf(secret, clock.now, steps);

  return {
    local,
    clock,
    twoFactor,
    newAccount,
    code,

    /** With an app that was set up in the step before this one, so that this one's code is still good. */
    async withApp(): Promise<Person> {
      const account = await newAccount();
      const { secret } = await twoFactor.enrolApp(account);
      const recoveryCodes = await twoFactor.confirmApp(account, codeOf(secret, clock.now, -1));
      return { ...account, secret, recoveryCodes: recoveryCodes ?? [] };
    },

    /** Lets a browser register a passkey. */
    async addPasskey(account: AccountIdentity, { counts = true, ...tampering }: Tampering & { counts?: boolean } = {}) {
      const browser = createAuthenticator({ origin, counts });
      const options = await twoFactor.passkeyOptions(account, url);
      const { passkey, credential } = browser.create(options, tampering);
      const added = await twoFactor.addPasskey(account, "laptop", credential as Registration, url);
      const answer = (
        asked: { challenge: string; rpId: string },
        changes: Tampering = {},
        by: SoftwarePasskey = passkey,
      ) => browser.get(by, asked, changes) as Assertion;
      return { ...added, id: passkey.id, key: passkey, answer };
    },
  };
}

export type People = Awaited<ReturnType<typeof startPeople>>;
