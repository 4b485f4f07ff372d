import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCertificate } from "../../src/pki/certificate";
import { checkChain } from "../../src/pki/chain";
import { parseIdentifier } from "../../src/pki/identifiers";
import { createIntermediate, createRoot, type IssuerMaterial, issueCertificate } from "../../src/pki/issuing";
import { generatePrivateKey, readPrivateKey } from "../../src/pki/keys";
import { describeWith } from "../support/tools";
import { Openssl } from "./openssl";
import { isSignedBy } from "./second-webcrypto";

const DAY = 86_400_000;
const now = Date.now();
const validity = (days: number) => ({ notBefore: now - DAY, notAfter: now + days * DAY });

const identifiers = ["example.com", "*.example.com", "192.0.2.7", "2001:db8::7"].map(parseIdentifier);
const keys = new Map<string, Uint8Array<ArrayBuffer>>();
let root: IssuerMaterial;
let intermediate: IssuerMaterial;

beforeAll(async () => {
  root = await createRoot({ ...validity(3650), commonName: "Our root, with ümlauts", keyType: "p384" });
  intermediate = await createIntermediate({ ...validity(1825), root, commonName: "Our issuer", keyType: "p256" });
  for (const type of ["p256", "rsa2048"] as const) {
    keys.set(type, (await readPrivateKey(await generatePrivateKey(type))).publicKeyInfo);
  }
});

const issue = (changes: Partial<Parameters<typeof issueCertificate>[0]> = {}) =>
  issueCertificate({
    ...validity(90),
    issuer: intermediate,
    publicKeyInfo: keys.get("p256") ?? new Uint8Array(),
    identifiers,
    ...changes,
  });

describe("Certificates of our own", () => {
  it("form a chain that we would take from others", async () => {
    const chainPem = (await issue()) + intermediate.certificatePem + root.certificatePem;
    const publicKeyInfo = keys.get("p256") ?? new Uint8Array();
    const { chain } = await checkChain({ chainPem, identifiers, publicKeyInfo, now });
    expect(chain.map(({ subject, issuer }) => [subject, issuer])).toEqual([
      ["", "CN=Our issuer"],
      ["CN=Our issuer", "CN=Our root, with ümlauts"],
      ["CN=Our root, with ümlauts", "CN=Our root, with ümlauts"],
    ]);
    expect(chain.map(({ isAuthority }) => isAuthority)).toEqual([false, true, true]);
  });

  it("are signed for another WebCrypto as well", async () => {
    const [leaf, middle, top] = await Promise.all(
      [await issue(), intermediate.certificatePem, root.certificatePem].map(readCertificate),
    );
    if (!leaf || !middle || !top) throw new Error("unreachable");
    expect(await isSignedBy(leaf.der, middle.publicKeyInfo, "P-256")).toBe(true);
    expect(await isSignedBy(middle.der, top.publicKeyInfo, "P-384")).toBe(true);
    expect(await isSignedBy(top.der, top.publicKeyInfo, "P-384")).toBe(true);
  });

  it("have the dates that were wanted, to the second", async () => {
    const notBefore = Date.UTC(2026, 0, 2, 3, 4, 5);
    for (const notAfter of [Date.UTC(2049, 11, 31, 23, 59, 59), Date.UTC(2050, 0, 1), Date.UTC(2060, 5, 6, 7, 8, 9)]) {
      const pem = await issue({ notBefore: notBefore + 999, notAfter: notAfter + 1 });
      expect(await readCertificate(pem)).toMatchObject({ notBefore, notAfter });
    }
  });

  it("have serials of one length that never come again, positive and within 20 bytes (RFC 5280 §4.1.2.2)", async () => {
    const serials = await Promise.all(
      Array.from({ length: 20 }, async () => (await readCertificate(await issue())).serial),
    );
    expect(new Set(serials).size).toBe(20);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{33}$/);
  });
});

