import { describe, expect, it } from "vitest";
import { generateAccountKey, importAccountKey, thumbprint } from "../../src/acme/account-key";
import { dns01Name, dns01Value, http01Path, keyAuthorization } from "../../src/acme/challenges";

/** RFC 7638 §3.1. */
const example = {
  kty: "RSA",
  n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
  e: "AQAB",
  alg: "RS256",
  kid: "2011-04-29",
};
const exampleThumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

describe("An account key", () => {
  it.each(["ES256", "ES384", "ES512", "RS256", "EdDSA"] as const)(
    "of %s is made, kept as a JWK and read again",
    async (algorithm) => {
      const kept = await generateAccountKey(algorithm);
      const key = await importAccountKey(kept);
      expect(key.algorithm).toBe(algorithm);
      expect(key.privateKey.extractable).toBe(false);
      expect(JSON.parse(kept)).toMatchObject(key.jwk);
    },
  );

  it("is ES256 unless something else is asked for", async () => {
    expect((await importAccountKey(await generateAccountKey())).algorithm).toBe("ES256");
  });

  it("has the thumbprint of RFC 7638", async () => {
    expect(await thumbprint(example)).toBe(exampleThumbprint);
  });

  const secret = "c2VjcmV0LW9mLXRoZS1rZXk";

  it.each([
    ["no JSON", secret],
    ["JSON, but no object", "null"],
    ["a number", "7"],
    ["a JWK of another kind", JSON.stringify({ kty: "oct", k: secret })],
    ["a curve that ACME does not have here", JSON.stringify({ kty: "OKP", crv: "Ed448", d: secret, x: secret })],
    ["an Ed25519 key of the wrong length", JSON.stringify({ kty: "OKP", crv: "Ed25519", d: secret, x: secret })],
    ["a public key alone", JSON.stringify(example)],
    ["a point that is not on the curve", JSON.stringify({ kty: "EC", crv: "P-256", d: secret, x: secret, y: secret })],
    ["a PEM that is damaged", `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`],
    ["a PEM of EC alone that is damaged", `-----BEGIN EC PRIVATE KEY-----\n${secret}\n-----END EC PRIVATE KEY-----\n`],
    ["a PEM of a certificate", `-----BEGIN CERTIFICATE-----\n${secret}\n-----END CERTIFICATE-----\n`],
  ])("is refused, with nothing of it in the error: %s", async (_, given) => {
    const error = await importAccountKey(given).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: "AccountKeyError" });
    expect(String(error.stack)).not.toContain(secret);
  });
});

describe("A challenge", () => {
  const token = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";

  it("has the key authorization of RFC 8555 §8.1", async () => {
    expect(await keyAuthorization(token, example)).toBe(`${token}.${exampleThumbprint}`);
  });

  it("of dns-01 is proven by its digest, at the name without the wildcard", async () => {
    // printf %s TOKEN.THUMBPRINT | openssl dgst -sha256 -binary | basenc --base64url
    expect(await dns01Value(await keyAuthorization(token, example))).toBe(
      "ZTRx1Ckl1-tM05o5zaizTTA0yUy5AGereMgSNWC6Ll8",
    );
    expect(["example.com", "*.example.com"].map(dns01Name)).toEqual(Array(2).fill("_acme-challenge.example.com"));
  });

  it("of http-01 is proven at its well-known path", () => {
    expect(http01Path(token)).toBe(`/.well-known/acme-challenge/${token}`);
  });
});
