import { afterAll, beforeAll, expect, it } from "vitest";
import { readCertificate } from "../../src/pki/certificate";
import { requireTrusted } from "../../src/pki/trust";
import { describeWith } from "../support/tools";
import { Openssl } from "./openssl";
import { type Authority, makeAuthority } from "./openssl-authority";

const DAY = 86_400_000;

describeWith(["openssl"], "Trust in roots", () => {
  let openssl: Openssl;
  let authority: Authority;
  /** Of the same names, but with other keys. */
  let impostor: Authority;

  beforeAll(() => {
    openssl = new Openssl();
    impostor = makeAuthority(openssl, ["ec:P-256", "ec:P-256"]);
    authority = makeAuthority(openssl);
  });
  afterAll(() => openssl[Symbol.dispose]());

  const trusted = async (chain: string[], roots: string, now = Date.now()) =>
    requireTrusted(await Promise.all(chain.map((pem) => readCertificate(pem))), roots, now);
  const untrusted = { name: "ChainError", reason: "untrusted" };

  it("is given to a chain that ends at a root, with it, below it, or at what the root itself signed", async () => {
    const { leaf, intermediate, root, fromRoot } = authority;
    await trusted([leaf, intermediate, root], root);
    await trusted([leaf, intermediate], root);
    await trusted([fromRoot], root);
  });

  it("is given by any one of several roots", async () => {
    await trusted([authority.leaf, authority.intermediate], impostor.root + authority.root);
  });

  it("is given by an issuing certificate alone, where that is what is trusted", async () => {
    await trusted([authority.leaf, authority.intermediate], authority.intermediate);
    await trusted([authority.leaf], authority.intermediate);
  });

  it("is given to a chain that goes on behind the root's own key, to another authority", async () => {
    openssl.write("cross", "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\n");
    openssl.run("req", "-new", "-key", "root.key", "-subj", "/C=DE/O=Their own/CN=Their root", "-out", "request.pem");
    openssl.key("elder.key");
    openssl.run("req", "-x509", "-key", "elder.key", "-subj", "/CN=An elder root", "-days", "30", "-out", "elder.pem");
    const by = ["-CA", "elder.pem", "-CAkey", "elder.key", "-set_serial", "7", "-extfile", "cross", "-days", "30"];
    openssl.run("x509", "-req", "-in", "request.pem", ...by, "-out", "crossed.pem");
    const chain = [authority.leaf, authority.intermediate, openssl.text("crossed.pem")];
    await trusted(chain, authority.root);
    await trusted(chain, openssl.text("elder.pem"));
    await expect(trusted(chain, impostor.root)).rejects.toMatchObject(untrusted);
  });

  it("is not given for a root's name alone", async () => {
    await expect(trusted([authority.leaf, authority.intermediate], impostor.root)).rejects.toMatchObject({
      ...untrusted,
      message: 'The chain ends at "C=DE, O=Their own, CN=Their root", which is under none of the roots.',
    });
  });

  it("is not given through a certificate that may issue none", async () => {
    openssl.key("below.key");
    openssl.run("req", "-new", "-key", "below.key", "-subj", "/CN=below.example", "-out", "request.pem");
    const by = ["-CA", "leaf.pem", "-CAkey", "leaf.key", "-set_serial", "7", "-days", "30"];
    openssl.run("x509", "-req", "-in", "request.pem", ...by, "-out", "below.pem");
    const chain = [openssl.text("below.pem"), authority.leaf, authority.intermediate];
    await expect(trusted(chain, authority.root)).rejects.toMatchObject(untrusted);
  });

  it("is not given by a root that has ended, or through an issuing certificate that has", async () => {
    const later = Date.now() + 31 * DAY;
    await expect(trusted([authority.leaf, authority.intermediate], authority.root, later)).rejects.toMatchObject(
      untrusted,
    );
  });
});
