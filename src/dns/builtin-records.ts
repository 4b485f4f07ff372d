/** The records of the zones that certedge serves itself, as the builtin provider writes them. */
import type { RecordSet, RecordValue } from "./provider";

export interface BuiltinRecords {
  zones(): Promise<string[]>;
  add(zone: string, record: RecordValue): Promise<void>;
  remove(zone: string, record: RecordValue): Promise<void>;
  addAll(zone: string, values: RecordValue[]): Promise<void>;
  removeAll(zone: string, values: RecordValue[]): Promise<void>;
  replace(zone: string, set: RecordSet): Promise<void>;
  replaceAll(zone: string, sets: RecordSet[]): Promise<void>;
}
