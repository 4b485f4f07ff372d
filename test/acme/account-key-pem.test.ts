/** Keys as openssl, and with it other ACME clients, write them. */
import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey, verify } from "node:crypto";
import { expect, it } from "vitest";
import { importAccountKey, toPrivateJwk } from "../../src/acme/account-key";
import { sign } from "../../src/acme/transport";
import { describeWith } from "../support/tools";

const openssl = (...parameters: string[]) => execFileSync("openssl", parameters, { encoding: "utf8", stdio: "pipe" });
const ec = (curve: string, ...more: string[]) => openssl("ecparam", "-name", curve, "-genkey", ...more);

const pkcs8 = (algorithm: string, ...options: string[]) => openssl("genpkey", "-algorithm", algorithm, ...options);

describeWith(["openssl"], "An account key in PEM", () => {
  it.each<[string, string, () => string]>([
    ["EC P-256 with its parameters before it, as acme.sh has it", "ES256", () => ec("prime256v1")],
    ["EC P-256 alone, as lego has it", "ES256", () => ec("prime256v1", "-noout")],
    ["EC P-384", "ES384", () => ec("secp384r1", "-noout")],
    ["EC P-521", "ES512", () => ec("secp521r1", "-noout")],
    ["EC P-256 in PKCS#8", "ES256", () => pkcs8("EC", "-pkeyopt", "ec_paramgen_curve:P-256")],
    ["EC P-521 in PKCS#8", "ES512", () => pkcs8("EC", "-pkeyopt", "ec_paramgen_curve:P-521")],
    ["RSA in PKCS#1", "RS256", () => openssl("genrsa", "-traditional", "2048")],
    ["RSA in PKCS#8", "RS256", () => openssl("genrsa", "2048")],
    ["Ed25519", "EdDSA", () => pkcs8("ED25519")],
  ])("signs as its own public key: %s", async (_, algorithm, make) => {
    const pem = make();
    const key = await importAccountKey(pem);
    expect(key.algorithm).toBe(algorithm);
    expect(key.jwk).toEqual(createPublicKey(pem).export({ format: "jwk" }));

    const jws = await sign(key, { jwk: key.jwk, url: "https://ca.example/new-account" }, "{}");
    const hash = { ES256: "sha256", ES384: "sha384", ES512: "sha512", RS256: "sha256" }[algorithm] ?? null;
    const signed = Buffer.from(`${jws.protected}.${jws.payload}`);
    const publicKey = { key: createPublicKey(pem), dsaEncoding: "ieee-p1363" as const };
    expect(verify(hash, signed, publicKey, Buffer.from(jws.signature, "base64url"))).toBe(true);
  });

  it("is kept as a JWK that is the same key, and nothing beside it", async () => {
    const pem = ec("secp384r1", "-noout");
    const kept = JSON.parse(await toPrivateJwk(pem));
    expect(Object.keys(kept).sort()).toEqual(["crv", "d", "kty", "x", "y"]);
    const same = createPrivateKey({ key: kept, format: "jwk" });
    expect(same.equals(createPrivateKey(pem))).toBe(true);
  });

  it("is read without the public key and the curve in it, which RFC 5915 leaves out where others say them", async () => {
    const pem = ec("prime256v1", "-noout");
    const { d = "" } = createPrivateKey(pem).export({ format: "jwk" });
    const bare = Buffer.concat([Buffer.from("302502010104 20".replace(" ", ""), "hex"), Buffer.from(d, "base64url")]);
    const text = `-----BEGIN EC PRIVATE KEY-----\n${bare.toString("base64")}\n-----END EC PRIVATE KEY-----\n`;
    expect((await importAccountKey(text)).jwk).toEqual(createPublicKey(pem).export({ format: "jwk" }));
  });

  it.each<[string, () => string]>([
    ["PKCS#8", () => openssl("genpkey", "-algorithm", "ED25519", "-aes256", "-pass", "pass:secret")],
    ["PKCS#1", () => openssl("genrsa", "-traditional", "-aes256", "-passout", "pass:secret", "2048")],
  ])("that is encrypted is refused with these words: %s", async (_, make) => {
    await expect(importAccountKey(make())).rejects.toThrow("The account key is encrypted: decrypt it first");
  });

  it("of RSA with fewer bits than RFC 7518 wants is refused", async () => {
    await expect(importAccountKey(openssl("genrsa", "1024"))).rejects.toThrow("An RSA key needs 2048 bits or more.");
  });

  it("of a curve that no CA takes is refused", async () => {
    await expect(importAccountKey(ec("secp256k1", "-noout"))).rejects.toThrow("no private key of EC P-256, P-384");
  });
});
