import { afterAll, beforeAll, expect, it } from "vitest";
import { createPkcs12 } from "../../src/pki/pkcs12";
import { describeWith } from "../support/tools";
import { Openssl } from "./openssl";
import { type Authority, makeAuthority } from "./openssl-authority";

describeWith(["openssl"], "A PKCS#12 file", () => {
  let openssl: Openssl;
  let authority: Authority;
  beforeAll(() => {
    openssl = new Openssl();
    authority = makeAuthority(openssl, ["ec:P-256", "ec:P-256"]);
  });
  afterAll(() => openssl[Symbol.dispose]());

  async function make(password: string, friendlyName = "example.com", key = "leaf.key") {
    const chainPem = authority.leaf + authority.intermediate + authority.root;
    const der = await createPkcs12({ privateKeyPem: openssl.text(key), chainPem, password, friendlyName });
    return openssl.write("made.p12", der);
  }

  const open = (password: string, ...flags: string[]) => {
    openssl.write("password", `${password}\n`);
    return openssl.try("pkcs12", "-in", "made.p12", "-passin", "file:password", "-nodes", ...flags);
  };

  /** The PEM blocks in what openssl said, without what it says about them. */
  const blocks = (text: string) => text.match(/-----BEGIN [A-Z ]+-----[^-]*-----END .*\n/g)?.join("");

  it.each(["hunter2", "with blanks, 'quotes' and $signs", "pässwört", "пароль", "密碼", "a".repeat(200)])(
    "opens with its password %s, and holds the same key and the same chain",
    async (password) => {
      await make(password);
      const { ok, said } = open(password);
      expect(ok && said).toContain("friendlyName: example.com");
      expect(blocks(open(password, "-nocerts").said)).toBe(openssl.text("leaf.key"));
      expect(blocks(open(password, "-nokeys", "-clcerts").said)).toBe(authority.leaf);
      expect(blocks(open(password, "-nokeys", "-cacerts").said)).toBe(authority.intermediate + authority.root);
    },
  );

  it("opens without a password where it was made without one", async () => {
    await make("");
    const { ok, said } = open("");
    expect(ok && blocks(said)).toContain(openssl.text("leaf.key"));
  });

  it.each(["", "hunter3", "HUNTER2", "hunter2 "])("does not open with another password: %j", async (password) => {
    await make("hunter2");
    expect(open(password)).toMatchObject({ ok: false, said: expect.stringContaining("invalid password") });
  });

  it("does not open after a change of one bit", async () => {
    const der = openssl.read(await make("hunter2"));
    der[200] = (der[200] ?? 0) ^ 1;
    openssl.write("made.p12", der);
    expect(open("hunter2").ok).toBe(false);
  });

  it("is sealed by what current systems read: PBES2 with AES-256, and a SHA-256 MAC", async () => {
    await make("hunter2");
    const { said } = open("hunter2", "-info", "-noout");
    expect(said).toMatch(/MAC: sha256, Iteration \d{5}/);
    expect(said).toMatch(/Shrouded Keybag: PBES2, PBKDF2, AES-256-CBC, Iteration \d{5}, PRF hmacWithSHA256/);
    expect(said).toMatch(/PKCS7 Encrypted data: PBES2, PBKDF2, AES-256-CBC, Iteration \d{5}, PRF hmacWithSHA256/);
  });

  it("ties the key to its certificate by the same id", async () => {
    await make("hunter2");
    const ids = open("hunter2").said.match(/localKeyID: [0-9A-F ]+/g);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it("holds an RSA key as well", async () => {
    openssl.key("rsa.key", "rsa:2048");
    await make("hunter2", "rsa", "rsa.key");
    expect(blocks(open("hunter2", "-nocerts").said)).toBe(openssl.text("rsa.key"));
  });

  it("is another one each time it is made", async () => {
    const first = openssl.read(await make("hunter2"));
    expect(openssl.read(await make("hunter2"))).not.toEqual(first);
  });
});
