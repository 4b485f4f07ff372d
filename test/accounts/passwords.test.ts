import { scrypt } from "node:crypto";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { hashPassword, verifyPassword } from "../../src/accounts/passwords";

vi.mock("node:crypto", async (original) => {
  const actual = await original<typeof import("node:crypto")>();
  return { ...actual, scrypt: vi.fn(actual.scrypt) };
});

const work = vi.mocked(scrypt);
beforeEach(() => {
  work.mockClear();
});

describe("a password", () => {
  it("is kept as scrypt with its parameters and a salt of its own", async () => {
    const [one, two] = [await hashPassword("correct horse"), await hashPassword("correct horse")];
    expect(one).toMatch(/^scrypt\$16384,8,1\$[0-9a-f]{32}\$[0-9a-f]{64}$/);
    expect(one).not.toBe(two);
    expect(await verifyPassword("correct horse", one)).toBe(true);
    expect(await verifyPassword("correct horse", two)).toBe(true);
  });

  // Made by Python: hashlib.scrypt(b"correct horse", salt=bytes(16), n=1024, r=4, p=2, dklen=32).hex()
  const elsewhere =
    "scrypt$1024,4,2$00000000000000000000000000000000$04834decc68ddcc418d68cdadeabf59da36f0815fac455d0248f387e27b9a89f";

  it("is checked with the parameters that stand in its hash", async () => {
    expect(await verifyPassword("correct horse", elsewhere)).toBe(true);
    expect(work.mock.lastCall?.[3]).toEqual({ N: 1024, r: 4, p: 2 });
  });

  it.each(["Correct horse", "correct horse ", "correct hors", ""])("is not %j", async (wrong) => {
    expect(await verifyPassword(wrong, elsewhere)).toBe(false);
  });

  it("is the same however its letters are composed", async () => {
    expect(await verifyPassword("cafe\u0301 horse", await hashPassword("caf\u00e9 horse"))).toBe(true);
  });

  it("costs the same work for a name that nobody has, and is wrong", async () => {
    const stored = await hashPassword("correct horse");
    work.mockClear();
    expect(await verifyPassword("wrong", stored)).toBe(false);
    for (const guess of ["wrong", ""]) expect(await verifyPassword(guess, undefined)).toBe(false);
    const [known, ...unknown] = work.mock.calls.map(([, salt, length, parameters]) => ({
      salt: (salt as Uint8Array).length,
      length,
      parameters,
    }));
    expect(unknown).toEqual([known, known]);
  });
});
