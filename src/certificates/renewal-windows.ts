/** Renewal windows (RFC 9773): each CA is asked when it said to, and a certificate is due when its window says so. */
import { sql } from "drizzle-orm";
import type { RenewalInformation } from "../acme/client";
import type { CaFailure, CaOutcome } from "../ca-accounts/failure";
import type { CaAccounts } from "../ca-accounts/service";
import type { Tell } from "../notifications/events";
import type { Database } from "../storage/database";
import type { RenewalWindow } from "../storage/tables/certificates";
import { revokedNotice } from "./certificate-notices";
import { claimDue } from "./due-certificates";
import { type PlannedCertificate, plannedCertificates, planOf } from "./planned-certificates";

const HOUR = 3_600_000;
/** §4.3.2: limits to what a CA can ask for; between them it is asked when it said to. */
const SOONEST = HOUR;
const LATEST = 24 * HOUR;
/** §4.3.2 where the CA does not say, and §4.3.3 for errors that last. */
const USUAL = 6 * HOUR;
/** Those that were issued together are not asked for together. */
const SPREAD = 0.1;
/** For one call of an account's object. */
const CHUNK = 40;

export interface WindowPorts {
  database: Database;
  caAccounts: CaAccounts;
  tell: Tell;
  now: () => number;
}

type Asking = Pick<WindowPorts, "caAccounts" | "now">;

export interface WindowReport {
  asked: number;
  /** Whose renewal is at another time now. */
  moved: number;
}

/** What the CA said, and when it is asked again: never, where it has no such information. */
interface Heard {
  window: RenewalWindow | null;
  checkAt: number | null;
}

/** For a version that was just issued. A CA that does not answer is asked again: until then the rule holds. */
export async function askWindow(
  { caAccounts, now }: Asking,
  caAccountId: string,
  renewalIdentifier: string | undefined,
): Promise<Heard> {
  if (!renewalIdentifier) return { window: null, checkAt: null };
  const [outcome] = await caAccounts.objectOf(caAccountId).renewalInformation([renewalIdentifier]);
  return outcome ? heard(outcome, null, now()) : { window: null, checkAt: now() + USUAL };
}

/** What is kept while the CA cannot be asked is what it said before. */
function heard(outcome: CaOutcome<RenewalInformation | undefined>, kept: RenewalWindow | null, now: number): Heard {
  const spread = 1 + SPREAD * Math.random();
  const { retryAfter = now + (outcome.ok ? USUAL : waitAfter(outcome.failure)) } =
    (outcome.ok ? outcome.value : outcome.failure) ?? {};
  const checkAt = Math.round(now + Math.min(Math.max(retryAfter - now, SOONEST), LATEST) * spread);
  if (!outcome.ok) return { window: kept, checkAt };
  if (!outcome.value) return { window: null, checkAt: null };
  const { start, end, explanationUrl } = outcome.value;
  return { window: { start, end, ...(explanationUrl ? { explanationUrl } : {}) }, checkAt };
}

/** §4.3.3: what passes is tried again sooner than what lasts. */
const waitAfter = ({ kind }: CaFailure): number => (kind === "unreachable" || kind === "internal" ? HOUR : USUAL);

/** What changes at a certificate. */
interface Change extends Heard {
  id: string;
  version: string | null;
  renewAt?: number;
  isUrgent?: boolean;
}

export type RenewalWindows = ReturnType<typeof createRenewalWindows>;

