import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCertificate } from "../../src/pki/certificate";
import { encodePem } from "../../src/pki/pem";
import { describeWith } from "../support/tools";
import { Openssl } from "./openssl";
import { type Authority, makeAuthority, NAMES, SERIAL } from "./openssl-authority";

/** The example of RFC 9773, Appendix A. */
const RFC_9773 = `-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
`;

describe("A certificate", () => {
  it("has the renewal identifier that RFC 9773 §4.1 works out for its example", async () => {
    expect(await readCertificate(RFC_9773)).toMatchObject({
      renewalIdentifier: "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
      serial: "87654321",
      issuer: "CN=Example CA",
      subject: "CN=example.com",
      identifiers: [],
    });
  });

  it.each([
    ["a text without one", "nothing here", "There is no CERTIFICATE block in the PEM text."],
    ["another block", encodePem("PRIVATE KEY", new Uint8Array([1])), "There is no CERTIFICATE block in the PEM text."],
    ["an empty block", encodePem("CERTIFICATE", new Uint8Array()), "It is not an X.509 certificate in DER."],
    ["other DER", encodePem("CERTIFICATE", new Uint8Array([0x30, 0])), "It is not an X.509 certificate in DER."],
    ["no DER", new Uint8Array([1, 2, 3]), "It is not an X.509 certificate in DER."],
    ["a half", new Uint8Array(Buffer.from(RFC_9773.split("\n")[1] ?? "", "base64")), "It is not an X.509"],
  ])("is not %s", async (_, source, message) => {
    await expect(readCertificate(source)).rejects.toMatchObject({
      name: "CertificateError",
      message: expect.stringContaining(message),
    });
  });
});

describeWith(["openssl"], "A certificate by openssl", () => {
  let openssl: Openssl;
  let authority: Authority;

  beforeAll(() => {
    openssl = new Openssl();
    authority = makeAuthority(openssl);
  });
  afterAll(() => openssl[Symbol.dispose]());

  const field = (file: string, flag: string) =>
    openssl
      .run("x509", "-in", file, "-noout", flag)
      .trim()
      .replace(/^[^=]*=/, "");

  it("is read as openssl reads it", async () => {
    const facts = await readCertificate(authority.leaf);
    expect(facts).toMatchObject({
      serial: SERIAL.slice(2),
      notBefore: Date.parse(field("leaf.pem", "-startdate")),
      notAfter: Date.parse(field("leaf.pem", "-enddate")),
      subject: "CN=example.com",
      issuer: "O=Their own, CN=Their issuer",
      issuerCommonName: "Their issuer",
      isAuthority: false,
      publicKeyInfo: authority.publicKeyInfo,
    });
    expect(field("leaf.pem", "-serial").toLowerCase()).toBe(facts.serial);
    openssl.run("x509", "-in", "leaf.pem", "-outform", "DER", "-out", "leaf.der");
    expect(facts.der).toEqual(openssl.read("leaf.der"));
    expect(openssl.run("dgst", "-sha256", "leaf.der")).toContain(`= ${facts.fingerprint}`);
  });

  it("has its names and addresses in canonical form", async () => {
    const { identifiers } = await readCertificate(authority.leaf);
    expect(identifiers.map(({ value }) => value)).toEqual(NAMES);
    expect(identifiers.map(({ type }) => type)).toEqual(["dns", "dns", "dns", "ip", "ip"]);
  });

  it("has a renewal identifier of its issuer's key and of its serial with the zero in front", async () => {
    const keyIdentifier = openssl.run("x509", "-in", "intermediate.pem", "-noout", "-ext", "subjectKeyIdentifier");
    const bytes = Buffer.from(keyIdentifier.split("\n")[1]?.replace(/[^0-9A-F]/g, "") ?? "", "hex");
    const { renewalIdentifier } = await readCertificate(authority.leaf);
    expect(renewalIdentifier).toBe(
      `${bytes.toString("base64url")}.${Buffer.from(SERIAL, "hex").toString("base64url")}`,
    );
  });

  it("has no renewal identifier without its issuer's key identifier", async () => {
    const root = await readCertificate(authority.root);
    expect(root).toMatchObject({ isAuthority: true, subject: "C=DE, O=Their own, CN=Their root", identifiers: [] });
    expect(root.renewalIdentifier).toBeUndefined();
  });

  it("has other kinds of names passed over", async () => {
    const names =
      "subjectAltName=email:ada@example.com,URI:https://example.com/,DNS:Example.COM,dirName:dir,otherName:1.2.3;UTF8:x";
    const config = openssl.write(
      "config",
      `[req]\ndistinguished_name=dn\nx509_extensions=x\n[dn]\n[x]\n${names}\n[dir]\nCN=x\n`,
    );
    openssl.run("req", "-x509", "-key", "leaf.key", "-subj", "/CN=x", "-config", config, "-out", "many.pem");
    const { identifiers } = await readCertificate(openssl.text("many.pem"));
    expect(identifiers).toEqual([{ type: "dns", value: "example.com" }]);
  });

  it.each([
    ["an address of 5 bytes", "DER:30:07:87:05:01:02:03:04:05"],
    ["an address of no bytes", "DER:30:02:87:00"],
    ["something else", "DER:04:03:01:02:03"],
    ["no DER", "DER:ff:ff"],
    ["a time that is none", "DER:18:01:41"],
  ])("with %s as its names is refused", async (_, value) => {
    const flags = ["-subj", "/CN=x", "-addext", `2.5.29.17=${value}`, "-out", "odd.pem"];
    openssl.run("req", "-x509", "-key", "leaf.key", ...flags);
    await expect(readCertificate(openssl.text("odd.pem"))).rejects.toMatchObject({
      name: "CertificateError",
      message: "A field of the certificate cannot be read.",
    });
  });

  it("with bytes behind its end is refused", async () => {
    const { der } = await readCertificate(authority.leaf);
    await expect(readCertificate(new Uint8Array([...der, 0]))).rejects.toThrow(
      "It is not an X.509 certificate in DER.",
    );
  });

  it("of a serial of zero, and of one with the highest bit, has that serial", async () => {
    for (const [given, serial] of [
      ["0", "00"],
      ["0xff", "ff"],
      ["0x0100", "0100"],
    ]) {
      openssl.run(
        "req",
        "-x509",
        "-key",
        "leaf.key",
        "-subj",
        "/CN=x",
        "-set_serial",
        given ?? "",
        "-out",
        "serial.pem",
      );
      expect(await readCertificate(openssl.text("serial.pem"))).toMatchObject({ serial });
    }
  });
});
