/** The codes of authenticator apps, by the RFCs' own vectors. */
import { describe, expect, it } from "vitest";
import { codeOf, stepAt } from "../../src/totp/code";
import { matchingStep, newSecret, otpauthUri } from "../../src/two-factor/totp";

const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text));
const secret = bytes("12345678901234567890");

describe("a code", () => {
  // RFC 6238, Appendix B, the rows of SHA-1: eight digits.
  it.each([
    [59, "94287082"],
    [1111111109, "07081804"],
    [1111111111, "14050471"],
    [1234567890, "89005924"],
    [2000000000, "69279037"],
    [20000000000, "65353130"],
  ])("at second %d of RFC 6238 is %s", async (second, expected) => {
    const step = stepAt(second * 1000);
    expect(await codeOf(secret, step, 8)).toBe(expected);
    expect(await codeOf(secret, step)).toBe(expected.slice(2));
  });

  // RFC 4226, Appendix D.
  it.each(
    ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"].map(
      (code, counter) => [counter, code] as const,
    ),
  )("of count %d of RFC 4226 is %s", async (counter, code) => {
    expect(await codeOf(secret, counter)).toBe(code);
  });

  const now = 1_700_000_010_000;
  const current = stepAt(now);

  it.each([
    [-2, undefined],
    [-1, current - 1],
    [0, current],
    [1, current + 1],
    [2, undefined],
  ])("of %d steps from now is taken for step %s", async (distance, step) => {
    expect(await matchingStep(secret, await codeOf(secret, current + distance), now)).toBe(step);
  });

  it("is taken at the first moments of time, which have no step before them", async () => {
    expect(await matchingStep(secret, "755224", 0)).toBe(0);
  });

  it.each(["", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])("is not %j", async (code) => {
    expect(await matchingStep(secret, code, now)).toBeUndefined();
  });

  it("of another secret is not taken", async () => {
    expect(await matchingStep(newSecret(), await codeOf(secret, current), now)).toBeUndefined();
  });
});

describe("a secret", () => {
  it("has 160 random bits", () => {
    const [one, other] = [newSecret(), newSecret()];
    expect(one).toHaveLength(20);
    expect(one).not.toEqual(other);
  });

  it("goes into a URI that names who it is for, with everything that could be read as more escaped", () => {
    const uri = new URL(otpauthUri({ issuer: "cert edge", account: "a&b:c/d?e", secret: "MZXW6YTB" }));
    expect(uri.href).toMatch(/^otpauth:\/\/totp\/cert%20edge:a%26b%3Ac%2Fd%3Fe\?/);
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      secret: "MZXW6YTB",
      issuer: "cert edge",
      algorithm: "SHA1",
      digits: "6",
      period: "30",
    });
  });
});
