/** Secrets by workerd's own crypto: sealed texts, passwords, and comparisons. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { sameSecret } from "../../src/accounts/accounts";
import { hashApiKey, looksLikeApiKey, newApiKey } from "../../src/accounts/api-key";
import { hashPassword, verifyPassword } from "../../src/accounts/passwords";
import { createSealer } from "../../src/storage/sealing";

describe("In workerd", () => {
  it("what Node sealed under a key of the ring opens, at its own place alone", async () => {
    const sealed =
      "s1.k1.tlqrHTFKs-ev4ykb7GOlCM3laUAqC3M8DUWY4nvg_2KhqFVyRotHr8PSoEqYlM57St4gHThzhUv0K9SU.MDrcoKlXcYZi60mpFLv5R68ujn50xQaxZcnDRGNPcOwFuNRv3tZhhdFO";
    const sealer = createSealer(env.ENCRYPTION_KEYS);
    expect(await sealer.open(sealed, "table/1/column/owner")).toBe("sealed in Node");
    await expect(sealer.open(sealed, "table/2/column/owner")).rejects.toThrow("does not open");
  });

  it("a password is known again, and no other, whichever form its letters have", async () => {
    const stored = await hashPassword("p\u00e4ssword");
    expect(stored).toMatch(/^scrypt\$16384,8,1\$[0-9a-f]{32}\$[0-9a-f]{64}$/);
    expect(await verifyPassword("p\u00e4ssword", stored)).toBe(true);
    expect(await verifyPassword("pa\u0308ssword", stored)).toBe(true);
    for (const other of ["password", "P\u00e4ssword", ""]) expect(await verifyPassword(other, stored)).toBe(false);
  });

  it("no password is right where there is no account", async () => {
    for (const given of ["", "password"]) expect(await verifyPassword(given, undefined)).toBe(false);
  });

  it("a password is hashed as RFC 7914 §12 has it", async () => {
    const parameters = "16384,8,1";
    const salt = Array.from(new TextEncoder().encode("SodiumChloride"), (byte) => byte.toString(16).padStart(2, "0"));
    const hash = "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2";
    expect(await verifyPassword("pleaseletmein", `scrypt$${parameters}$${salt.join("")}$${hash}`)).toBe(true);
  });

  it.each([
    ["secret", "secret", true],
    ["", "", false],
    ["", "secret", false],
    ["secret", "", false],
    ["secre", "secret", false],
    ["secret ", "secret", false],
    ["Secret", "secret", false],
    ["s\u00e9cret", "se\u0301cret", false],
  ])("%j for the secret %j is taken: %s", async (given, secret, same) => {
    expect(await sameSecret(given, secret)).toBe(same);
  });

  it("an API key's hash depends on the key and on the pepper, and is the same each time", async () => {
    const key = newApiKey();
    expect(looksLikeApiKey(key)).toBe(true);
    const hashes = [
      [key, "a"],
      [key, "b"],
      [newApiKey(), "a"],
    ].map(([given = "", pepper = ""]) => hashApiKey(given, pepper));
    expect(new Set(await Promise.all(hashes)).size).toBe(3);
    expect(await hashApiKey(key, "a")).toBe(await hashes[0]);
  });
});
