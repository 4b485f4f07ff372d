/** Values by the sets that they belong to: what an API takes as a whole is written once. */
import type { AddedValue, RecordSet } from "./provider";

export interface ValuesOfSet {
  set: Pick<RecordSet, "name" | "type">;
  /** Each once. */
  values: string[];
  ttl: number;
  /** None of them can be there yet. */
  areNew: boolean;
}

export function bySet(records: AddedValue[]): ValuesOfSet[] {
  return [...Map.groupBy(records, ({ name, type }) => `${name} ${type}`).values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const values = [...new Set(group.map(({ value }) => value))];
    const areNew = group.every(({ isNew }) => isNew);
    return [{ set: { name: first.name, type: first.type }, ttl: first.ttl, values, areNew }];
  });
}
