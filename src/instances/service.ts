/** Instances: the servers, clusters and sites that certificates are for, and what they set otherwise than their account. */
import { and, asc, eq, gt, sql } from "drizzle-orm";
import { type PlanHolder, requireKept, takeBackBeyondPlan } from "../accounts/plan-limits";
import { requireAny } from "../accounts/plans";
import { Problem } from "../problems";
import type { Database } from "../storage/database";
import { apiKeys, type instanceKinds, instances } from "../storage/schema";
import { type Bindings, bindingsOf, type InstanceRow, isBound, rebind } from "./bindings";
import { changedSettings, requireUsable, type SettingsChange } from "./settings";

export type InstanceKind = (typeof instanceKinds)[number];

export interface NewInstance {
  name: string;
  kind: InstanceKind;
  tags: string[];
  settings: SettingsChange;
}

export type InstanceChange = Partial<NewInstance>;

export interface InstanceFilter {
  kind?: InstanceKind | undefined;
  tag?: string | undefined;
  /** Those whose names come after it: the next page. */
  after?: string | undefined;
}

/** Who has what is bound to an instance once it is deleted: another instance; null is the account as a whole. */
export interface Heir {
  reassignTo: string | null;
}

export type Instances = ReturnType<typeof createInstances>;

export function createInstances({ database, now }: { database: Database; now: () => number }) {
  async function find(ownerId: number, id: string): Promise<InstanceRow> {
    const [row] = await database
      .select()
      .from(instances)
      .where(and(eq(instances.id, id), eq(instances.ownerId, ownerId)));
    if (!row) throw new Problem(404, "Instance not found");
    return row;
  }

  return {
    find,

    /** Throws 403 beyond the plan, 409 for a name that is taken, 422 for settings that cannot be. */
    async create(owner: PlanHolder, input: NewInstance): Promise<InstanceRow> {
      requireAny(owner, "instances");
      const settings = changedSettings({}, input.settings);
      await requireUsable(database, { ownerId: owner.id, instanceId: null }, settings);
      const id = crypto.randomUUID();
      const never = { reportedAt: null, reporter: null };
      const given = { ...input, settings };
      const row: InstanceRow = { id, ownerId: owner.id, ...given, ...never, createdAt: now(), updatedAt: now() };
      const store = database.insert(instances).values(row).onConflictDoNothing().returning({ id: instances.id });
      const [stored, takenBack] = await database.batch([store, takeBackBeyondPlan(database, "instances", id, owner)]);
      requireKept(takenBack, "instances", owner);
      if (stored.length === 0) throw nameIsTaken(input.name);
      return row;
    },

    /** By name. */
    async list(ownerId: number, { kind, tag, after }: InstanceFilter, limit: number): Promise<InstanceRow[]> {
      const isTagged = sql`EXISTS (SELECT 1 FROM json_each(${instances.tags}) WHERE value = ${tag})`;
      return database
        .select()
        .from(instances)
        .where(
          and(
            eq(instances.ownerId, ownerId),
            kind === undefined ? undefined : eq(instances.kind, kind),
            tag === undefined ? undefined : isTagged,
            after === undefined ? undefined : gt(instances.name, after),
          ),
        )
        .orderBy(asc(instances.name))
        .limit(limit);
    },

    /** Throws 404, 409 for a name that is taken, 422 for settings that cannot be. */
    async change(ownerId: number, id: string, { settings, ...change }: InstanceChange): Promise<InstanceRow> {
      const row = await find(ownerId, id);
      const merged = changedSettings(row.settings, settings ?? {});
      if (settings) await requireUsable(database, { ownerId, instanceId: id }, merged);
      const changed = { ...change, settings: merged, updatedAt: now() };
      const others = sql`SELECT 1 FROM instances AS other WHERE other.owner_id = ${ownerId} AND other.id <> ${id}`;
      const isFree = sql`NOT EXISTS (${others} AND other.name = ${change.name ?? row.name})`;
      const [kept] = await database
        .update(instances)
        .set(changed)
        .where(and(eq(instances.id, id), eq(instances.ownerId, ownerId), isFree))
        .returning();
      if (!kept) throw nameIsTaken(change.name ?? row.name);
      return kept;
    },

    /** Deletes an instance; its keys work no more. Throws 409 with what is bound to it, where that goes nowhere. */
    async remove(ownerId: number, id: string, heir?: Heir): Promise<InstanceRow> {
      const row = await find(ownerId, id);
      if (heir?.reassignTo === id) throw new Problem(422, "?reassign_to: An instance cannot be its own heir.");
      if (heir?.reassignTo) await find(ownerId, heir.reassignTo);
      if (heir) await database.batch(rebind(database, row, heir.reassignTo, now()));
      const isIt = and(eq(instances.id, id), eq(instances.ownerId, ownerId));
      const isGone = sql`NOT EXISTS (SELECT 1 FROM instances WHERE id = ${id})`;
      // One statement looks and deletes: nothing is bound to it in between.
      const [gone] = await database.batch([
        database
          .delete(instances)
          .where(and(isIt, sql`NOT (${isBound})`))
          .returning({ id: instances.id }),
        database
          .update(apiKeys)
          .set({ isActive: false })
          .where(and(eq(apiKeys.ownerId, ownerId), eq(apiKeys.instanceId, id), isGone)),
      ]);
      if (gone.length === 0) throw inUse(row, await bindingsOf(database, row));
      return row;
    },
  };
}

const nameIsTaken = (name: string) => new Problem(409, `There is an instance named "${name}" already.`);

function inUse({ name }: InstanceRow, bindings: Bindings): Problem {
  const words = Object.entries({
    certificates: bindings.certificates,
    "CA accounts": bindings.ca_accounts,
    "DNS accounts": bindings.dns_accounts,
    credentials: bindings.credentials,
  }).flatMap(([what, names]) => (names.length > 0 ? [`the ${what} ${names.join(", ")}`] : []));
  return new Problem(
    409,
    `The instance "${name}" has ${words.join("; ")}. Give them to another one with ?reassign_to=, or to the whole ` +
      "account with ?detach=true.",
    { extra: { ...bindings } },
  );
}
