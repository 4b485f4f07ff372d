/**
 * The writes to an API that takes whole record sets and guards them: it refuses to write over one that somebody else has
 * changed in the meantime, which is read again, then.
 */
import type { ProviderHttp } from "./http";
import type { RecordSet, RecordType, ZoneConnection } from "./provider";

export type SetIdentity = Pick<RecordSet, "name" | "type">;

/** A set as the API holds it; contents are as it writes them, and go back to it untouched. */
export interface HeldSet<Content> {
  ttl: number;
  contents: Content[];
}

export interface SetStore<Content, Held extends HeldSet<Content>> {
  read(zone: string, identity: SetIdentity): Promise<Held | undefined>;
  /** Puts `after`, or nothing, in the place of what was read. False where it is not there any more: somebody was quicker. */
  write(
    zone: string,
    identity: SetIdentity,
    before: Held | undefined,
    after: HeldSet<Content> | undefined,
  ): Promise<boolean>;
  toContent(type: RecordType, value: string): Content;
  holds(type: RecordType, content: Content, value: string): boolean;
}

const MOST_TRIES = 5;

export function guardedSets<Content, Held extends HeldSet<Content>>(
  http: ProviderHttp,
  { read, write, toContent, holds }: SetStore<Content, Held>,
): Pick<ZoneConnection, "add" | "remove" | "replace"> {
  async function change(
    zone: string,
    { name, type }: SetIdentity,
    decide: (before: HeldSet<Content> | undefined) => HeldSet<Content> | "as it is",
  ): Promise<void> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const before = await read(zone, { name, type });
      const after = decide(before);
      if (after === "as it is") return;
      const isEmpty = after.contents.length === 0;
      if (isEmpty && !before) return;
      if (await write(zone, { name, type }, before, isEmpty ? undefined : after)) return;
    }
    throw http.error("unavailable", `Somebody else changes ${name} ${type} all the time.`);
  }

  return {
    add: (zone, { value, ttl, ...identity }) =>
      change(zone, identity, (before) => {
        const there = before?.contents ?? [];
        if (there.some((content) => holds(identity.type, content, value))) return "as it is";
        return { ttl: before?.ttl ?? ttl, contents: [...there, toContent(identity.type, value)] };
      }),

    remove: (zone, { value, ttl, ...identity }) =>
      change(zone, identity, (before) => {
        const there = before?.contents ?? [];
        const kept = there.filter((content) => !holds(identity.type, content, value));
        return kept.length === there.length ? "as it is" : { ttl: before?.ttl ?? ttl, contents: kept };
      }),

    replace: (zone, { values, ttl, ...identity }) =>
      change(zone, identity, (before) => {
        const there = before?.contents ?? [];
        const found = values.map((value) => there.find((content) => holds(identity.type, content, value)));
        const isThis = before?.ttl === ttl && there.length === values.length && !found.includes(undefined);
        if (isThis) return "as it is";
        return { ttl, contents: values.map((value, index) => found[index] ?? toContent(identity.type, value)) };
      }),
  };
}
