import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createCertificateRequest, readCertificateRequest } from "../../src/pki/certificate-request";
import { parseIdentifier } from "../../src/pki/identifiers";
import { generatePrivateKey, type KeyType, readPrivateKey } from "../../src/pki/keys";
import { encodePem } from "../../src/pki/pem";
import { describeWith } from "../support/tools";
import { Openssl } from "./openssl";
import { isSignedBy, type SignerKind } from "./second-webcrypto";

const GIVEN = ["example.com", "*.Example.com", "bücher.example", "192.0.2.7", "2001:db8::7"];
const identifiers = GIVEN.map(parseIdentifier);

const types: [KeyType, SignerKind, RegExp][] = [
  ["p256", "P-256", /Signature Algorithm: ecdsa-with-SHA256/],
  ["p384", "P-384", /Signature Algorithm: ecdsa-with-SHA384/],
  ["rsa2048", "RSA", /Signature Algorithm: sha256WithRSAEncryption/],
];

describe("Our request", () => {
  it.each(types)("of a key %s is read again, and is signed for another WebCrypto as well", async (type, kind) => {
    const privateKeyPem = await generatePrivateKey(type);
    const der = await createCertificateRequest({ privateKeyPem, identifiers });
    const { publicKeyInfo } = await readPrivateKey(privateKeyPem);
    const read = await readCertificateRequest(der);
    expect(read).toMatchObject({ identifiers, publicKeyInfo, keyType: type, mustStaple: false });
    expect(read).not.toHaveProperty("commonName");
    expect(await isSignedBy(der, publicKeyInfo, kind)).toBe(true);
  });

  it("asks for must-staple only where it is wanted", async () => {
    const privateKeyPem = await generatePrivateKey("p256");
    for (const mustStaple of [true, false]) {
      const der = await createCertificateRequest({ privateKeyPem, identifiers, mustStaple });
      expect(await readCertificateRequest(der)).toMatchObject({ mustStaple });
    }
  });
});

