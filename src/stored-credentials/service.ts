/** Stored credentials: named secrets that other things refer to, sealed, with the versions that they had. */
import { and, asc, eq, inArray, notExists, sql } from "drizzle-orm";
import { type PlanHolder, requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireAny } from "../accounts/plans";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { dnsAccounts, notificationChannels, storedCredentials, storedCredentialVersions } from "../storage/schema";
import type { Sealer } from "../storage/sealing";
import { isFor, requireInstance } from "./binding";
import { changeFields, type Fields, maskFields, parseFields, secretsKept } from "./fields";
import { type CredentialKind, knownKind } from "./kinds";
import { type Expiry, type ExpiryChange, expiryOf } from "./reminder-time";
import { findUsage, forgettingConnections, isInUse, movingUses, namesOf, type Usage } from "./usage";
import { type CredentialRow, createVersions, type NewVersion, type SealedVersion } from "./versions";

export interface CredentialSettings {
  name: string;
  description: string | null;
  instanceId: string | null;
  mayBeUnlocked: boolean;
}

export interface NewCredential extends CredentialSettings, ExpiryChange {
  kind: string;
  fields: Fields;
}

export interface CredentialChange extends Partial<CredentialSettings>, ExpiryChange {
  /** Fields that are not given stay, and so do masked secrets. */
  fields?: Fields;
}

/** A stored credential with the fields of its version in use. */
export interface OpenCredential {
  row: CredentialRow;
  kind: CredentialKind;
  fields: Fields;
}

export interface CredentialPorts {
  database: Database;
  sealer: Sealer;
  now: () => number;
}

export type StoredCredentials = ReturnType<typeof createStoredCredentials>;

const table = storedCredentials;

