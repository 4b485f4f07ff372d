/** Notification channels of an account: made, changed, tried out, deleted. */
import { and, asc, eq, sql } from "drizzle-orm";
import type { AccountIdentity } from "../accounts/identity";
import { requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireOpened } from "../accounts/plans";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { instances, notificationChannels } from "../storage/schema";
import type { ChannelKind as ChannelKindId, DigestTime } from "../storage/tables/notifications";
import type { ChannelKind, Settings } from "./channel-kind";
import { channelKinds } from "./channel-kinds";
import type { ChannelSettings } from "./channel-settings";
import { newWebhookSecret } from "./channels/webhook";
import type { Recipients } from "./recipients";
import type { ChannelRow } from "./telling";

export interface ChannelInput {
  name: string;
  settings: Settings;
  credentialId: string | null;
  events: string[] | null;
  instanceIds: string[] | null;
  digest: ChannelRow["digest"];
  digestTime: DigestTime | null;
  enabled: boolean;
}

export interface ChannelPorts {
  database: Database;
  settings: ChannelSettings;
  recipients: Recipients;
  ensureUsualChannel: (ownerId: number) => Promise<void>;
  /** Throws a Problem for a URL that may not be called. */
  checkUrl: (url: string, pointer: string) => string;
  now: () => number;
}

/** What a change says, and what comes of it for the person alone. */
export interface Stored {
  row: ChannelRow;
  /** A webhook's secret that was made here: shown this once. */
  madeSecret?: string | undefined;
}

const table = notificationChannels;

export type Channels = ReturnType<typeof createChannels>;

