import { beforeEach, describe, expect, it } from "vitest";
import { guardedSets, type HeldSet, type SetIdentity } from "../../src/dns/guarded-sets";
import { createProviderHttp } from "../../src/dns/http";

const ZONE = "example.com";
const txt = (name: string, value: string) => ({ name: `${name}.${ZONE}`, type: "TXT" as const, value, ttl: 60 });

describe("sets that an API guards", () => {
  const keyOf = ({ name, type }: SetIdentity) => `${name} ${type}`;
  let sets: Map<string, HeldSet<string>>;
  let reads: number;
  let writes: string[][];
  /** What somebody else does before each write. */
  let inBetween: () => void;

  beforeEach(() => {
    sets = new Map();
    reads = 0;
    writes = [];
    inBetween = () => undefined;
  });

  function connection({ atOnce = true } = {}) {
    const unused = createProviderHttp({ fetch, now: () => 0, allowPrivateHosts: false });
    const store = {
      async read(_: string, set: SetIdentity) {
        reads++;
        return sets.get(keyOf(set));
      },
      toContent: (_: string, value: string) => value,
      holds: (_: string, content: string, value: string) => content === value,
    };
    type Change = { set: SetIdentity; before: HeldSet<string> | undefined; after: HeldSet<string> | undefined };
    async function writeAll(_: string, changes: Change[]) {
      writes.push(changes.map(({ set }) => keyOf(set)));
      inBetween();
      if (changes.some(({ set, before }) => sets.get(keyOf(set)) !== before)) return "stale";
      for (const { set, after } of changes) {
        if (after) sets.set(keyOf(set), after);
        else sets.delete(keyOf(set));
      }
      return changes.map(({ after }) => after);
    }
    async function write(zone: string, change: Change) {
      const outcome = await writeAll(zone, [change]);
      return outcome === "stale" ? outcome : outcome[0];
    }
    const http = unused({ title: "Example", needs: "nothing", secrets: [] });
    return guardedSets(http, { ...store, ...(atOnce ? { writeAll } : { write }) });
  }

  it("take values of many names in one write, each set read once", async () => {
    await connection().addAll(ZONE, [txt("a", "1"), txt("a", "2"), txt("a", "2"), txt("b", "3")]);
    expect(sets.get("a.example.com TXT")).toEqual({ ttl: 60, contents: ["1", "2"] });
    expect(sets.get("b.example.com TXT")).toEqual({ ttl: 60, contents: ["3"] });
    expect({ reads, writes: writes.length }).toEqual({ reads: 2, writes: 1 });
  });

  it("take them one set at a time where the API does", async () => {
    await connection({ atOnce: false }).addAll(ZONE, [txt("a", "1"), txt("a", "2"), txt("b", "3")]);
    expect(writes).toEqual([["a.example.com TXT"], ["b.example.com TXT"]]);
  });

  it("lose values of many names in one write, and keep the others", async () => {
    const { addAll, removeAll } = connection();
    await addAll(ZONE, [txt("a", "1"), txt("a", "2"), txt("b", "3")]);
    await removeAll(ZONE, [txt("a", "1"), txt("b", "3"), txt("c", "4")]);
    expect([...sets]).toEqual([["a.example.com TXT", { ttl: 60, contents: ["2"] }]]);
    expect(writes.at(-1)).toEqual(["a.example.com TXT", "b.example.com TXT"]);
  });

  it("are read again, all of them, when somebody else was quicker at one", async () => {
    inBetween = () => {
      inBetween = () => undefined;
      sets.set("b.example.com TXT", { ttl: 300, contents: ["theirs"] });
    };
    await connection().addAll(ZONE, [txt("a", "1"), txt("b", "2")]);
    expect(sets.get("a.example.com TXT")).toEqual({ ttl: 60, contents: ["1"] });
    expect(sets.get("b.example.com TXT")).toEqual({ ttl: 300, contents: ["theirs", "2"] });
    expect({ reads, writes: writes.length }).toEqual({ reads: 4, writes: 2 });
  });

  it("are given up when somebody else is always quicker", async () => {
    inBetween = () => sets.set("a.example.com TXT", { ttl: 300, contents: ["theirs"] });
    await expect(connection().add(ZONE, txt("a", "1"))).rejects.toMatchObject({
      kind: "unavailable",
      detail: "Somebody else changes a.example.com TXT all the time.",
    });
    expect(writes).toHaveLength(5);
  });

  it("are written unseen where a value is new, and read only where somebody has been there", async () => {
    const { add, addAll, remove } = connection();
    await add(ZONE, { ...txt("a", "1"), isNew: true });
    await addAll(ZONE, [
      { ...txt("a", "2"), isNew: true },
      { ...txt("b", "3"), isNew: true },
    ]);
    await remove(ZONE, txt("a", "1"));
    expect([...sets.values()].map(({ contents }) => contents)).toEqual([["2"], ["3"]]);
    expect({ reads, writes: writes.length }).toEqual({ reads: 0, writes: 3 });

    sets.set("b.example.com TXT", { ttl: 300, contents: ["theirs", "3"] });
    await remove(ZONE, txt("b", "3"));
    expect(sets.get("b.example.com TXT")).toEqual({ ttl: 300, contents: ["theirs"] });
    expect({ reads, writes: writes.length }).toEqual({ reads: 1, writes: 5 });
  });

  it("are read where they are believed to be so already", async () => {
    const { add, remove } = connection();
    await add(ZONE, { ...txt("a", "1"), isNew: true });
    sets.delete("a.example.com TXT");
    await add(ZONE, txt("a", "1"));
    expect(sets.get("a.example.com TXT")?.contents).toEqual(["1"]);
    sets.set("a.example.com TXT", { ttl: 60, contents: ["1", "2"] });
    await remove(ZONE, txt("a", "2"));
    expect(sets.get("a.example.com TXT")?.contents).toEqual(["1"]);
  });

  it("are not written where they are so already", async () => {
    const { add, remove, replace, addAll, removeAll } = connection();
    await add(ZONE, txt("a", "1"));
    const before = writes.length;
    await add(ZONE, txt("a", "1"));
    await addAll(ZONE, [txt("a", "1")]);
    await addAll(ZONE, []);
    await remove(ZONE, txt("a", "2"));
    await removeAll(ZONE, [txt("b", "1")]);
    await replace(ZONE, { ...txt("a", ""), values: ["1"] });
    await replace(ZONE, { ...txt("b", ""), values: [] });
    expect(writes).toHaveLength(before);
  });
});
