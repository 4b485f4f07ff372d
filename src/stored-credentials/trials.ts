/** Trying stored credentials out, by kind: when a person asks for it, and then every week. */
import { and, asc, eq, inArray, lte } from "drizzle-orm";
import { DnsProviderError } from "../dns/errors";
import type { Tell } from "../notifications/events";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { type CredentialTest, storedCredentials } from "../storage/schema";
import type { CredentialKind } from "./kinds";
import type { OpenCredential, StoredCredentials } from "./service";
import { dnsTrial } from "./trials/dns";
import { keyPairTrial, sshKeyTrial } from "./trials/private-key";
import { s3Trial } from "./trials/s3";
import { smtpTrial } from "./trials/smtp";
import { type Trial, TrialFailure, type TrialPorts } from "./trials/trial";
import { vaultAppRoleTrial, vaultTrial } from "./trials/vault";

const trials: Record<string, Trial> = {
  key_pair: keyPairTrial,
  s3: s3Trial,
  smtp: smtpTrial,
  ssh_key: sshKeyTrial,
  vault: vaultTrial,
  vault_approle: vaultAppRoleTrial,
};

const trialOf = ({ id, provider }: CredentialKind): Trial | undefined => (provider ? dnsTrial(provider) : trials[id]);

export const canBeTested = (kind: CredentialKind): boolean => trialOf(kind) !== undefined;

const WEEK = 7 * 86_400_000;
/** A tick has other work to do. */
const AT_ONCE = 3;

export interface CredentialTrialPorts extends TrialPorts {
  database: Database;
  storedCredentials: StoredCredentials;
  tell: Tell;
}

export type CredentialTrials = ReturnType<typeof createCredentialTrials>;

export function createCredentialTrials(ports: CredentialTrialPorts) {
  const { database, now } = ports;

  async function attempt(trial: Trial, fields: OpenCredential["fields"], zone: string | undefined) {
    try {
      return { ok: true, ...(await trial(fields, ports, zone)) };
    } catch (error) {
      if (error instanceof Problem) throw error;
      const known = error instanceof DnsProviderError || error instanceof TrialFailure;
      return { ok: false, detail: known ? error.detail : "It failed unexpectedly.", repeats: false };
    }
  }

  /** The result stays with the credential. Throws 422 for a kind that cannot be tried out. */
  async function test({ row, kind, fields }: OpenCredential, zone?: string): Promise<CredentialTest> {
    const trial = trialOf(kind);
    if (!trial) {
      throw new Problem(422, `Whether a credential of the kind ${kind.id} is good is only seen where it is used.`);
    }
    const { ok, detail, repeats } = await attempt(trial, fields, zone);
    const result = { ok, at: now(), detail };
    // One that has failed is tried out again if it was before: its owner may have mended it where it is for.
    const retestAt = repeats || (!ok && row.retestAt !== null) ? now() + WEEK : null;
    await database
      .update(storedCredentials)
      .set({ lastTest: result, retestAt })
      .where(and(eq(storedCredentials.id, row.id), eq(storedCredentials.version, row.version)));
    return result;
  }

  async function retest(row: { id: string; ownerId: number }): Promise<void> {
    const credential = await ports.storedCredentials.find(row.ownerId, row.id);
    const { name, lastTest } = credential.row;
    const { ok, detail } = await test(credential);
    if (ok || lastTest?.ok === false) return;
    await ports.tell(row.ownerId, {
      event: "credential.failed",
      subject: `credential ${name}`,
      title: `The stored credential "${name}" stopped working`,
      detail: `${detail} Change it with PATCH /api/credentials/${row.id}; what uses it takes the new one at once.`,
      facts: { credential_id: row.id, name, kind: credential.row.kind },
    });
  }

  return {
    test,

    /** One tick's share of those that were tried out a week ago. They are claimed first: none is in the way of others. */
    async sweep(): Promise<void> {
      const due = database
        .select({ id: storedCredentials.id })
        .from(storedCredentials)
        .where(lte(storedCredentials.retestAt, now()))
        .orderBy(asc(storedCredentials.retestAt))
        .limit(AT_ONCE);
      const claimed = await database
        .update(storedCredentials)
        .set({ retestAt: now() + WEEK })
        .where(inArray(storedCredentials.id, due))
        .returning({ id: storedCredentials.id, ownerId: storedCredentials.ownerId });
      await Promise.all(claimed.map(retest));
    },
  };
}