export function createStoredCredentials(ports: CredentialPorts) {
  const { database, now } = ports;
  const versions = createVersions(ports);

  const open = async ({ row, inUse }: { row: CredentialRow; inUse: SealedVersion }): Promise<OpenCredential> => ({
    row,
    kind: knownKind(row.kind),
    fields: await versions.open(row, inUse),
  });

  async function search(ownerId: number, ...conditions: Parameters<typeof and>): Promise<OpenCredential[]> {
    const rows = await database
      .select({ row: table, inUse: storedCredentialVersions })
      .from(table)
      .innerJoin(
        storedCredentialVersions,
        and(eq(storedCredentialVersions.credentialId, table.id), eq(storedCredentialVersions.version, table.version)),
      )
      .where(and(eq(table.ownerId, ownerId), ...conditions))
      .orderBy(asc(table.name));
    return Promise.all(rows.map(open));
  }

  async function find(ownerId: number, id: string): Promise<OpenCredential> {
    const [found] = await search(ownerId, eq(table.id, id));
    if (!found) throw new Problem(404, "Stored credential not found");
    return found;
  }

  const nameIsFree = (ownerId: number, name: string, id: string) =>
    notExists(
      database
        .select({ one: sql`1` })
        .from(sql`${table} AS other`)
        .where(sql`other.owner_id = ${ownerId} AND other.name = ${name} AND other.id <> ${id}`),
    );

  /** Stores what is changed of a row, and a new version if there is one, unless another request has changed it. */
  async function store(row: CredentialRow, changed: Partial<CredentialRow>, made?: NewVersion): Promise<void> {
    const name = changed.name ?? row.name;
    const version = made ? row.version + 1 : row.version;
    const update = database
      .update(table)
      .set({ ...changed, version, updatedAt: now() })
      .where(and(eq(table.id, row.id), eq(table.version, row.version), nameIsFree(row.ownerId, name, row.id)))
      .returning({ id: table.id });
    const [stored] = await database.batch([
      update,
      ...(made ? await versions.storing(row, version, made) : []),
      ...(made ? [forgettingConnections(database, row, now())] : []),
      ...(changed.mayBeUnlocked === false ? [versions.hideAll(row)] : []),
    ]);
    if (stored.length > 0) return;
    const [namesake] = await search(row.ownerId, eq(table.name, name), sql`${table.id} <> ${row.id}`);
    throw namesake
      ? nameIsTaken(name)
      : new Problem(409, `The credential "${row.name}" was changed at the same time. Look at it, and try again.`);
  }

  /** Throws 409 where what uses it is bound to another instance than it is to be, or to none. */
  async function requireFitting(row: CredentialRow, instanceId: string | null): Promise<void> {
    if (instanceId === row.instanceId || instanceId === null) return;
    const usage = await findUsage(database, row);
    const others = usage.dnsAccounts.filter((account) => !isFor(instanceId, account.instanceId));
    if (others.length + usage.notificationChannels.length === 0) return;
    const users = namesOf({ ...usage, dnsAccounts: others });
    throw new Problem(409, `"${row.name}" cannot be for one instance alone: it is used by ${users}.`);
  }

  return {
    find,

    /** By name. */
    list: (ownerId: number, filter: { kind?: string | undefined; instanceId?: string | undefined } = {}) =>
      search(
        ownerId,
        filter.kind === undefined ? undefined : eq(table.kind, knownKind(filter.kind, "?kind").id),
        filter.instanceId === undefined ? undefined : eq(table.instanceId, filter.instanceId),
      ),

    /** Those of the owner's that have these ids, in one query. */
    async byIds(ownerId: number, ids: string[]): Promise<Map<string, OpenCredential>> {
      if (ids.length === 0) return new Map();
      const wanted = sql`SELECT value FROM json_each(${JSON.stringify(ids)})`;
      const found = await search(ownerId, inArray(table.id, sql`(${wanted})`));
      return new Map(found.map((credential) => [credential.row.id, credential]));
    },

    /**
     * The credential for something of the instance, or of none, that is to refer to it. Throws 422 that points at
     * credential_id when there is none, or it is for another instance.
     */
    async findFor(ownerId: number, id: string, instanceId: string | null): Promise<OpenCredential> {
      const refused = (detail: string) => new Problem(422, detail, { errors: [{ pointer: "/credential_id", detail }] });
      const [found] = await search(ownerId, eq(table.id, id));
      if (!found) throw refused(`There is no stored credential ${id}.`);
      if (isFor(found.row.instanceId, instanceId)) return found;
      throw refused(`The credential "${found.row.name}" is for what is bound to its own instance only.`);
    },

    /** Throws 409 for a name that is taken, 403 beyond the plan, 422. */
    async create(owner: PlanHolder, input: NewCredential, by: string): Promise<OpenCredential> {
      requireAny(owner, "storedCredentials");
      const kind = knownKind(input.kind);
      const fields = parseFields(kind, input.fields, "/fields");
      await requireInstance(database, owner.id, input.instanceId);
      const { name, description, instanceId, mayBeUnlocked } = input;
      const row: CredentialRow = {
        id: crypto.randomUUID(),
        ownerId: owner.id,
        name,
        kind: kind.id,
        description,
        instanceId,
        mayBeUnlocked,
        version: 1,
        ...expiryOf(input, { expiresAt: null, remindAt: null }, now()),
        lastTest: null,
        retestAt: null,
        createdAt: now(),
        updatedAt: now(),
      };
      const made = { fields, createdBy: by, mayBeUnlocked };
      const [stored, , , takenBack] = await database.batch([
        database.insert(table).values(row).onConflictDoNothing().returning({ id: table.id }),
        ...(await versions.storing(row, 1, made)),
        takeBackBeyondPlan(database, "storedCredentials", row.id, owner),
      ]);
      if (stored.length === 0) throw nameIsTaken(name);
      requireKept(takenBack, "storedCredentials", owner);
      return { row, kind, fields };
    },

    /** Changes what is given; other fields make a new version. Throws 404, 409, 422. */
    async change(ownerId: number, id: string, input: CredentialChange, by: string): Promise<OpenCredential> {
      const { row, kind, fields } = await find(ownerId, id);
      const { fields: given, expiresAt, remindAt, ...settings } = input;
      const whole = given && changeFields(kind, fields, given, "/fields");
      const mayBeUnlocked = settings.mayBeUnlocked ?? row.mayBeUnlocked;
      if (mayBeUnlocked && !row.mayBeUnlocked) requireAllGiven(kind, fields, given);
      const isNew = JSON.stringify(whole) !== JSON.stringify(fields) || mayBeUnlocked !== row.mayBeUnlocked;
      const changed = isNew ? whole : undefined;
      if (settings.instanceId !== undefined) {
        await requireInstance(database, ownerId, settings.instanceId);
        await requireFitting(row, settings.instanceId);
      }
      const expiry: Expiry = expiryOf({ expiresAt, remindAt }, row, now());
      const change = { ...settings, ...expiry, ...(changed ? { lastTest: null } : {}) };
      await store(row, change, changed && { fields: changed, createdBy: by, mayBeUnlocked });
      return find(ownerId, id);
    },

    versions: async (ownerId: number, id: string) => {
      const { row } = await find(ownerId, id);
      return { row, versions: await versions.list(row) };
    },

    /** Makes a new version of what an older one has. Throws 404, 409, 422. */
    async rollBack(ownerId: number, id: string, wanted: number, by: string): Promise<OpenCredential> {
      const { row, kind } = await find(ownerId, id);
      if (wanted === row.version) throw new Problem(422, `Version ${wanted} is in use already.`);
      const older = await versions.find(row, wanted);
      const fields = parseFields(kind, await versions.open(row, older), "/version");
      const { mayBeUnlocked } = older;
      await store(row, { mayBeUnlocked, lastTest: null }, { fields, createdBy: by, copyOf: wanted, mayBeUnlocked });
      return find(ownerId, id);
    },

    usage: async (ownerId: number, id: string): Promise<Usage> => findUsage(database, (await find(ownerId, id)).row),

    /** What uses it goes to `heir`, a credential of the same kind. Throws 409 with what uses it where there is none. */
    async remove(ownerId: number, id: string, heir?: string): Promise<CredentialRow> {
      const { row } = await find(ownerId, id);
      if (heir !== undefined) await handOver(row, heir);
      const usersOf = (users: typeof dnsAccounts | typeof notificationChannels) =>
        database
          .select({ one: sql`1` })
          .from(users)
          .where(and(eq(users.ownerId, ownerId), eq(users.credentialId, row.id)));
      const [deleted] = await database
        .delete(table)
        .where(and(eq(table.id, row.id), notExists(usersOf(dnsAccounts)), notExists(usersOf(notificationChannels))))
        .returning({ id: table.id });
      if (deleted) return row;
      throw isInUse(row, await findUsage(database, row));
    },

    /** The secrets, for a person who may see them. Throws 403 where nobody may. */
    async unlock(ownerId: number, id: string): Promise<OpenCredential> {
      const credential = await find(ownerId, id);
      if (credential.row.mayBeUnlocked) return credential;
      throw new Problem(
        403,
        `The secrets of "${credential.row.name}" are never shown: it was not stored with may_be_unlocked.`,
      );
    },
  };

  async function handOver(row: CredentialRow, heir: string): Promise<void> {
    const refuse = (detail: string) => new Problem(422, `?replace_with: ${detail}`);
    if (heir === row.id) throw refuse("A credential cannot replace itself.");
    const [successor] = await search(row.ownerId, eq(table.id, heir));
    if (!successor) throw refuse(`There is no stored credential ${heir}.`);
    const { kind, instanceId } = successor.row;
    if (kind !== row.kind) throw refuse(`It is of kind ${kind}; ${row.kind} is needed.`);
    if (instanceId !== null && instanceId !== row.instanceId) {
      await requireFitting({ ...row, instanceId: null }, instanceId);
    }
    await database.batch(movingUses(database, row, successor.row, now()));
  }
}

/** The fields as they may be shown: every secret masked. */
export const masked = ({ kind, fields }: OpenCredential): Fields => maskFields(kind, fields);

/** Whoever may change a credential could otherwise see secrets that were given for never being shown. */
function requireAllGiven(kind: CredentialKind, stored: Fields, given: Fields = {}): void {
  const kept = secretsKept(kind, stored, given);
  if (kept.length === 0) return;
  const detail = `The secrets were stored for never being shown. Give ${kept.join(", ")} again to change that.`;
  throw new Problem(422, detail, { errors: [{ pointer: "/may_be_unlocked", detail }] });
}

const nameIsTaken = (name: string) => new Problem(409, `There is a stored credential named "${name}" already.`);
