/** Names that nobody may take in a zone that all share. */
import { describe, expect, it } from "vitest";
import { toUnicodeLabel } from "../../src/dns/punycode";
import { createReservedNames } from "../../src/domains/reserved-names";

const refuses = createReservedNames(["intranet"]);
/** As people write it, in the form that names are kept in. */
const kept = (name: string) => new URL(`http://${name}`).hostname;

describe("In a zone that all share", () => {
  it.each(["www", "mail", "acme", "a.acme", "intranet", "mta-sts"])("%s is reserved", (name) => {
    expect(refuses(name)).toEqual({ kind: "reserved" });
  });

  it.each([
    ["rnail", "mail"],
    ["mai1", "mail"],
    ["maıl", "mail"],
    ["vvvvvv", "www"],
    ["r00t", "root"],
    ["adrnin", "admin"],
    ["аpi", "api"], // a Cyrillic a: two scripts
    ["mаil", "mail"],
    ["lntranet", "intranet"],
    ["web-mail", "webmail"],
    ["máil", "mail"],
    ["асме", "acme"], // all Cyrillic
    ["below.mai1", "mail"],
  ])("%s, which looks like %s, is nobody's", (name, to) => {
    const refusal = refuses(kept(name));
    expect(
      refusal?.kind === "scripts" || (refusal?.kind === "alike" && refusal.to === to),
      JSON.stringify(refusal),
    ).toBe(true);
  });

  it.each(["mаil-box", "hоme", "grеen", "аbc"])("%s, of two scripts, is nobody's", (name) => {
    expect(refuses(kept(name))).toMatchObject({ kind: "scripts" });
  });

  it.each(["home", "modern", "grün", "дом", "東京タワー", "서울", "maison", "nas01", "camera-3", "x.home"])(
    "%s is anybody's",
    (name) => {
      expect(refuses(kept(name))).toBeUndefined();
    },
  );
});

it.each(["grün", "дом", "東京タワー", "bücher-straße", "ليهمابتكلموشعربي؟", "他们为什么不说中文"])(
  "The A-label of %s is read back",
  (label) => {
    const ascii = kept(label.replace("؟", ""));
    expect(ascii.split(".").map(toUnicodeLabel).join(".")).toBe(label.replace("؟", ""));
  },
);
