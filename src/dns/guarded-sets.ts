/**
 * The writes to an API that takes whole record sets and guards them: it refuses to write over one that somebody else has
 * changed in the meantime, which is read again, then. So what is believed of a set need not be read before it is written.
 */
import { BoundedMap } from "./bounded-map";
import { bySet } from "./by-set";
import type { ProviderHttp } from "./http";
import type { AddedValue, RecordSet, RecordType, RecordValue, ZoneConnection } from "./provider";

export type SetIdentity = Pick<RecordSet, "name" | "type">;

/** A set as the API holds it; contents are as it writes them, and go back to it untouched. */
export interface HeldSet<Content> {
  ttl: number;
  contents: Content[];
}

/** Puts `after`, or nothing, in the place of what was read. */
export interface SetChange<Content, Held extends HeldSet<Content>> {
  set: SetIdentity;
  before: Held | undefined;
  after: HeldSet<Content> | undefined;
}

/**
 * "stale" where the set is not any more what it was before: somebody was quicker. Else the set as it is held now, where the
 * next change to it is guarded by that.
 */
export type Written<Held> = "stale" | Held | undefined;

export interface SetStore<Content, Held extends HeldSet<Content>> {
  read(zone: string, set: SetIdentity): Promise<Held | undefined>;
  write?(zone: string, change: SetChange<Content, Held>): Promise<Written<Held>>;
  /** In place of `write`, for an API that makes many changes at once, all or none; in the order of the changes. */
  writeAll?(zone: string, changes: SetChange<Content, Held>[]): Promise<"stale" | (Held | undefined)[]>;
  toContent(type: RecordType, value: string): Content;
  holds(type: RecordType, content: Content, value: string): boolean;
}

/** What a set is to be, decided from what it is. */
interface Wish<Content> {
  set: SetIdentity;
  decide(before: HeldSet<Content> | undefined): HeldSet<Content> | "as it is";
  /** What to go by is the set as it was left, or none where it is not known; else it is read. */
  goesBy: "belief" | "knowledge" | "reading";
}

type Writes = Required<Pick<ZoneConnection, "add" | "remove" | "replace" | "addAll" | "removeAll">>;

const MOST_TRIES = 5;

export function guardedSets<Content, Held extends HeldSet<Content>>(
  http: ProviderHttp,
  { read, write, writeAll, toContent, holds }: SetStore<Content, Held>,
): Writes {
  /** Sets as they were left. */
  const left = new BoundedMap<string, Held>();
  const keyOf = (zone: string, { name, type }: SetIdentity) => `${zone} ${name} ${type}`;

  function changeOf({ set, decide }: Wish<Content>, before: Held | undefined): SetChange<Content, Held> | undefined {
    const after = decide(before);
    if (after === "as it is") return undefined;
    if (after.contents.length > 0) return { set, before, after };
    return before && { set, before, after: undefined };
  }

  /** What is believed is good for a change, which is guarded; that nothing has to be changed, is read. */
  async function fulfil(zone: string, wish: Wish<Content>, isFirst: boolean) {
    const known = left.get(keyOf(zone, wish.set));
    const goesBy = isFirst ? wish.goesBy : "reading";
    const believed = goesBy === "belief" || (goesBy === "knowledge" && known) ? changeOf(wish, known) : undefined;
    return believed ?? changeOf(wish, await read(zone, wish.set));
  }

  async function writeChanges(zone: string, changes: SetChange<Content, Held>[]) {
    if (writeAll) return writeAll(zone, changes);
    const outcomes = [];
    for (const change of changes) {
      const outcome = await write?.(zone, change);
      if (outcome === "stale") return outcome;
      outcomes.push(outcome);
    }
    return outcomes;
  }

  /** Whether nobody was quicker. */
  async function tried(zone: string, changes: SetChange<Content, Held>[]): Promise<boolean> {
    for (const { set } of changes) left.delete(keyOf(zone, set));
    const held = await writeChanges(zone, changes);
    if (held === "stale") return false;
    for (const [index, { set }] of changes.entries()) {
      const now = held[index];
      if (now) left.set(keyOf(zone, set), now);
    }
    return true;
  }

  async function settle(zone: string, wishes: Wish<Content>[]): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const changes = await Promise.all(wishes.map((wish) => fulfil(zone, wish, tries === 0)));
      const needed = changes.filter((change) => change !== undefined);
      if (needed.length === 0 || (await tried(zone, needed))) return;
    }
    const names = wishes.map(({ set }) => `${set.name} ${set.type}`).join(", ");
    throw http.error("unavailable", `Somebody else changes ${names} all the time.`);
  }

  async function settleAll(zone: string, wishes: Wish<Content>[]): Promise<void> {
    if (writeAll) await settle(zone, wishes);
    else for (const wish of wishes) await settle(zone, [wish]);
  }

  const adding = (records: AddedValue[]): Wish<Content>[] =>
    bySet(records).map(({ set, values, ttl, areNew }) => ({
      set,
      goesBy: areNew ? "belief" : "reading",
      decide(before) {
        const there = before?.contents ?? [];
        const missing = values.filter((value) => !there.some((content) => holds(set.type, content, value)));
        if (missing.length === 0) return "as it is";
        const added = missing.map((value) => toContent(set.type, value));
        return { ttl: before?.ttl ?? ttl, contents: [...there, ...added] };
      },
    }));

  const removing = (records: RecordValue[]): Wish<Content>[] =>
    bySet(records).map(({ set, values, ttl }) => ({
      set,
      goesBy: "knowledge",
      decide(before) {
        const there = before?.contents ?? [];
        const kept = there.filter((content) => !values.some((value) => holds(set.type, content, value)));
        return kept.length === there.length ? "as it is" : { ttl: before?.ttl ?? ttl, contents: kept };
      },
    }));

  const replacing = ({ values, ttl, ...set }: RecordSet): Wish<Content> => ({
    set,
    goesBy: "reading",
    decide(before) {
      const there = before?.contents ?? [];
      const found = values.map((value) => there.find((content) => holds(set.type, content, value)));
      if (before?.ttl === ttl && there.length === values.length && !found.includes(undefined)) return "as it is";
      return { ttl, contents: values.map((value, index) => found[index] ?? toContent(set.type, value)) };
    },
  });

  return {
    add: (zone, record) => settle(zone, adding([record])),
    addAll: (zone, records) => settleAll(zone, adding(records)),
    remove: (zone, record) => settle(zone, removing([record])),
    removeAll: (zone, records) => settleAll(zone, removing(records)),
    replace: (zone, set) => settle(zone, [replacing(set)]),
  };
}