export function createChannels(ports: ChannelPorts) {
  const { database, settings, recipients, now } = ports;

  async function find(ownerId: number, id: string): Promise<ChannelRow> {
    const [row] = await database
      .select()
      .from(table)
      .where(and(eq(table.id, id), eq(table.ownerId, ownerId)));
    if (!row) throw new Problem(404, "Notification channel not found");
    return row;
  }

  const stored = (ownerId: number): Promise<ChannelRow[]> =>
    database.select().from(table).where(eq(table.ownerId, ownerId)).orderBy(asc(table.name));

  async function requireInstances(ownerId: number, ids: string[] | null): Promise<void> {
    if (!ids || ids.length === 0) return;
    const rows = await database
      .select({ id: instances.id })
      .from(instances)
      .where(
        and(
          eq(instances.ownerId, ownerId),
          sql`${instances.id} IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`,
        ),
      );
    const known = new Set(rows.map(({ id }) => id));
    const place = ids.findIndex((id) => !known.has(id));
    if (place >= 0) throw refusal(`/instance_ids/${place}`, `There is no instance ${ids[place]}.`);
  }

  /** What of the settings is the channel's own to keep: not what a credential stands for. */
  function ownOf(whole: Settings, borrowed: Settings): Settings {
    for (const name of ["url", "server"]) {
      if (typeof whole[name] === "string")
        ports.checkUrl(whole[name], name in borrowed ? "/credential_id" : `/settings/${name}`);
    }
    return Object.fromEntries(Object.entries(whole).filter(([name]) => !(name in borrowed)));
  }

  /** Since when the address of an e-mail channel may be written to; `asks` is the one that has to be asked first. */
  function agreement(kind: ChannelKind, { to }: Settings): { agreedAt: number | null; asks?: string } {
    if (kind.id !== "email") return { agreedAt: null };
    return to === undefined ? { agreedAt: now() } : { agreedAt: null, asks: String(to) };
  }

  const nameIsFree = (ownerId: number, name: string, id: string) =>
    sql`NOT EXISTS (SELECT 1 FROM notification_channels AS other
      WHERE other.owner_id = ${ownerId} AND other.name = ${name} AND other.id <> ${id})`;

  /** The settings after a change, and the secret of a webhook that was made for want of another one. */
  async function changedSettings(row: ChannelRow, { settings: given = {}, credentialId }: Partial<ChannelInput>) {
    const kind = channelKinds[row.kind];
    const old = await settings.open(row);
    const borrowed = await settings.lent(
      kind,
      row.ownerId,
      credentialId === undefined ? row.credentialId : credentialId,
    );
    refuseBorrowed(given, borrowed);
    const made =
      kind.id === "webhook" && !("secret" in borrowed) && wantsSecret(old, given) ? newWebhookSecret() : undefined;
    const asked = made === undefined ? given : { ...given, secret: made };
    // A credential that is named anew goes wherever the channel goes from now on.
    const whole =
      credentialId === undefined
        ? settings.change(kind, { ...old, ...borrowed }, asked)
        : settings.change(kind, old, { ...asked, ...borrowed });
    return { old, own: ownOf(whole, borrowed), made };
  }

  return {
    find,

    /** An account that made none has one all the same: it is there to be looked at, and changed. */
    async list(ownerId: number): Promise<ChannelRow[]> {
      const rows = await stored(ownerId);
      if (rows.length > 0) return rows;
      await ports.ensureUsualChannel(ownerId);
      return stored(ownerId);
    },

    masked: settings.masked,

    async create(account: AccountIdentity, kindId: ChannelKindId, input: ChannelInput): Promise<Stored> {
      const kind = channelKinds[kindId];
      if (kindId !== "email") requireOpened(account, "messengers");
      await requireInstances(account.id, input.instanceIds);
      const { enabled, settings: given, ...rest } = input;
      const borrowed = await settings.lent(kind, account.id, input.credentialId);
      refuseBorrowed(given, borrowed);
      const madeSecret = kindId === "webhook" && wantsSecret(borrowed, given) ? newWebhookSecret() : undefined;
      const asked = withoutOwnAddress(madeSecret === undefined ? given : { ...given, secret: madeSecret }, account);
      const own = ownOf(settings.parse(kind, withoutNulls({ ...asked, ...borrowed })), borrowed);
      const { agreedAt, asks } = agreement(kind, own);
      if (asks) await recipients.requireMayAsk(account, asks);
      const id = crypto.randomUUID();
      const row: ChannelRow = {
        ...rest,
        id,
        ownerId: account.id,
        kind: kindId,
        sealedSettings: await settings.seal({ id, ownerId: account.id }, own),
        disabledAt: enabled ? null : now(),
        disabledBecause: null,
        agreedAt,
        createdAt: now(),
        updatedAt: now(),
      };
      const [inserted, takenBack] = await database.batch([
        database.insert(table).values(row).onConflictDoNothing().returning({ id: table.id }),
        takeBackBeyondPlan(database, "notificationChannels", id, account),
      ]);
      if (inserted.length === 0) throw nameIsTaken(row.name);
      requireKept(takenBack, "notificationChannels", account);
      if (asks) await recipients.ask(account, asks);
      return { row, madeSecret };
    },

    /** Settings that are not given stay, and so do masked secrets. */
    async change(account: AccountIdentity, id: string, change: Partial<ChannelInput>): Promise<Stored> {
      const before = await find(account.id, id);
      await requireInstances(account.id, change.instanceIds ?? null);
      const { enabled, settings: given, ...rest } = change;
      const changed: Partial<ChannelRow> = { ...rest, updatedAt: now() };
      if (enabled === true) Object.assign(changed, { disabledAt: null, disabledBecause: null });
      if (enabled === false) changed.disabledAt = before.disabledAt ?? now();
      let asks: string | undefined;
      let madeSecret: string | undefined;
      if (given !== undefined || rest.credentialId !== undefined) {
        const asked = given === undefined ? change : { ...change, settings: withoutOwnAddress(given, account) };
        const { old, own, made } = await changedSettings(before, asked);
        madeSecret = made;
        changed.sealedSettings = await settings.seal(before, own);
        if (own.to !== old.to) {
          const agreed = agreement(channelKinds[before.kind], own);
          changed.agreedAt = agreed.agreedAt;
          asks = agreed.asks;
        }
      }
      if (asks) await recipients.requireMayAsk(account, asks);
      const [row] = await database
        .update(table)
        .set(changed)
        .where(and(eq(table.id, id), nameIsFree(account.id, change.name ?? before.name, id)))
        .returning();
      if (!row) throw nameIsTaken(change.name ?? before.name);
      if (asks) await recipients.ask(account, asks);
      return { row, madeSecret };
    },

    /** Asks the address of an e-mail channel once more. Throws 409 where it need not be asked. */
    async askAgain(account: AccountIdentity, id: string): Promise<ChannelRow> {
      const row = await find(account.id, id);
      const { to } = await settings.open(row);
      if (row.kind !== "email" || row.agreedAt !== null || typeof to !== "string")
        throw new Problem(409, `The channel "${row.name}" has no address that is still to be confirmed.`);
      await recipients.requireMayAsk(account, to);
      await recipients.ask(account, to);
      return row;
    },

    async remove(ownerId: number, id: string): Promise<ChannelRow> {
      const row = await find(ownerId, id);
      await database.delete(table).where(eq(table.id, row.id));
      return row;
    },
  };
}

const refusal = (pointer: string, detail: string) => new Problem(422, detail, { errors: [{ pointer, detail }] });

const nameIsTaken = (name: string) => new Problem(409, `There is a notification channel "${name}" already.`);

/** Throws 422 for a setting that the stored credential stands for. */
function refuseBorrowed(given: Settings, borrowed: Settings): void {
  const name = Object.keys(given).find((each) => each in borrowed && given[each] !== null);
  if (name) throw refusal(`/settings/${name}`, "It comes from the stored credential: give one or the other.");
}

const withoutNulls = (given: Settings): Settings =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));

/** Whether there is no secret yet, or a new one is asked for with null. */
const wantsSecret = (has: Settings, given: Settings): boolean =>
  given.secret === null || (given.secret === undefined && !("secret" in has));

/** The account's own address is that of the account, even when it changes. */
function withoutOwnAddress(given: Settings, { email }: AccountIdentity): Settings {
  if (typeof given.to !== "string") return given;
  const to = given.to.trim().toLowerCase();
  return { ...given, to: to === email ? null : to };
}
