import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { base64, basicAuth, digest, hex, hmac, percentEncode } from "../../src/dns/digests";

const TEXT = "GET\n/zones\nä€";
const hashes = [
  ["SHA-1", "sha1"],
  ["SHA-256", "sha256"],
  ["SHA-512", "sha512"],
] as const;

describe("digests for signatures", () => {
  it.each(hashes)("are those of OpenSSL: %s", async (hash, name) => {
    expect(hex(await digest(hash, TEXT))).toBe(createHash(name).update(TEXT).digest("hex"));
    expect(base64(await hmac(hash, "key", TEXT))).toBe(createHmac(name, "key").update(TEXT).digest("base64"));
    expect(hex(await hmac(hash, await hmac(hash, "key", "1"), TEXT))).toBe(
      createHmac(name, createHmac(name, "key").update("1").digest()).update(TEXT).digest("hex"),
    );
  });

  it("have their spellings", () => {
    expect(basicAuth("ada", "pässword:x")).toBe(`Basic ${Buffer.from("ada:pässword:x").toString("base64")}`);
    expect(percentEncode("a b*c(d)!'~-._/ä")).toBe("a%20b%2Ac%28d%29%21%27~-._%2F%C3%A4");
  });
});
