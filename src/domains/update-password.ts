/** Updates by an account's user name and password, where the account has nothing stronger: one round trip to D1. */
import { sql } from "drizzle-orm";
import type { Origin } from "../accounts/identity";
import { isNamed } from "../accounts/names";
import { planInForce } from "../accounts/plans";
import { createRecently } from "../accounts/recently";
import type { SignInLimits } from "../accounts/sign-in-limits";
import { createVerifiedPasswords } from "../accounts/verified-passwords";
import type { Audit } from "../audit/service";
import type { UpdateCredentials } from "../ddns/credentials";
import type { Database } from "../storage/database";
import { accounts } from "../storage/schema";
import { hasSecondFactor } from "../two-factor/required";
import { domainsOf } from "./record-sets";
import {
  type Asked,
  among,
  hostsNamed,
  neighboursOf,
  type Refused,
  type UpdateAccess,
  type WaitUntil,
} from "./update-hosts";

export interface UpdatePasswordPorts {
  database: Database;
  audit: Audit;
  /** Those of the door "update". */
  updateLimits: SignInLimits;
  plansOn: boolean;
  now: () => number;
}

/** A router with a password that is not taken asks on: the log has it once in a while. */
const SAID_AGAIN = 3_600_000;

const SECOND_FACTOR =
  "The account has a second factor: routers update with the update password of a host, or an API key that has domains:update.";

const wrong: Refused = { word: "badauth", note: "User name and password do not fit." };

export function createUpdatePassword({ database, audit, updateLimits, plansOn, now }: UpdatePasswordPorts) {
  const passwords = createVerifiedPasswords({ now });
  const said = createRecently({ lifetime: SAID_AGAIN, now });

  /** A password alone opens nothing where the account asks for a second factor (RFC 9110 has no way to ask for one here). */
  async function sayWhy({ id, username }: { id: number; username: string }, origin: Origin): Promise<void> {
    if (!said.isFirst(String(id))) return;
    await audit.record({
      ownerId: id,
      actor: { account_id: id, username, via: "password", credential_id: null },
      ...origin,
      action: "domain.password_refused",
      subject: `account ${username}`,
      after: { reason: SECOND_FACTOR },
    });
  }

  return {
    /** Throws 429 after too many wrong ones. */
    async byPassword(
      { user, secret }: UpdateCredentials,
      { hosts, prefix }: Asked,
      origin: Origin,
      waitUntil: WaitUntil,
    ): Promise<UpdateAccess | Refused> {
      const name = user.trim().toLowerCase();
      if (name === "" || secret === "") return { word: "badauth", note: "The user name or the password is empty." };
      const owner = sql`(SELECT ${accounts.id} FROM ${accounts} WHERE ${isNamed(name)})`;
      const statements = [
        database
          .select({
            id: accounts.id,
            username: accounts.username,
            email: accounts.email,
            passwordHash: accounts.passwordHash,
            plan: accounts.plan,
            suspendedAt: accounts.suspendedAt,
            needsMore: hasSecondFactor().as("needs_more"),
          })
          .from(accounts)
          .where(isNamed(name)),
        hostsNamed(database, hosts, owner),
      ] as const;
      const [[account], stored, around] = prefix
        ? await database.batch([...statements, neighboursOf(database, prefix, owner, among(hosts))])
        : [...(await database.batch(statements)), []];
      const isRight = account && (await passwords.isRemembered(account.id, secret, account.passwordHash));
      if (!isRight) {
        const untold = await updateLimits.before(name, origin);
        const id = untold ? undefined : account?.id;
        if (!(await passwords.verify(id, secret, account?.passwordHash))) return wrong;
      }
      if (!account) return wrong;
      if (account.suspendedAt !== null) return { word: "badauth", note: "The account is suspended." };
      if (account.needsMore) {
        waitUntil(sayWhy(account, origin));
        return { word: "badauth", note: SECOND_FACTOR };
      }
      if (!isRight) waitUntil(updateLimits.succeeded(account, origin));
      const { id, username } = account;
      const actor = { account_id: id, username, via: "password" as const, credential_id: null };
      return {
        ownerId: id,
        plan: planInForce(account.plan, plansOn),
        actor,
        hosts: domainsOf(stored),
        neighbours: [...domainsOf(around).values()],
      };
    },
  };
}
