/** The writes to an API that has one record for each value: found again by content, changed in place where it can. */
import type { RecordSet, ZoneConnection } from "./provider";
import { sameValue } from "./values";

export interface SingleRecord {
  id: string | number;
  /** As the API tells it. */
  content: string;
  /** Missing where the API keeps none. */
  ttl?: number | undefined;
}

/** Name, type and TTL of the set that a record is of. */
export type SetOfRecord = Omit<RecordSet, "values">;

/** What an API has to offer for that; zones are given by name. */
export interface SingleRecords<Stored extends SingleRecord> {
  /** All records of exactly this name and type. */
  find(zone: string, set: SetOfRecord): Promise<Stored[]>;
  create(zone: string, set: SetOfRecord, value: string): Promise<void>;
  /** Gone already is a success. */
  drop(zone: string, record: Stored): Promise<void>;
  /**
   * Gives the record the set's TTL, and another value where one is given: a value that stays is not written anew.
   * Left out where the API cannot: the record is then made anew.
   */
  change?(zone: string, record: Stored, set: SetOfRecord, value?: string): Promise<void>;
}

export function oneRecordPerValue<Stored extends SingleRecord>({
  find,
  create,
  drop,
  change,
}: SingleRecords<Stored>): Pick<ZoneConnection, "add" | "remove" | "replace"> {
  return {
    async add(zone, { value, ...set }) {
      const there = await find(zone, set);
      if (!there.some(({ content }) => sameValue(set.type, content, value))) await create(zone, set, value);
    },

    async remove(zone, { value, ...set }) {
      for (const record of await find(zone, set)) {
        if (sameValue(set.type, record.content, value)) await drop(zone, record);
      }
    },

    async replace(zone, { values, ...set }) {
      const missing = [...values];
      const unwanted: Stored[] = [];
      for (const record of await find(zone, set)) {
        const index = missing.findIndex((value) => sameValue(set.type, record.content, value));
        const [value] = index < 0 ? [] : missing.splice(index, 1);
        if (value === undefined) unwanted.push(record);
        else if (record.ttl === undefined || record.ttl === set.ttl) continue;
        else if (change) await change(zone, record, set);
        else await drop(zone, record).then(() => create(zone, set, value));
      }
      if (change) {
        for (const value of missing.splice(0, unwanted.length)) {
          const record = unwanted.shift();
          if (record) await change(zone, record, set, value);
        }
      }
      // No second CNAME is allowed at a name; a host, though, is not to be without any address in between.
      if (set.type === "CNAME") for (const record of unwanted.splice(0)) await drop(zone, record);
      for (const value of missing) await create(zone, set, value);
      for (const record of unwanted) await drop(zone, record);
    },
  };
}
