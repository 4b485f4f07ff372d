/** The writes of those APIs that keep each value as a record of its own: looked up by content, changed in place. */
import { wasTaken } from "./errors";
import { madeRecords } from "./made-records";
import type { RecordSet, RecordValue, ZoneConnection } from "./provider";
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
  /** Gives a record another value, another TTL, or both. */
  change(zone: string, stored: Stored, record: RecordValue): Promise<void>;
  /** A record that is gone already is a success. */
  drop(zone: string, stored: Stored): Promise<void>;
}

type Writes = Pick<ZoneConnection, "add" | "remove" | "replace">;

export function singleRecords<Stored extends StoredRecord>(api: SingleRecords<Stored>): Writes {
  const made = madeRecords<Stored>();

  async function isThere(zone: string, record: RecordValue): Promise<boolean> {
    return (await api.stored(zone, record)).some(({ content }) => sameValue(record.type, content, record.value));
  }

  return {
    async add(zone, { isNew, ...record }) {
      if (!isNew && (await isThere(zone, record))) return;
      const stored = await api.create(zone, record);
      if (stored) made.note(zone, record, stored);
    },

    async remove(zone, record) {
      const mine = made.take(zone, record);
      // It may be gone already, and another with its value there.
      if (mine && (await wasTaken(() => api.drop(zone, mine)))) return;
      for (const one of await api.stored(zone, record)) {
        if (sameValue(record.type, one.content, record.value)) await api.drop(zone, one);
      }
    },

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
