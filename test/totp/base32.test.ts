import { describe, expect, it } from "vitest";
import { fromBase32, toBase32 } from "../../src/totp/base32";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("base32", () => {
  // RFC 4648 §10, without the padding.
  it.each([
    ["", ""],
    ["f", "MY"],
    ["fo", "MZXQ"],
    ["foo", "MZXW6"],
    ["foob", "MZXW6YQ"],
    ["fooba", "MZXW6YTB"],
    ["foobar", "MZXW6YTBOI"],
  ])("of %j is %j, and back", (text, base32) => {
    expect(toBase32(bytes(text))).toBe(base32);
    expect(fromBase32(base32)).toEqual(bytes(text));
  });

  it("is read as people copy it: in small letters, with spaces, dashes and padding", () => {
    expect(fromBase32("mzxw 6ytb-oi======")).toEqual(bytes("foobar"));
  });

  it.each(["MZXW1", "otpauth://totp/x", "geheim!"])("is not %j", (text) => {
    expect(fromBase32(text)).toBeUndefined();
  });
});
