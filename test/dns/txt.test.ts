import { describe, expect, it } from "vitest";
import { quoteTxt, unquoteTxt } from "../../src/dns/txt";

const both = [
  ["", '""'],
  ["v=spf1 -all", '"v=spf1 -all"'],
  ['say "hi"', '"say \\"hi\\""'],
  ["back\\slash", '"back\\\\slash"'],
  ["semi;colon", '"semi;colon"'],
  ["tab\tend", '"tab\\009end"'],
  ["ä€😀", '"\\195\\164\\226\\130\\172\\240\\159\\152\\128"'],
  ["x".repeat(255), `"${"x".repeat(255)}"`],
  ["x".repeat(256), `"${"x".repeat(255)}" "x"`],
] as const;

describe("TXT values", () => {
  it.each(both)("are written in quoted strings of 255 bytes, and read back: %j", (raw, quoted) => {
    expect(quoteTxt(raw)).toBe(quoted);
    expect(unquoteTxt(quoted)).toBe(raw);
  });

  it("are whole again where a character was cut between two strings", () => {
    const raw = `${"x".repeat(254)}ä`;
    expect(unquoteTxt(quoteTxt(raw))).toBe(raw);
  });

  it.each([
    ["bare words", "bare words"],
    ['"one" "two"', "onetwo"],
    ['"one""two"', "onetwo"],
    ['"a\\032b"', "a b"],
    ['"\\x"', "x"],
  ])("are read in the other forms that APIs send: %s", (content, expected) => {
    expect(unquoteTxt(content)).toBe(expected);
  });
});
