/** The writes of those APIs that keep each value as a record of its own: looked up by content, changed in place. */
import { wasTaken } from "./errors";
import { madeRecords } from "./made-records";
import type { AddedValue, RecordSet, RecordValue, ZoneConnection } from "./provider";
import { sameValue } from "./values";

/** A record as its list tells it; the TTL where the API keeps one. */
export interface StoredRecord {
  content: string;
  ttl?: number | undefined;
}

export interface SingleRecords<Stored extends StoredRecord> {
  /** The records of exactly this name and type, on all pages. */
  stored(zone: string, set: Pick<RecordSet, "name" | "type">): Promise<Stored[]>;
  /** Gives the record as it is there now, where the API says so. */
  create(zone: string, record: RecordValue): Promise<Stored | undefined>;
  /** Where many can be made, or dropped, at once: all or none. */
  createAll?(zone: string, records: RecordValue[]): Promise<(Stored | undefined)[]>;
  dropAll?(zone: string, stored: Stored[]): Promise<void>;
  /** Gives a record another value, another TTL, or both. */
  change(zone: string, stored: Stored, record: RecordValue): Promise<void>;
  /** A record that is gone already is a success. */
  drop(zone: string, stored: Stored): Promise<void>;
}

type Writes = Pick<ZoneConnection, "add" | "remove" | "replace">;
type WritesOfMany = Required<Pick<ZoneConnection, "addAll" | "removeAll">>;

export function singleRecords<Stored extends StoredRecord>(api: SingleRecords<Stored>): Writes & Partial<WritesOfMany> {
  const made = madeRecords<Stored>();

  const { createAll, dropAll } = api;

  async function matching(zone: string, record: RecordValue): Promise<Stored[]> {
    const there = await api.stored(zone, record);
    return there.filter(({ content }) => sameValue(record.type, content, record.value));
  }

  async function add(zone: string, { isNew, ...record }: AddedValue): Promise<void> {
    if (!isNew && (await matching(zone, record)).length > 0) return;
    const stored = await api.create(zone, record);
    if (stored) made.note(zone, record, stored);
  }

  async function removeByLook(zone: string, record: RecordValue): Promise<void> {
    for (const one of await matching(zone, record)) await api.drop(zone, one);
  }

  async function remove(zone: string, record: RecordValue): Promise<void> {
    const mine = made.take(zone, record);
    // It may be gone already, and another with its value there.
    if (mine && (await wasTaken(() => api.drop(zone, mine)))) return;
    await removeByLook(zone, record);
  }

  const many: WritesOfMany | undefined = createAll &&
    dropAll && {
      async addAll(zone, records) {
        const areNew = records.length > 1 && records.every(({ isNew }) => isNew);
        const isTaken =
          areNew &&
          (await wasTaken(async () => {
            const stored = await createAll(zone, records);
            for (const [index, record] of records.entries()) {
              const one = stored[index];
              if (one) made.note(zone, record, one);
            }
          }));
        if (!isTaken) for (const record of records) await add(zone, areNew ? { ...record, isNew: false } : record);
      },

      async removeAll(zone, records) {
        const mine = records.map((record) => made.take(zone, record));
        const known = mine.filter((one) => one !== undefined);
        const areGone = known.length > 0 && (await wasTaken(() => dropAll(zone, known)));
        for (const [index, record] of records.entries()) {
          if (!areGone || !mine[index]) await removeByLook(zone, record);
        }
      },
    };

  return {
    ...many,
    add,
    remove,

    async replace(zone, { values, ...set }) {
      made.forgetSet(zone, set);
      const there = await api.stored(zone, set);
      const wantedAs = ({ content }: Stored) => values.find((value) => sameValue(set.type, content, value));
      const missing = values.filter((value) => !there.some((one) => wantedAs(one) === value));
      for (const one of there) {
        const wanted = wantedAs(one);
        if (wanted !== undefined) {
          if (one.ttl !== undefined && one.ttl !== set.ttl) await api.change(zone, one, { ...set, value: wanted });
          continue;
        }
        const value = missing.shift();
        if (value === undefined) await api.drop(zone, one);
        else await api.change(zone, one, { ...set, value });
      }
      for (const value of missing) await api.create(zone, { ...set, value });
    },
  };
}
