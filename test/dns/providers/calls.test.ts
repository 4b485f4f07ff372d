/** docs/dns-providers.md says how many calls a challenge takes: so many it does. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { callsPerChallenge, fakedZones } from "./fakes";

const document = readFileSync(path.join(import.meta.dirname, "../../../docs/dns-providers.md"), "utf8");
const told = new Map(
  [...document.matchAll(/^\|[^|]*\| `([\w-]+)`.*\| *(\d) \+ (\d) *\|$/gm)].map(([, id = "", placing, removing]) => [
    id,
    { placing: Number(placing), removing: Number(removing) },
  ]),
);

it.each(Object.entries(fakedZones))("%s is asked as often as is told", async (id, open) => {
  const { placing, removing } = await callsPerChallenge(open());
  expect({ placing: placing.length, removing: removing.length }).toEqual(told.get(id));
});
