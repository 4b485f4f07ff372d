/** What a connection has made itself: it need not be looked for when it is to go. */
import { BoundedMap } from "./bounded-map";
import type { RecordSet, RecordValue } from "./provider";

type SetName = Pick<RecordSet, "name" | "type">;

/** `Made` is what the API asks for to remove a record: its id, or how it was written. */
export function madeRecords<Made>() {
  const made = new BoundedMap<string, Made>();
  const keyOf = (zone: string, { name, type }: SetName, value: string) => `${zone} ${name} ${type} ${value}`;

  return {
    note(zone: string, record: RecordValue, as: Made): void {
      made.set(keyOf(zone, record, record.value), as);
    },

    /** It is known once: whoever fails to remove it looks for it the next time. */
    take(zone: string, record: RecordValue): Made | undefined {
      const key = keyOf(zone, record, record.value);
      const found = made.get(key);
      made.delete(key);
      return found;
    },

    /** For a set whose records become others. */
    forgetSet(zone: string, set: SetName): void {
      const start = keyOf(zone, set, "");
      for (const key of made.keys()) if (key.startsWith(start)) made.delete(key);
    },
  };
}
