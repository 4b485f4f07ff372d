import { createVerify, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { importRsaKey } from "../../src/dns/rsa-key";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

describe("RSA keys of providers", () => {
  it.each(["pkcs8", "pkcs1"] as const)("sign in the form of %s as OpenSSL verifies", async (type) => {
    const key = await importRsaKey(String(privateKey.export({ type, format: "pem" })), "SHA-512");
    const text = new TextEncoder().encode("text");
    const signature = await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key as CryptoKey, text);
    expect(createVerify("sha512").update(text).verify(publicKey, new Uint8Array(signature))).toBe(true);
  });

  it.each([
    "",
    "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----",
    String(publicKey.export({ type: "spki", format: "pem" })),
  ])("are none: %j", async (pem) => {
    expect(await importRsaKey(pem, "SHA-256")).toBeUndefined();
  });
});
