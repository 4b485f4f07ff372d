/** Closing an account: nobody can act for it from that moment on, and all that belongs to it is taken down. */
import { asc, eq, isNotNull, type SQL, sql } from "drizzle-orm";
import { type Audit, INSTALLATION } from "../audit/service";
import type { Mailer } from "../mail/mailer";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { accounts, certificates, sessions } from "../storage/schema";
import { belongings } from "./belongings";
import { type AccountIdentity, identityOf } from "./identity";
import type { Letters } from "./letters";

/** Things that live elsewhere, too, and have to be taken down there first. */
export interface Outside {
  names(account: AccountIdentity): Promise<string[]>;
  remove(account: AccountIdentity, name: string): Promise<unknown>;
}

export interface ClosingPorts {
  database: Database;
  audit: Audit;
  /** Their DNS records go. */
  domains: Outside;
  /** Their objects forget them. */
  certificates: Outside;
  mailer: Mailer;
  letters: Letters;
  now: () => number;
}

const WEEK = 7 * 86_400_000;
const AT_ONCE = 20;

export type Closing = ReturnType<typeof createClosing>;

export function createClosing(ports: ClosingPorts) {
  const { database, audit, mailer, letters, now } = ports;

  /** Gives what could not be taken down yet. A DNS server that has said no for a week is left alone. */
  async function takeDown(account: AccountIdentity, patient: boolean): Promise<string[]> {
    const remaining: string[] = [];
    for (const [what, outside] of Object.entries({ domain: ports.domains, certificate: ports.certificates })) {
      for (const name of await outside.names(account)) {
        await outside.remove(account, name).catch((error: Error) => {
          console.error(JSON.stringify({ event: "closing", what, error: error.name }));
          if (patient || what === "certificate") remaining.push(`${what} ${name}`);
        });
      }
    }
    return remaining;
  }

  async function finish(account: AccountIdentity, closingAt: number): Promise<string[]> {
    const remaining = await takeDown(account, now() - closingAt < WEEK);
    if (remaining.length > 0) return remaining;
    await database.batch([
      database.delete(accounts).where(sql`0`),
      ...belongings(database).map(({ table, of }) => database.delete(table).where(of(account.id))),
      database.delete(accounts).where(eq(accounts.id, account.id)),
    ]);
    if (!mailer.off && account.emailVerified) {
      await mailer.send(letters.closed(account.email, account.username)).catch(() => undefined);
    }
    return [];
  }

  /** From here on nobody acts for it. Nothing for one that is closed already, must stay, or is not `such`. */
  async function begin(accountId: number, such: SQL = sql`1`): Promise<typeof accounts.$inferSelect | undefined> {
    const others = sql`FROM accounts AS other WHERE other.id <> ${accountId} AND other.closing_at IS NULL`;
    const begun = sql`(SELECT id FROM accounts WHERE id = ${accountId} AND closing_at IS NOT NULL)`;
    // One statement decides, so that of the last two administrators one stays.
    const [[row]] = await database.batch([
      database
        .update(accounts)
        .set({ closingAt: now(), suspendedAt: now() })
        .where(
          sql`id = ${accountId} AND closing_at IS NULL AND ${such} AND (role <> 'admin' OR NOT EXISTS (SELECT 1 ${others})
            OR EXISTS (SELECT 1 ${others} AND other.role = 'admin' AND other.suspended_at IS NULL))`,
        )
        .returning(),
      database.delete(sessions).where(sql`account_id IN ${begun}`),
      database.update(certificates).set({ renewAt: null }).where(sql`owner_id IN ${begun}`),
    ]);
    return row;
  }

  return {
    /**
     * Closes the account and gives what is still to be taken down: an order that is under way, a DNS server that does
     * not answer. `resume` goes on with that. Throws 409 for the last administrator while there are other accounts.
     */
    async close(accountId: number): Promise<string[]> {
      const row = await begin(accountId);
      if (row) return finish(identityOf(row), row.closingAt ?? now());
      const [found] = await database.select().from(accounts).where(eq(accounts.id, accountId));
      if (!found || found.closingAt !== null) throw new Problem(404, "Account not found");
      throw new Problem(
        409,
        "This is the last administrator, and there are other accounts. Make one of them an administrator, or close them first.",
      );
    },

    /** For the cron: closes what nobody has shown an address for within a week. Its user name is free again. */
    async sweepUnverified(): Promise<void> {
      const abandoned = sql`email_verified_at IS NULL AND created_at <= ${now() - WEEK} AND role = 'member'
        AND suspended_at IS NULL`;
      const found = await database.select({ id: accounts.id }).from(accounts).where(abandoned).limit(AT_ONCE);
      for (const { id } of found) {
        const row = await begin(id, abandoned);
        if (!row) continue;
        await audit.record({
          ownerId: INSTALLATION,
          actor: { account_id: null, username: null, via: "system", credential_id: null },
          address: null,
          client: null,
          action: "account.close",
          subject: `account ${row.username}`,
          after: { reason: "Its address was not verified within a week." },
        });
        await finish(identityOf(row), row.closingAt ?? now());
      }
    },

    /** For the cron: goes on with what was begun. */
    async resume(): Promise<void> {
      const rows = await database
        .select()
        .from(accounts)
        .where(isNotNull(accounts.closingAt))
        .orderBy(asc(accounts.closingAt))
        .limit(AT_ONCE);
      for (const row of rows) await finish(identityOf(row), row.closingAt ?? now());
    },
  };
}
