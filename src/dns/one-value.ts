/** The writes to an API that holds one value of each kind at a name: what is written takes the place of what was there. */
import type { ProviderHttp } from "./http";
import type { RecordSet, RecordValue, ZoneConnection } from "./provider";

export type SetName = Pick<RecordSet, "name" | "type">;

export interface OneValueEach {
  put(zone: string, record: SetName & Pick<RecordValue, "value">): Promise<void>;
  clear(zone: string, set: SetName): Promise<void>;
}

type Writes = Pick<ZoneConnection, "add" | "remove" | "replace">;

export const oneValueEach = (http: ProviderHttp, { put, clear }: OneValueEach): Writes => ({
  add: put,
  /** The zone's object sees to it that no other value has come in its place. */
  remove: clear,

  async replace(zone, { values, ...set }) {
    const [value, second] = values;
    if (second !== undefined) throw http.error("refused", `It can hold one ${set.type} at ${set.name}.`);
    if (value === undefined) await clear(zone, set);
    else await put(zone, { ...set, value });
  },
});
