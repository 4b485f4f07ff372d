/** The authenticator app of an account: set up in two steps, then each of its codes counts once. */
import { and, eq, isNull, lt, or } from "drizzle-orm";
import { renderSVG } from "uqr";
import type { AccountIdentity } from "../accounts/identity";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import { fromBase32, toBase32 } from "../totp/base32";
import { matchingStep, newSecret, otpauthUri } from "./totp";

const ISSUER = "certedge";

/** What an app is set up with. */
export interface Enrolment {
  secret: string;
  uri: string;
  qrSvg: string;
}

const placeOf = (accountId: number) => `accounts/${accountId}/totp_secret/${accountId}`;

export type AuthenticatorApp = ReturnType<typeof createAuthenticatorApp>;

export function createAuthenticatorApp(ports: { database: Database; sealer: Sealer; now: () => number }) {
  const { database, sealer, now } = ports;

  async function stored(accountId: number) {
    const [row] = await database
      .select({ sealed: accounts.sealedTotpSecret, confirmedAt: accounts.totpConfirmedAt })
      .from(accounts)
      .where(eq(accounts.id, accountId));
    return row;
  }

  async function stepOf(accountId: number, sealed: string, code: string): Promise<number | undefined> {
    const secret = fromBase32(await sealer.open(sealed, placeOf(accountId)));
    if (!secret) throw new Error("the secret of an authenticator app was stored in another form");
    return matchingStep(secret, code.replace(/\s/g, ""), now());
  }

  return {
    /** Makes the secret. One that was not confirmed gives way to it. Throws 409 when an app is set up already. */
    async enrol({ id, username }: AccountIdentity): Promise<Enrolment> {
      const secret = toBase32(newSecret());
      const begun = await database
        .update(accounts)
        .set({ sealedTotpSecret: await sealer.seal(secret, placeOf(id)), totpLastStep: null })
        .where(and(eq(accounts.id, id), isNull(accounts.totpConfirmedAt)))
        .returning({ id: accounts.id });
      if (begun.length === 0) throw isSetUp();
      const uri = otpauthUri({ issuer: ISSUER, account: username, secret });
      return { secret, uri, qrSvg: renderSVG(uri, { border: 2 }) };
    },

    /** From here on it counts. Throws 409 when there is nothing to confirm, 422 for a wrong code. */
    async confirm(accountId: number, code: string): Promise<void> {
      const row = await stored(accountId);
      if (!row?.sealed) throw new Problem(409, "There is nothing to confirm. Start with POST /api/account/totp.");
      if (row.confirmedAt !== null) throw isSetUp();
      const step = await stepOf(accountId, row.sealed, code);
      if (step === undefined) throw wrongCode();
      const confirmed = await database
        .update(accounts)
        .set({ totpConfirmedAt: now(), totpLastStep: step })
        .where(
          and(eq(accounts.id, accountId), isNull(accounts.totpConfirmedAt), eq(accounts.sealedTotpSecret, row.sealed)),
        )
        .returning({ id: accounts.id });
      if (confirmed.length === 0) throw isSetUp();
    },

    /** Takes a code that is right and newer than the last one. One statement decides (RFC 6238 §5.2). */
    async use(accountId: number, code: string): Promise<boolean> {
      const row = await stored(accountId);
      if (!row?.sealed || row.confirmedAt === null) return false;
      const step = await stepOf(accountId, row.sealed, code);
      if (step === undefined) return false;
      const used = await database
        .update(accounts)
        .set({ totpLastStep: step })
        .where(
          and(
            eq(accounts.id, accountId),
            eq(accounts.sealedTotpSecret, row.sealed),
            or(isNull(accounts.totpLastStep), lt(accounts.totpLastStep, step)),
          ),
        )
        .returning({ id: accounts.id });
      return used.length === 1;
    },

    async confirmedAt(accountId: number): Promise<number | null> {
      return (await stored(accountId))?.confirmedAt ?? null;
    },

    async remove(accountId: number): Promise<void> {
      await database
        .update(accounts)
        .set({ sealedTotpSecret: null, totpConfirmedAt: null, totpLastStep: null })
        .where(eq(accounts.id, accountId));
    },
  };
}

const isSetUp = () =>
  new Problem(409, "An authenticator app is set up already. Remove it first with DELETE /api/account/totp.");

export const wrongCode = () => {
  const detail = "The code is wrong, or was used already. Wait for the next one; check the clock of the device.";
  return new Problem(422, `/code: ${detail}`, { errors: [{ pointer: "/code", detail }] });
};
