/** docs/authorities.md has every authority of the catalogue, with what it really asks for and can issue. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { Authority } from "../../src/authorities/authority";
import { authorities } from "../../src/authorities/catalogue";

const document = readFileSync(path.join(import.meta.dirname, "../../docs/authorities.md"), "utf8");
const all: [string, Authority][] = Object.entries(authorities);
const rows = document
  .split("\n")
  .filter((line) => /^\| `\w+` +\|/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .filter((cells) => cells.length === 9);

describe("the document of the authorities", () => {
  it("has each of them once, in the catalogue's order", () => {
    expect(rows.map(([, id]) => id?.replaceAll("`", ""))).toEqual(all.map(([id]) => id));
  });

  it.each(all)("says of %s what the catalogue says", (id, { directories, profiles, ...authority }) => {
    const [, , title, staging, binding, names, wildcards, addresses] =
      rows.find(([, cell]) => cell === `\`${id}\``) ?? [];
    const [usual, ...others] = Object.entries(profiles);
    const withAddresses = others.filter(([, { ipAddresses }]) => ipAddresses).map(([name]) => `with \`${name}\``);
    expect({ staging, binding, names, wildcards, addresses }).toEqual({
      staging: directories.staging ? "yes" : "",
      binding: authority.externalAccountRequired ? "yes" : "",
      names: usual?.[1].maxNames?.toString() ?? "",
      wildcards: usual?.[1].wildcard ? "yes" : "",
      addresses: usual?.[1].ipAddresses ? "yes" : withAddresses.join(", "),
    });
    expect(title?.includes("set `directory_url`")).toBe(!directories.production && id !== "custom");
    expect(title?.includes("ended")).toBe(authority.ended !== undefined);
    expect(title?.includes("a name and its `www.`")).toBe(usual?.[1].onlyNameAndItsWww ?? false);
  });
});
