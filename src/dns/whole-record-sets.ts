/** The writes to an API that takes whole record sets: read, changed, written back with what others have put there. */
import { bySet, type ValuesOfSet } from "./by-set";
import { wasTaken } from "./errors";
import type { RecordSet, RecordType, ZoneConnection } from "./provider";
import { sameValue } from "./values";

/** A set as the API tells it. */
export interface WholeSet {
  contents: string[];
  ttl: number;
}

export type SetName = Pick<RecordSet, "name" | "type">;

/** What an API has to offer for that; zones are given by name. */
export interface WholeSets {
  /** Nothing where there is no such set. */
  read(zone: string, set: SetName): Promise<WholeSet | undefined>;
  /** Makes a set that is not there; refused where it is. For an API that has such a call. */
  create?(zone: string, set: SetName & WholeSet): Promise<void>;
  /** Makes the set exactly this, which is not empty. */
  write(zone: string, set: SetName & WholeSet): Promise<void>;
  /** Gone already is a success. */
  drop(zone: string, set: SetName): Promise<void>;
  toContent(type: RecordType, value: string): string;
}

type Writes = Required<Pick<ZoneConnection, "add" | "remove" | "replace" | "addAll" | "removeAll">>;

export function wholeRecordSets({ read, create, write, drop, toContent }: WholeSets): Writes {
  async function extend(zone: string, { set, values, ttl, areNew }: ValuesOfSet): Promise<void> {
    const contentsOf = (some: string[]) => some.map((value) => toContent(set.type, value));
    const alone = { ...set, ttl, contents: contentsOf(values) };
    if (areNew && create && (await wasTaken(() => create(zone, alone)))) return;
    const there = (await read(zone, set)) ?? { contents: [], ttl };
    const missing = values.filter((value) => !there.contents.some((content) => sameValue(set.type, content, value)));
    if (missing.length === 0) return;
    await write(zone, { ...set, ttl: there.ttl, contents: [...there.contents, ...contentsOf(missing)] });
  }

  async function reduce(zone: string, { set, values }: ValuesOfSet): Promise<void> {
    const there = await read(zone, set);
    const left =
      there?.contents.filter((content) => !values.some((value) => sameValue(set.type, content, value))) ?? [];
    if (!there || left.length === there.contents.length) return;
    if (left.length === 0) await drop(zone, set);
    else await write(zone, { ...set, ttl: there.ttl, contents: left });
  }

  const writes: Pick<Writes, "addAll" | "removeAll"> = {
    async addAll(zone, records) {
      for (const values of bySet(records)) await extend(zone, values);
    },
    async removeAll(zone, records) {
      for (const values of bySet(records)) await reduce(zone, values);
    },
  };

  return {
    ...writes,
    add: (zone, record) => writes.addAll(zone, [record]),
    remove: (zone, record) => writes.removeAll(zone, [record]),

    async replace(zone, { name, type, values, ttl }) {
      if (values.length === 0) await drop(zone, { name, type });
      else await write(zone, { name, type, ttl, contents: values.map((value) => toContent(type, value)) });
    },
  };
}
