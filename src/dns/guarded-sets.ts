/**
 * The writes to an API that takes whole record sets and guards them: it refuses to write over one that somebody else has
 * changed in the meantime, which is read again, then.
 */
import type { ProviderHttp } from "./http";
import type { RecordSet, RecordType, RecordValue, ZoneConnection } from "./provider";

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

export interface SetStore<Content, Held extends HeldSet<Content>> {
  read(zone: string, set: SetIdentity): Promise<Held | undefined>;
  /** False where the set is not any more what was read: somebody was quicker. */
  write?(zone: string, change: SetChange<Content, Held>): Promise<boolean>;
  /** In place of `write`, for an API that makes many changes at once, all or none. */
  writeAll?(zone: string, changes: SetChange<Content, Held>[]): Promise<boolean>;
  toContent(type: RecordType, value: string): Content;
  holds(type: RecordType, content: Content, value: string): boolean;
}

/** What a set is to be, decided from what it is. */
interface Wish<Content> {
  set: SetIdentity;
  decide(before: HeldSet<Content> | undefined): HeldSet<Content> | "as it is";
}

type Writes = Required<Pick<ZoneConnection, "add" | "remove" | "replace" | "addAll" | "removeAll">>;

const MOST_TRIES = 5;

export function guardedSets<Content, Held extends HeldSet<Content>>(
  http: ProviderHttp,
  { read, write, writeAll, toContent, holds }: SetStore<Content, Held>,
): Writes {
  async function fulfil(zone: string, { set, decide }: Wish<Content>): Promise<SetChange<Content, Held>[]> {
    const before = await read(zone, set);
    const after = decide(before);
    if (after === "as it is") return [];
    if (after.contents.length > 0) return [{ set, before, after }];
    return before ? [{ set, before, after: undefined }] : [];
  }

  async function settle(zone: string, wishes: Wish<Content>[]): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const changes = (await Promise.all(wishes.map((wish) => fulfil(zone, wish)))).flat();
      const [first] = changes;
      if (!first || (await (writeAll ? writeAll(zone, changes) : write?.(zone, first)))) return;
    }
    const names = wishes.map(({ set }) => `${set.name} ${set.type}`).join(", ");
    throw http.error("unavailable", `Somebody else changes ${names} all the time.`);
  }

  async function settleAll(zone: string, wishes: Wish<Content>[]): Promise<void> {
    if (writeAll) await settle(zone, wishes);
    else for (const wish of wishes) await settle(zone, [wish]);
  }

  const adding = (records: RecordValue[]): Wish<Content>[] =>
    bySet(records).map(({ set, values, ttl }) => ({
      set,
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
      decide(before) {
        const there = before?.contents ?? [];
        const kept = there.filter((content) => !values.some((value) => holds(set.type, content, value)));
        return kept.length === there.length ? "as it is" : { ttl: before?.ttl ?? ttl, contents: kept };
      },
    }));

  const replacing = ({ values, ttl, ...set }: RecordSet): Wish<Content> => ({
    set,
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

/** The values by the sets that they belong to; each value once. */
function bySet(records: RecordValue[]) {
  return [...Map.groupBy(records, ({ name, type }) => `${name} ${type}`).values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const values = [...new Set(group.map(({ value }) => value))];
    return [{ set: { name: first.name, type: first.type }, ttl: first.ttl, values }];
  });
}