export function createRenewalWindows(ports: WindowPorts) {
  const { database, tell, now } = ports;

  async function ask(caAccountId: string, planned: PlannedCertificate[]): Promise<Change[]> {
    const object = ports.caAccounts.objectOf(caAccountId);
    const outcomes = await object.renewalInformation(planned.map(({ version }) => version?.renewalIdentifier ?? ""));
    return planned.map((each, index) => {
      const outcome = outcomes[index] ?? { ok: true, value: undefined };
      return changeFor(each, heard(outcome, each.row.renewalWindow, now()), now());
    });
  }

  const write = (changes: Change[]) =>
    database.run(sql`
      UPDATE certificates SET
        window_check_at = change.value ->> 'checkAt',
        renewal_window = change.value ->> 'window',
        renew_at = coalesce(change.value ->> 'renewAt', renew_at),
        replace_because = coalesce(replace_because, iif(change.value ->> 'isUrgent', 'revoked', NULL))
      FROM json_each(${JSON.stringify(changes)}) AS change
      WHERE certificates.id = change.value ->> 'id' AND current_version_id IS change.value ->> 'version'`);

  return {
    /** A tick's share of those that are due to be asked for; its cost follows how many that are. */
    async check(limit: number): Promise<WindowReport> {
      const ids = await claimDue(database, "window_check_at", now(), limit);
      if (ids.length === 0) return { asked: 0, moved: 0 };
      const among = JSON.stringify(ids);
      const all = await plannedCertificates(database, sql`certificates.id IN (SELECT value FROM json_each(${among}))`);
      const asked = all.filter((planned) => isAskedFor(planned, now()));
      const answers = chunksByAccount(asked).map(([account, planned]) => ask(account, planned).catch(() => []));
      const changes = (await Promise.all(answers)).flat();
      const silent = all.filter((planned) => !asked.includes(planned)).map(forgotten);
      await write([...silent, ...changes]);
      await Promise.all(changes.filter(({ isUrgent }) => isUrgent).map((change) => tellUrgent(tell, asked, change)));
      return { asked: asked.length, moved: changes.filter(({ renewAt }) => renewAt !== undefined).length };
    },
  };
}

/** Of what has ended or was revoked by its owner, no CA is asked any more. */
const isAskedFor = ({ row, version }: PlannedCertificate, now: number): boolean =>
  version?.renewalIdentifier != null && version.notAfter > now && version.revokedAt === null && row.renewAt !== null;

const forgotten = ({ row }: PlannedCertificate): Change => ({
  id: row.id,
  version: row.currentVersionId,
  window: null,
  checkAt: null,
});

/** Whoever waits after a failure goes on waiting (§4.2): the window counts for the first try. */
function changeFor(planned: PlannedCertificate, said: Heard, now: number): Change {
  const { row } = planned;
  const change = { id: row.id, version: row.currentVersionId, ...said };
  if (isSame(said.window, row.renewalWindow)) return change;
  const plan = planOf({ ...planned, row: { ...row, renewalWindow: said.window } }, Math.random());
  const isUrgent = said.window !== null && isPulledIn(planned, said.window, now);
  const moved = plan && row.failures === 0 ? { renewAt: isUrgent ? now : plan.at } : {};
  return { ...change, ...moved, ...(isUrgent ? { isUrgent } : {}) };
}

/** A window that is past before its time: the CA has revoked the certificate, or is about to. */
function isPulledIn(planned: PlannedCertificate, window: RenewalWindow, now: number): boolean {
  if (window.end > now) return false;
  const kept = planned.row.renewalWindow;
  if (kept) return window.end < kept.end;
  const byRule = planOf({ ...planned, row: { ...planned.row, renewalWindow: null } }, 0);
  return byRule !== undefined && now < byRule.at;
}

const isSame = (one: RenewalWindow | null, other: RenewalWindow | null): boolean =>
  one?.start === other?.start && one?.end === other?.end && one?.explanationUrl === other?.explanationUrl;

async function tellUrgent(tell: Tell, asked: PlannedCertificate[], { id, window }: Change): Promise<void> {
  const row = asked.find((planned) => planned.row.id === id)?.row;
  if (!row) return;
  const why = "The authority asks for it to be replaced at once: it was revoked, or is about to be.";
  const what = row.certificateRequest
    ? `Give a csr for another key with PATCH /api/certificates/${row.domain}: it is renewed then.`
    : "It is renewed now, with a new key.";
  const detail = `${why} ${what}`;
  await tell(row.ownerId, revokedNotice(row, { detail, explanationUrl: window?.explanationUrl }));
}

/** One call of an account's object for each. */
function chunksByAccount(all: PlannedCertificate[]): [string, PlannedCertificate[]][] {
  const byAccount = Map.groupBy(all, ({ version }) => version?.caAccountId ?? "");
  return [...byAccount].flatMap(([account, planned]) =>
    Array.from({ length: Math.ceil(planned.length / CHUNK) }, (_, index): [string, PlannedCertificate[]] => [
      account,
      planned.slice(index * CHUNK, (index + 1) * CHUNK),
    ]),
  );
}
