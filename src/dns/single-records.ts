/** The writes of those APIs that keep each value as a record of its own: looked up by content, changed in place. */
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
  create(zone: string, record: RecordValue): Promise<void>;
  /** Gives a record another value, another TTL, or both. */
  change(zone: string, stored: Stored, record: RecordValue): Promise<void>;
  /** A record that is gone already is a success. */
  drop(zone: string, stored: Stored): Promise<void>;
}

type Writes = Pick<ZoneConnection, "add" | "remove" | "replace">;

export function singleRecords<Stored extends StoredRecord>(api: SingleRecords<Stored>): Writes {
  return {
    async add(zone, record) {
      const there = await api.stored(zone, record);
      if (there.some(({ content }) => sameValue(record.type, content, record.value))) return;
      await api.create(zone, record);
    },

    async remove(zone, record) {
      for (const one of await api.stored(zone, record)) {
        if (sameValue(record.type, one.content, record.value)) await api.drop(zone, one);
      }
    },

    async replace(zone, { values, ...set }) {
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
