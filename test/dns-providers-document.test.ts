/** docs/dns-providers.md has every provider, with the fields that its credential really has. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";
import { providers } from "../src/dns/registry";

const document = readFileSync(path.join(import.meta.dirname, "../docs/dns-providers.md"), "utf8");
const rows = new Map(
  document
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => /^`.*`$/.test(cells[2] ?? ""))
    .map((cells) => [cells[2]?.replaceAll("`", ""), cells]),
);
const all = Object.values(providers).filter(({ id }) => id !== "builtin");

it("has a row for each provider, and none for others", () => {
  expect([...rows.keys()].sort()).toEqual(all.map(({ id }) => id).sort());
});

it.each(all.map((provider) => [provider.id, provider] as const))("has the fields of %s", (id, provider) => {
  const fields = provider.credentialFields().map(({ name, optional }) => (optional ? `[\`${name}\`]` : `\`${name}\``));
  expect(rows.get(id)?.[3]).toBe(fields.join(", "));
  expect(rows.get(id)?.[1]).toBe(provider.title);
});
