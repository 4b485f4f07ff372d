/** The writes to an API that takes whole record sets: read, changed, written back with what others have put there. */
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

export function wholeRecordSets({
  read,
  create,
  write,
  drop,
  toContent,
}: WholeSets): Pick<ZoneConnection, "add" | "remove" | "replace"> {
  return {
    async add(zone, { name, type, value, ttl, isNew }) {
      const alone = { name, type, ttl, contents: [toContent(type, value)] };
      if (isNew && create && (await wasTaken(() => create(zone, alone)))) return;
      const there = (await read(zone, { name, type })) ?? { contents: [], ttl };
      if (there.contents.some((content) => sameValue(type, content, value))) return;
      await write(zone, { name, type, ttl: there.ttl, contents: [...there.contents, toContent(type, value)] });
    },

    async remove(zone, { name, type, value }) {
      const there = await read(zone, { name, type });
      const left = there?.contents.filter((content) => !sameValue(type, content, value)) ?? [];
      if (!there || left.length === there.contents.length) return;
      if (left.length === 0) await drop(zone, { name, type });
      else await write(zone, { name, type, ttl: there.ttl, contents: left });
    },

    async replace(zone, { name, type, values, ttl }) {
      if (values.length === 0) await drop(zone, { name, type });
      else await write(zone, { name, type, ttl, contents: values.map((value) => toContent(type, value)) });
    },
  };
}
