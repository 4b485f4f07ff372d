/** Every form in which a certificate can be taken away, read by openssl. */

import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, expect, it } from "vitest";
import { admin, certedge, request, uniqueName } from "../support/certedge";
import { describeWith } from "../support/tools";

const api = () => request(admin());

describeWith(["openssl"], "a certificate can be downloaded", () => {
  const domain = uniqueName("download");
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "certedge-download-"));
    const made = await api().post("/api/certificates/create?wait=60", { domain, san_domains: [`*.${domain}`] });
    expect(made.json.order).toMatchObject({ state: "valid" });
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function download(format: string, headers: Record<string, string> = {}) {
    const url = `${certedge().url}/api/certificates/${domain}/download?format=${format}`;
    const response = await fetch(url, { headers: { authorization: `Bearer ${admin().key}`, ...headers } });
    const content = new Uint8Array(await response.arrayBuffer());
    return { status: response.status, headers: response.headers, content, text: new TextDecoder().decode(content) };
  }

  const save = (name: string, content: string | Uint8Array) => {
    const file = join(folder, name);
    writeFileSync(file, content);
    return file;
  };

  const openssl = (...flags: string[]) => execFileSync("openssl", flags, { encoding: "utf8", stdio: "pipe" });
  const certificatesIn = (text: string) => text.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0;

  it("as a chain that verifies up to the CA's root", async () => {
    const { text: cert } = await download("cert");
    const { text: chain } = await download("chain");
    const root = save("root.pem", (await request().get("/ca/root.pem")).text);
    const verified = openssl("verify", "-CAfile", root, "-untrusted", save("chain.pem", chain), save("cert.pem", cert));
    expect(verified).toMatch(/OK/);
  });

  it("as certificate, chain and both, each as PEM", async () => {
    const { text: cert } = await download("cert");
    const { text: chain } = await download("chain");
    const { text: full } = await download("fullchain");
    expect([certificatesIn(cert), certificatesIn(chain) > 0]).toEqual([1, true]);
    expect(full).toBe(cert + chain);
    expect(full).not.toContain("PRIVATE KEY");
  });

  it("as the full chain where no form is asked for", async () => {
    const url = `/api/certificates/${domain}/download`;
    expect((await api().get(url)).text).toBe((await download("fullchain")).text);
  });

  it("with the key that belongs to it", async () => {
    const { text: key, headers } = await download("key");
    const leaf = new X509Certificate((await download("cert")).text);
    expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-disposition")).toBe(`attachment; filename="${domain}.privkey.pem"`);
  });

  it("as one PEM file with chain and key", async () => {
    expect((await download("pem")).text).toBe((await download("fullchain")).text + (await download("key")).text);
  });

  it("as DER", async () => {
    const der = save("cert.der", (await download("der")).content);
    expect(openssl("x509", "-inform", "DER", "-in", der, "-noout", "-ext", "subjectAltName")).toContain(`*.${domain}`);
  });

  it.each([
    ["with a password", "geheim ⚿ Wort"],
    ["without one", ""],
  ])("as PKCS#12 %s", async (_, password) => {
    const headers = password ? { "x-pkcs12-password": Buffer.from(password).toString("latin1") } : undefined;
    const file = save("bundle.p12", (await download("pkcs12", headers)).content);
    const out = openssl("pkcs12", "-in", file, "-nodes", "-passin", `pass:${password}`);
    expect(certificatesIn(out)).toBe(certificatesIn((await download("fullchain")).text));
    const key = /-----BEGIN PRIVATE KEY-----[\s\S]*-----END PRIVATE KEY-----/.exec(out)?.[0] ?? "";
    expect(new X509Certificate((await download("cert")).text).checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(() => openssl("pkcs12", "-in", file, "-nodes", "-passin", "pass:wrong")).toThrow();
  });

  it("as ZIP with all files", async () => {
    const files = unzipSync((await download("zip")).content);
    const texts = Object.fromEntries(
      Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]),
    );
    expect(texts).toEqual({
      "cert.pem": (await download("cert")).text,
      "chain.pem": (await download("chain")).text,
      "fullchain.pem": (await download("fullchain")).text,
      "privkey.pem": (await download("key")).text,
    });
  });

  it("as JSON", async () => {
    expect(JSON.parse((await download("json")).text)).toEqual({
      domain,
      cert_pem: (await download("cert")).text,
      chain_pem: (await download("chain")).text,
      fullchain_pem: (await download("fullchain")).text,
      private_key_pem: (await download("key")).text,
    });
  });

  it("in no other form: the answer has the known ones", async () => {
    const { status, text } = await download("jks");
    expect(status).toBe(422);
    expect(text).toMatch(/pkcs12/);
  });
});
