import { afterAll, beforeAll, expect, it } from "vitest";
import { type ChainFault, checkChain } from "../../src/pki/chain";
import { parseIdentifier } from "../../src/pki/identifiers";
import { encodePem } from "../../src/pki/pem";
import { describeWith } from "../support/tools";
import { Openssl } from "./openssl";
import { type Authority, makeAuthority, NAMES } from "./openssl-authority";

const DAY = 86_400_000;
/** What `makeAuthority` gives everything: 30 days from now. */
const LIFETIME = 30 * DAY;

describeWith(["openssl"], "A chain", () => {
  let openssl: Openssl;
  let authority: Authority;
  /** Of the same names, but with other keys. */
  let other: Authority;

  beforeAll(() => {
    openssl = new Openssl();
    other = makeAuthority(openssl, ["ec:P-256", "ec:P-256"]);
    authority = makeAuthority(openssl);
  });
  afterAll(() => openssl[Symbol.dispose]());

  const check = (chainPem: string, changes: { names?: string[]; now?: number; publicKeyInfo?: Uint8Array } = {}) =>
    checkChain({
      chainPem,
      identifiers: (changes.names ?? NAMES).map(parseIdentifier),
      publicKeyInfo: changes.publicKeyInfo ?? authority.publicKeyInfo,
      now: changes.now ?? Date.now(),
    });

  const isRefused = async (checked: Promise<unknown>, reason: ChainFault, detail: string | RegExp) =>
    expect(checked).rejects.toMatchObject({
      name: "ChainError",
      reason,
      message: typeof detail === "string" ? detail : expect.stringMatching(detail),
    });

  const full = () => authority.leaf + authority.intermediate + authority.root;

  it("is taken with its root, without it, and as a leaf alone", async () => {
    for (const [length, pem] of [full(), authority.leaf + authority.intermediate, authority.leaf].entries()) {
      const { chain, chainPem, leaf } = await check(pem);
      expect(chain).toHaveLength(3 - length);
      expect(leaf.subject).toBe("CN=example.com");
      expect(chainPem).toBe(pem);
    }
  });

  it("is taken whatever the order and the case of the ordered names", async () => {
    await check(full(), { names: NAMES.toReversed().map((name) => name.toUpperCase()) });
  });

  it("is kept without the text and the other blocks around its certificates", async () => {
    const key = encodePem("EC PARAMETERS", new Uint8Array([5, 0]));
    const { chainPem } = await check(`a comment\r\n${full().replaceAll("\n", "\r\n")}${key}`);
    expect(chainPem).toBe(full());
  });

  it.each(["ec:P-521", "rsa-pss:2048", "ed25519"])("is taken by issuers with keys of %s", async (kind) => {
    const by = makeAuthority(openssl, [kind, kind]);
    const { publicKeyInfo } = by;
    await check(by.leaf + by.intermediate + by.root, { publicKeyInfo });
    const impostor = makeAuthority(openssl, [kind, kind]);
    await isRefused(check(by.leaf + impostor.intermediate, { publicKeyInfo }), "wrong_order", /is not signed by/);
  });

  it("for another key is refused", () =>
    isRefused(
      check(full(), { publicKeyInfo: other.publicKeyInfo }),
      "wrong_key",
      "The certificate is for another key than the one that was ordered for.",
    ));

  it("without an ordered name is refused", () =>
    isRefused(check(full(), { names: [...NAMES, "www.example.com"] }), "wrong_names", "It lacks www.example.com."));

  it("with a name that nobody ordered is refused", () =>
    isRefused(check(full(), { names: NAMES.slice(1) }), "wrong_names", "It has example.com, which nobody ordered."));

  it("with another address than the ordered one is refused", () =>
    isRefused(
      check(full(), { names: NAMES.with(3, "192.0.2.8") }),
      "wrong_names",
      "It lacks 192.0.2.8. It has 192.0.2.7, which nobody ordered.",
    ));

  it("that has ended is refused", () =>
    isRefused(check(full(), { now: Date.now() + LIFETIME + 1000 }), "expired", /^The certificate ended on 2.*Z\.$/));

  it("that begins later is refused, but for the minutes that a CA's clock may be ahead", async () => {
    await check(full(), { now: Date.now() - 4 * 60_000 });
    const checked = check(full(), { now: Date.now() - DAY });
    await isRefused(checked, "not_yet_valid", /^The certificate begins on 2.*Z\.$/);
  });

  it("in the wrong order is refused", () =>
    isRefused(
      check(authority.leaf + authority.root + authority.intermediate),
      "wrong_order",
      "The chain does not hold together: CN=example.com is not signed by C=DE, O=Their own, CN=Their root.",
    ));

  it("with the certificate of the same issuer twice is refused", () =>
    isRefused(check(authority.leaf + authority.intermediate + authority.intermediate), "wrong_order", /not hold/));

  it("with a gap is refused", () => isRefused(check(authority.leaf + authority.root), "wrong_order", /not hold/));

  it("that begins with the issuer is refused", () =>
    isRefused(check(authority.intermediate + authority.leaf), "wrong_key", /another key/));

  it("by an issuer of the same name, but with another key, is refused", () =>
    isRefused(check(authority.leaf + other.intermediate), "wrong_order", /not hold/));

  it("by an issuer of the same key, but with another name, is refused", () => {
    openssl.run("req", "-x509", "-key", "intermediate.key", "-subj", "/CN=Somebody", "-days", "9", "-out", "named.pem");
    return isRefused(check(authority.leaf + openssl.text("named.pem")), "wrong_order", /is not signed by CN=Somebody/);
  });

  it("whose leaf was changed after it was signed is refused", () => {
    const der = Buffer.from(authority.leaf.replace(/-----.*-----|\n/g, ""), "base64");
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    return isRefused(check(encodePem("CERTIFICATE", der) + authority.intermediate), "wrong_order", /not hold/);
  });

  it("of more than ten certificates is refused before any is read", () =>
    isRefused(
      check(encodePem("CERTIFICATE", new Uint8Array([0])).repeat(11)),
      "too_long",
      "The chain has 11 certificates.",
    ));

  it.each([
    ["that is empty", () => "", "There is no certificate in the answer."],
    ["that is a page", () => "<html>404</html>", "There is no certificate in the answer."],
    ["of other blocks", () => encodePem("X509 CRL", new Uint8Array([5, 0])), "There is no certificate in the answer."],
    ["with no base64", () => full().replace(/\nMII/, "\n*II"), "The CERTIFICATE block is not base64."],
    [
      "with a certificate that is none",
      () => authority.leaf + encodePem("CERTIFICATE", new Uint8Array([5, 0])),
      /not an X/,
    ],
    ["that is cut off", () => full().slice(0, -100), /a block that is cut off/],
    ["that is too large", () => full() + " ".repeat(1_048_576), "The PEM text is larger than 1 MiB."],
    ["with bytes behind its leaf", () => withJunk(authority.leaf) + authority.intermediate, /not an X/],
    ["with bytes behind its issuer", () => authority.leaf + withJunk(authority.intermediate), /not an X/],
  ] as [string, () => string, string | RegExp][])("%s is refused", (_, pem, detail) =>
    isRefused(check(pem()), "unreadable", detail),
  );
});

const withJunk = (pem: string) =>
  encodePem(
    "CERTIFICATE",
    Buffer.concat([Buffer.from(pem.replace(/-----.*-----|\n/g, ""), "base64"), Buffer.from("x")]),
  );
