/** Recovery codes as they are made and read; their use is held by service.test.ts. */
import { describe, expect, it } from "vitest";
import { newCode, readCode } from "../../src/two-factor/recovery-codes";

describe("a recovery code", () => {
  it("has ten letters in two halves, of 32 that do not look alike", () => {
    const codes = Array.from({ length: 500 }, newCode);
    for (const code of codes) expect(code).toMatch(/^[0-9a-z]{5}-[0-9a-z]{5}$/);
    const letters = new Set(codes.join("").replaceAll("-", ""));
    expect([...letters].sort().join("")).toBe("0123456789abcdefghjkmnpqrstvwxyz");
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each([
    ["as it was shown", "7k3qd-0fwzm", "7k3qd0fwzm"],
    ["in capitals", "7K3QD-0FWZM", "7k3qd0fwzm"],
    ["without the dash", "7k3qd0fwzm", "7k3qd0fwzm"],
    ["with spaces", " 7k3qd 0fwzm\n", "7k3qd0fwzm"],
    ["with letters for the digits that they look like", "7k3qd-OfwzI", "7k3qd0fwz1"],
    ["and l for one", "lk3qd-0fwzm", "1k3qd0fwzm"],
  ])("is read %s", (_how, text, code) => {
    expect(readCode(text)).toBe(code);
  });

  it.each(["", "-", "7k3qd", "7k3qd-0fwzmm", "7k3qd-0fwzu", "7k3qd-0fwz!", "123456"])("is not %j", (text) => {
    expect(readCode(text)).toBeUndefined();
  });
});