describeWith(["openssl"], "openssl", () => {
  let openssl: Openssl;
  beforeAll(() => {
    openssl = new Openssl();
    openssl.write("root.pem", root.certificatePem);
    openssl.write("intermediate.pem", intermediate.certificatePem);
  });
  afterAll(() => openssl[Symbol.dispose]());

  const verify = (...more: string[]) =>
    openssl.try("verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "root.pem", ...more, "leaf.pem");
  const under = ["-untrusted", "intermediate.pem"];

  it.each(["p256", "rsa2048"])("verifies our certificate for a key %s by the strict rules", async (type) => {
    openssl.write("leaf.pem", await issue({ publicKeyInfo: keys.get(type) ?? new Uint8Array() }));
    for (const host of ["example.com", "www.example.com"]) {
      expect(verify(...under, "-verify_hostname", host)).toMatchObject({ ok: true });
    }
    for (const address of ["192.0.2.7", "2001:db8::7"]) {
      expect(verify(...under, "-verify_ip", address)).toMatchObject({ ok: true });
    }
    expect(verify(...under, "-verify_hostname", "a.www.example.com").ok).toBe(false);
    expect(verify().said).toContain("unable to get local issuer certificate");
  });

  it("sees the extensions of a certificate for a server, and no more", async () => {
    openssl.write("leaf.pem", await issue({ mustStaple: true }));
    expect(extensionsOf("leaf.pem")).toEqual({
      "Basic Constraints: critical": "CA:FALSE",
      "Key Usage: critical": "Digital Signature",
      "Extended Key Usage": "TLS Web Server Authentication",
      "Subject Alternative Name: critical":
        "DNS:example.com, DNS:*.example.com, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7",
      "Subject Key Identifier": expect.stringMatching(/^([0-9A-F]{2}:){19}[0-9A-F]{2}$/),
      "Authority Key Identifier": extensionsOf("intermediate.pem")["Subject Key Identifier"],
      "TLS Feature": "status_request",
    });
    expect(openssl.run("x509", "-in", "leaf.pem", "-noout", "-subject")).toMatch(/^subject= *\n$/);
  });

  it("sees must-staple only where it is wanted, and key encipherment only for RSA (RFC 8422 §5.2)", async () => {
    openssl.write("leaf.pem", await issue({ publicKeyInfo: keys.get("rsa2048") ?? new Uint8Array() }));
    const extensions = extensionsOf("leaf.pem");
    expect(extensions).not.toHaveProperty("TLS Feature");
    expect(extensions["Key Usage: critical"]).toBe("Digital Signature, Key Encipherment");
  });

  it("sees authorities that sign certificates, the issuing one without any below it", () => {
    const usage = { "Key Usage: critical": "Certificate Sign, CRL Sign" };
    const top = extensionsOf("root.pem");
    expect(top).toEqual({
      ...usage,
      "Basic Constraints: critical": "CA:TRUE",
      "Subject Key Identifier": expect.any(String),
    });
    expect(extensionsOf("intermediate.pem")).toEqual({
      ...usage,
      "Basic Constraints: critical": "CA:TRUE, pathlen:0",
      "Subject Key Identifier": expect.any(String),
      "Authority Key Identifier": top["Subject Key Identifier"],
    });
  });

  it("refuses what an authority below the issuing one signs", async () => {
    const below = await createIntermediate({
      ...validity(90),
      root: intermediate,
      commonName: "Below",
      keyType: "p256",
    });
    openssl.write("leaf.pem", await issue({ issuer: below }));
    openssl.write("both.pem", below.certificatePem + intermediate.certificatePem);
    expect(verify("-untrusted", "both.pem").said).toContain("path length constraint exceeded");
  });

  it("sees UTCTime to 2049 and GeneralizedTime from then on (RFC 5280 §4.1.2.5)", async () => {
    openssl.write("leaf.pem", await issue({ notAfter: Date.UTC(2050, 0, 1) }));
    const structure = openssl.run("asn1parse", "-in", "leaf.pem");
    expect(structure.match(/(UTCTIME|GENERALIZEDTIME) *:\d+Z/g)).toEqual([
      expect.stringMatching(/^UTCTIME/),
      "GENERALIZEDTIME   :20500101000000Z",
    ]);
  });

  it("sees an empty subject without an empty name in it (RFC 5280 §4.1.2.4)", async () => {
    openssl.write("leaf.pem", await issue());
    expect(openssl.run("asn1parse", "-in", "leaf.pem")).toMatch(/d=2 +hl=2 l= +0 cons: SEQUENCE/);
    expect(openssl.run("asn1parse", "-in", "leaf.pem")).not.toMatch(/l= +0 cons: SET/);
  });

  /** Its extensions by title, as openssl prints them. */
  function extensionsOf(file: string): Record<string, string> {
    const text = openssl.run("x509", "-in", file, "-noout", "-text", "-certopt", "no_header,no_sigdump");
    const [, extensions = ""] = text.split("X509v3 extensions:\n");
    const found = extensions.matchAll(/^ {12}(?:X509v3 )?(\S.*?):? *\n {16}(.*?) *$/gm);
    return Object.fromEntries(Array.from(found, ([, title = "", value = ""]) => [title, value]));
  }
});
