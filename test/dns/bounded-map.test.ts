import { expect, it } from "vitest";
import { BoundedMap } from "../../src/dns/bounded-map";

it("A bounded map forgets the oldest", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1).set("b", 2).set("a", 3).set("c", 4);
  expect([...map]).toEqual([
    ["b", 2],
    ["c", 4],
  ]);
});
