import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generatePrivateKey, type KeyType, keyTypes, parseKeyType, readPrivateKey } from "../../src/pki/keys";
import { decodePem } from "../../src/pki/pem";
import { describeWith } from "../support/tools";
import { Openssl } from "./openssl";
import { belongTogether, type SignerKind } from "./second-webcrypto";

const made = new Map<KeyType, string>();
const keyOf = (type: KeyType) => made.get(type) ?? "";

// RSA of 4096 bits takes its time: each is made once.
beforeAll(async () => {
  for (const type of keyTypes) made.set(type, await generatePrivateKey(type));
});

describe.each(keyTypes)("A key of type %s", (type) => {
  it("is a PKCS#8 key, and is read as what it is", async () => {
    expect(keyOf(type)).toMatch(/^-----BEGIN PRIVATE KEY-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END PRIVATE KEY-----\n$/);
    expect(await readPrivateKey(keyOf(type))).toMatchObject({ type });
  });

  it("belongs to its public key, for another WebCrypto as well", async () => {
    const kinds: Partial<Record<KeyType, SignerKind>> = { p256: "P-256", p384: "P-384" };
    const { publicKeyInfo } = await readPrivateKey(keyOf(type));
    const der = decodePem(keyOf(type))[0]?.der ?? new Uint8Array();
    expect(await belongTogether(der, publicKeyInfo, kinds[type] ?? "RSA")).toBe(true);
  });
});

describe("A type of key", () => {
  it.each([
    ["P-256", "p256"],
    ["ec256", "p256"],
    ["EC-256", "p256"],
    ["prime256v1", "p256"],
    ["secp256r1", "p256"],
    ["ecdsa_p256", "p256"],
    ["P384", "p384"],
    ["secp384r1", "p384"],
    ["2048", "rsa2048"],
    ["RSA-2048", "rsa2048"],
    ["rsa_3072", "rsa3072"],
    ["RSA4096", "rsa4096"],
  ])("can be written %s, and is %s", (given, type) => {
    expect(parseKeyType(given)).toBe(type);
  });

  it.each(["", "rsa", "rsa1024", "rsa8192", "p521", "ed25519", "constructor", "__proto__"])("is not %j", (given) => {
    expect(parseKeyType(given)).toBeUndefined();
  });
});

describeWith(["openssl"], "openssl", () => {
  let openssl: Openssl;
  beforeAll(() => {
    openssl = new Openssl();
  });
  afterAll(() => openssl[Symbol.dispose]());

  it.each([
    ["p256", /Private-Key: \(256 bit\).*NIST CURVE: P-256/s],
    ["p384", /Private-Key: \(384 bit\).*NIST CURVE: P-384/s],
    ["rsa2048", /Private-Key: \(2048 bit, 2 primes\).*publicExponent: 65537/s],
    ["rsa3072", /Private-Key: \(3072 bit, 2 primes\).*publicExponent: 65537/s],
    ["rsa4096", /Private-Key: \(4096 bit, 2 primes\).*publicExponent: 65537/s],
  ] as const)("reads and approves our %s, and sees the same public key", async (type, text) => {
    const file = openssl.write(`${type}.pem`, keyOf(type));
    expect(openssl.run("pkey", "-in", file, "-check", "-text", "-noout")).toMatch(text);
    openssl.run("pkey", "-in", file, "-pubout", "-outform", "DER", "-out", "public.der");
    expect((await readPrivateKey(keyOf(type))).publicKeyInfo).toEqual(openssl.read("public.der"));
  });

  it.each([
    ["ec:P-256", "p256"],
    ["ec:P-384", "p384"],
    ["rsa:2048", "rsa2048"],
  ])("makes a key %s that we read as %s", async (kind, type) => {
    const key = await readPrivateKey(openssl.text(openssl.key("theirs.pem", kind)));
    expect(key.type).toBe(type);
    openssl.run("pkey", "-in", "theirs.pem", "-pubout", "-outform", "DER", "-out", "public.der");
    expect(key.publicKeyInfo).toEqual(openssl.read("public.der"));
  });

  it.each(["ec:P-521", "rsa:1024", "ed25519"])("makes a key %s that we refuse, and say what we take", async (kind) => {
    const pem = openssl.text(openssl.key("theirs.pem", kind));
    await expect(readPrivateKey(pem)).rejects.toMatchObject({
      name: "KeyError",
      message: "The private key is of no known type. Known types: p256, p384, rsa2048, rsa3072, rsa4096.",
    });
  });

  it("makes keys of other forms, which we refuse by the form that we want", async () => {
    openssl.key("pkcs8.pem");
    openssl.run("ec", "-in", "pkcs8.pem", "-out", "sec1.pem");
    openssl.run("pkcs8", "-topk8", "-in", "pkcs8.pem", "-passout", "pass:secret", "-out", "encrypted.pem");
    for (const file of ["sec1.pem", "encrypted.pem"]) {
      await expect(readPrivateKey(openssl.text(file))).rejects.toThrow(
        'There is no "PRIVATE KEY" block (PKCS#8) in the PEM text.',
      );
    }
  });
});