describeWith(["openssl"], "openssl", () => {
  let openssl: Openssl;
  beforeAll(() => {
    openssl = new Openssl();
    openssl.key("key.pem");
  });
  afterAll(() => openssl[Symbol.dispose]());

  /** A request by openssl. DER. */
  function request(key: string, ...flags: string[]) {
    openssl.run("req", "-new", "-key", key, "-outform", "DER", "-out", "theirs.der", ...flags);
    return openssl.read("theirs.der");
  }

  const isRefused = (der: Uint8Array<ArrayBuffer>, message: string) =>
    expect(readCertificateRequest(der)).rejects.toMatchObject({ name: "CertificateRequestError", message });

  it.each(types)("verifies our request of a key %s, and reads its names", async (type, _, algorithm) => {
    const privateKeyPem = await generatePrivateKey(type);
    const der = await createCertificateRequest({ privateKeyPem, identifiers, mustStaple: true });
    const file = openssl.write("ours.der", der);
    const { ok, said } = openssl.try("req", "-in", file, "-inform", "DER", "-verify", "-text", "-noout");
    expect(ok && said).toContain("self-signature verify OK");
    expect(said).toMatch(algorithm);
    expect(said).toMatch(/Subject: *\n/);
    expect(said).toMatch(/Subject Alternative Name: critical\n/);
    expect(said.match(/DNS:.*/)?.[0]).toBe(
      "DNS:example.com, DNS:*.example.com, DNS:xn--bcher-kva.example, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7",
    );
    expect(said).toMatch(/TLS Feature: *\n *status_request\n/);
  });

  it("sees no relative distinguished name in the empty subject, not even an empty one (RFC 5280 §4.1.2.4)", async () => {
    const privateKeyPem = await generatePrivateKey("p256");
    const file = openssl.write("ours.der", await createCertificateRequest({ privateKeyPem, identifiers }));
    const [, , version, subject, keyInfo] = openssl.run("asn1parse", "-in", file, "-inform", "DER").split("\n");
    expect(version).toMatch(/d=2 .*INTEGER +:00$/);
    expect(subject).toMatch(/d=2 +hl=2 l= +0 cons: SEQUENCE/);
    expect(keyInfo).toMatch(/d=2 .*cons: SEQUENCE/);
  });

  it("makes a request with a common name alone, which we read", async () => {
    const read = await readCertificateRequest(request("key.pem", "-subj", "/O=Somebody/CN=Example.com"));
    expect(read).toMatchObject({ identifiers: [], commonName: "Example.com", keyType: "p256", mustStaple: false });
  });

  it("makes a request with names of many kinds, of which we read names and addresses", async () => {
    const names =
      "subjectAltName=DNS:Example.com,DNS:*.example.com,IP:2001:db8::1,email:ada@example.com,URI:https://a.b/";
    const { identifiers, commonName } = await readCertificateRequest(
      request("key.pem", "-subj", "/CN=example.com", "-addext", names, "-addext", "keyUsage=digitalSignature"),
    );
    expect(identifiers.map(({ value }) => value)).toEqual(["example.com", "*.example.com", "2001:db8::1"]);
    expect(commonName).toBe("example.com");
  });

  it.each([
    ["status_request", true],
    ["status_request_v2", false],
    ["status_request_v2,status_request", true],
  ])("makes a request for the TLS features %s, which is must-staple: %s", async (features, mustStaple) => {
    const der = request("key.pem", "-subj", "/CN=a.example", "-addext", `tlsfeature=${features}`);
    expect(await readCertificateRequest(der)).toMatchObject({ mustStaple });
  });

  it.each([
    ["ec:P-384", "p384"],
    ["rsa:2048", "rsa2048"],
    ["rsa:1024", undefined],
    ["ec:P-521", undefined],
  ])("makes a request of a key %s, which we see as %s", async (kind, keyType) => {
    const key = openssl.key("another.pem", kind);
    const names = ["-subj", "/", "-addext", "subjectAltName=DNS:example.com"];
    const read = await readCertificateRequest(request(key, ...names));
    expect(read).toMatchObject({ identifiers: [{ type: "dns", value: "example.com" }], keyType });
    openssl.run("pkey", "-in", key, "-pubout", "-outform", "DER", "-out", "public.der");
    expect(read.publicKeyInfo).toEqual(openssl.read("public.der"));
  });

  it.each(["ed25519", "ec:secp256k1", "ec:brainpoolP256r1"])(
    "makes a request of a key %s, whose signature we cannot check, and say so",
    async (kind) => {
      const der = request(openssl.key("another.pem", kind), "-subj", "/CN=a.example");
      await isRefused(der, "The signature of the request cannot be checked: the key has to be EC or RSA.");
    },
  );

  it("makes a request that we refuse after somebody put in another name", async () => {
    const der = request("key.pem", "-subj", "/CN=before.example");
    const at = Buffer.from(der).indexOf("before.example");
    der.set(new TextEncoder().encode("after"), at);
    await isRefused(der, "The request is not signed by the key that it is for.");
  });

  it("makes a request with bytes behind its end, which we refuse", () =>
    isRefused(
      new Uint8Array([...request("key.pem", "-subj", "/CN=a.example"), 0]),
      "The request is not a PKCS#10 request in DER.",
    ));

  it.each([
    ["an address of 5 bytes", "DER:30:07:87:05:01:02:03:04:05"],
    ["something else", "DER:04:03:01:02:03"],
    ["a time that is none", "DER:18:01:41"],
  ])("makes a request with %s as its names, which we refuse", async (_, value) => {
    const der = request("key.pem", "-subj", "/CN=a.example", "-addext", `2.5.29.17=${value}`);
    await isRefused(der, "The requested extensions cannot be read.");
  });

  it("makes a certificate, which is no request", async () => {
    openssl.run("req", "-x509", "-key", "key.pem", "-subj", "/CN=x", "-outform", "DER", "-out", "certificate.der");
    await isRefused(openssl.read("certificate.der"), "The request is not a PKCS#10 request in DER.");
  });

  it("makes a request of a thousand names, which we read", async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `n${index}.example.com`);
    const config = `[req]\ndistinguished_name=dn\nreq_extensions=x\n[dn]\n[x]\nsubjectAltName=${names.map((name) => `DNS:${name}`)}\n`;
    const der = request("key.pem", "-subj", "/", "-config", openssl.write("config", config));
    expect((await readCertificateRequest(der)).identifiers.map(({ value }) => value)).toEqual(names);
  });
});

describe("A request", () => {
  it.each([
    ["nothing", new Uint8Array()],
    ["garbage", new Uint8Array([1, 2, 3, 4])],
    ["another structure", new Uint8Array([0x30, 3, 2, 1, 5])],
    ["the text of a PEM block", new TextEncoder().encode(encodePem("CERTIFICATE REQUEST", new Uint8Array([0x30, 0])))],
    ["a length without its bytes", new Uint8Array([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff])],
    ["nested without end", new Uint8Array(60_000).fill(0x30)],
    ["of an unknown length", new Uint8Array([0x30, 0x80, ...new Array(10_000).fill([0x30, 0x80]).flat()])],
  ])("is not %s", async (_, der) => {
    await expect(readCertificateRequest(new Uint8Array(der))).rejects.toMatchObject({
      name: "CertificateRequestError",
      message: "The request is not a PKCS#10 request in DER.",
    });
  });
});
