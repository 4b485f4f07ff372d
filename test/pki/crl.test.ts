/** Revocation lists that openssl made, read by us. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCertificate } from "../../src/pki/certificate";
import { RevocationListError, readRevocationList } from "../../src/pki/crl";
import { describeWith } from "../support/tools";
import { Openssl } from "./openssl";
import { type Authority, makeAuthority } from "./openssl-authority";
import { type List, makeList } from "./openssl-lists";

const REVOKED = Date.parse("2026-01-01T00:00:00Z");
const serialOf = (number: number) => (0x70000000 + number).toString(16).repeat(4);

describeWith(["openssl"], "a revocation list", () => {
  const openssl = new Openssl();
  let authority: Authority;

  beforeAll(() => {
    authority = makeAuthority(openssl);
  });
  afterAll(() => openssl[Symbol.dispose]());

  const read = (list: Partial<List> = {}) =>
    readRevocationList(makeList(openssl, { by: "intermediate", entries: [], ...list }));

  it("tells which serial numbers are revoked, when and why, and no others", () => {
    const entries = [
      { serial: "01" },
      { serial: "00f1e2d3c4b5a6".slice(2), reason: "keyCompromise" },
      { serial: "0c".repeat(16), reason: "superseded" },
      { serial: serialOf(5), reason: "cessationOfOperation" },
    ];
    const list = read({ entries });
    // Of one of them the last four bytes alone are the same.
    const asked = ["01", "f1e2d3c4b5a6", "0c".repeat(16), "dddd0c0c0c0c", "02", serialOf(6)];
    expect(list.find(asked)).toEqual([
      { serial: "01", revokedAt: REVOKED, reason: 0 },
      { serial: "f1e2d3c4b5a6", revokedAt: REVOKED, reason: 1 },
      { serial: "0c".repeat(16), revokedAt: REVOKED, reason: 4 },
    ]);
    expect(read().find(asked)).toEqual([]);
  });

  it("tells when it was made, and when the next one comes", () => {
    const list = read({ lastUpdate: "20260301120000Z", nextUpdate: "20260308120000Z" });
    expect(list).toMatchObject({
      thisUpdate: Date.parse("2026-03-01T12:00:00Z"),
      nextUpdate: Date.parse("2026-03-08T12:00:00Z"),
    });
    // After 2049 times are written otherwise.
    expect(read({ nextUpdate: "20510308120000Z" }).nextUpdate).toBe(Date.parse("2051-03-08T12:00:00Z"));
  });

  it.each([
    ["intermediate", "sha256"],
    ["intermediate", "sha512"],
    ["root", "sha256"],
    ["root", "sha384"],
  ])("by the %s, signed with %s, is known to be by it alone", async (by, digest) => {
    const list = read({ by, digest });
    const [signer, other] =
      by === "root" ? [authority.root, authority.intermediate] : [authority.intermediate, authority.root];
    expect(await list.isSignedBy(signer)).toBe(true);
    expect(await list.isSignedBy(other)).toBe(false);
  });

  it("by somebody of the same name is not by the one who is asked for", async () => {
    using stranger = new Openssl();
    makeAuthority(stranger);
    const list = readRevocationList(makeList(stranger, { by: "intermediate", entries: [{ serial: "01" }] }));
    expect(await list.isSignedBy(authority.intermediate)).toBe(false);
  });

  it("of which a byte was changed is by nobody", async () => {
    const der = makeList(openssl, { by: "intermediate", entries: [{ serial: "0102030405060708" }] });
    const at = Buffer.from(der).indexOf(Buffer.from("0102030405060708", "hex"));
    der[at + 7] = 9;
    const list = readRevocationList(der);
    expect(list.find(["0102030405060709"])).toHaveLength(1);
    expect(await list.isSignedBy(authority.intermediate)).toBe(false);
  });

  it("by a certificate that may sign no lists is not taken", async () => {
    openssl.write(
      "nolist",
      "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\nsubjectKeyIdentifier = hash\n",
    );
    openssl.key("nolist.key");
    const fields = ["-subj", "/CN=No lists", "-days", "30", "-out", "nolist.pem"];
    openssl.run("req", "-new", "-key", "nolist.key", "-subj", "/CN=No lists", "-out", "request.pem");
    openssl.run("x509", "-req", "-in", "request.pem", "-key", "nolist.key", "-extfile", "nolist", ...fields.slice(2));
    const list = read({ by: "nolist", entries: [{ serial: "01" }] });
    expect(await list.isSignedBy(openssl.text("nolist.pem"))).toBe(false);
  });

  it.each([
    [
      "only its own issuer's, by its distribution point",
      [
        "issuingDistributionPoint = critical, @point",
        "[point]",
        "fullname = URI:http://ca.example/1.crl",
        "onlyuser = TRUE",
      ],
    ],
    ["by whom, in an extension", ["authorityKeyIdentifier = keyid:always"]],
  ])("that says that it is %s is read", (_what, extensions) => {
    expect(read({ extensions, entries: [{ serial: "01" }] }).find(["01"])).toHaveLength(1);
  });

  it.each([
    [
      "is for several issuers",
      ["issuingDistributionPoint = critical, @point", "[point]", "indirectCRL = TRUE"],
      /several issuers/,
    ],
    ["is a list of changes", ["2.5.29.27 = critical, DER:020105"], /list of changes/],
    ["has a critical extension that nobody knows", ["1.2.3.4 = critical, DER:0500"], /critical extension/],
  ])("that %s is refused", (_what, extensions, why) => {
    expect(() => read({ extensions })).toThrow(RevocationListError);
    expect(() => read({ extensions })).toThrow(why);
  });

  it("of fifty thousand entries is read as well", async () => {
    const entries = Array.from({ length: 50_000 }, (_, number) => ({ serial: serialOf(number) }));
    const list = read({ entries });
    expect(list.find([serialOf(3), serialOf(49_999), serialOf(50_000)])).toMatchObject([
      { serial: serialOf(3) },
      { serial: serialOf(49_999) },
    ]);
    expect(await list.isSignedBy(authority.intermediate)).toBe(true);
  });

  it.each<[string, string[], string | undefined]>([
    ["over HTTP", ["crlDistributionPoints = URI:http://ca.example/1.crl"], "http://ca.example/1.crl"],
    [
      "over LDAP and HTTP",
      ["crlDistributionPoints = URI:ldap://ca.example/cn=list,URI:http://ca.example/2.crl"],
      "http://ca.example/2.crl",
    ],
    [
      "of some reasons only, and of all",
      [
        ...["crlDistributionPoints = some, all", "[some]", "fullname = URI:http://ca.example/some.crl"],
        ...["reasons = keyCompromise", "[all]", "fullname = URI:https://ca.example/all.crl"],
      ],
      "https://ca.example/all.crl",
    ],
    ["nowhere", ["basicConstraints = CA:FALSE"], undefined],
  ])("is named by a certificate: %s", async (_what, extensions, url) => {
    openssl.write("named", `${["[leaf]", ...extensions].join("\n")}\n`);
    openssl.run("req", "-new", "-key", "leaf.key", "-subj", "/CN=named", "-out", "request.pem");
    const by = ["-CA", "intermediate.pem", "-CAkey", "intermediate.key", "-set_serial", "7", "-days", "1"];
    const made = ["-extfile", "named", "-extensions", "leaf", "-out", "named.pem"];
    openssl.run("x509", "-req", "-in", "request.pem", ...by, ...made);
    expect((await readCertificate(openssl.text("named.pem"))).revocationListUrl).toBe(url);
  });

  it("that is none, that is cut off, or that goes on, is refused in one way only", () => {
    const der = makeList(openssl, {
      by: "intermediate",
      entries: [{ serial: "01", reason: "keyCompromise" }, { serial: "02" }],
    });
    for (const other of [
      new Uint8Array(),
      Uint8Array.from(Buffer.from("<html>not found</html>")),
      new Uint8Array([...der, 0]),
    ]) {
      expect(() => readRevocationList(other)).toThrow(RevocationListError);
    }
    for (let length = 0; length < der.length; length++) {
      expect(() => readRevocationList(der.slice(0, length))).toThrow(RevocationListError);
    }
    // Whatever single bit is another one: it is read, or refused, and never anything else.
    for (let at = 0; at < der.length * 8; at++) {
      const changed = der.slice();
      changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
      try {
        readRevocationList(changed).find(["01", "02", "0102"]);
      } catch (error) {
        expect(error).toBeInstanceOf(RevocationListError);
      }
    }
  });
});
