/** The CA's own certificates over the years: revocation lists, rotation, an issuer of the operator's own, as OpenSSL sees them. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createBuiltinCa } from "../../src/builtin-ca/service";
import { type BuiltinCaVariables, readSettings } from "../../src/builtin-ca/settings";
import { readCertificate } from "../../src/pki/certificate";
import { createIntermediate, createRoot, issueCertificate } from "../../src/pki/issuing";
import { readPrivateKey } from "../../src/pki/keys";
import { encodePem } from "../../src/pki/pem";
import { acmeCertificates, builtinIssuers, installation } from "../../src/storage/schema";
import { createSealer } from "../../src/storage/sealing";
import { describeWith } from "../support/tools";
import { type LocalDatabase, localDatabase } from "../zones/local-database";
import { account, obtain, txt } from "./obtaining";

const DAY = 86_400_000;
let local: LocalDatabase;
let folder: string;
/** How far the CA's clock is ahead of ours. */
let ahead = 0;

beforeAll(async () => {
  local = await localDatabase();
  folder = mkdtempSync(join(tmpdir(), "certedge-test-"));
});
afterAll(async () => {
  await local.close();
  rmSync(folder, { recursive: true });
});

const builtinCa = (variables: Partial<BuiltinCaVariables> = {}) =>
  createBuiltinCa({
    database: local.database,
    sealer: createSealer(`k1:${Buffer.alloc(32, 7).toString("base64")}`),
    resolveTxt: async (name) => txt.get(name) ?? [],
    httpFetch: fetch,
    nonceSecret: "a secret of the test",
    settings: () =>
      readSettings({
        BUILTIN_CA_NAME: "Test",
        BUILTIN_CA_KEY_TYPE: "",
        BUILTIN_CA_DAYS: "90",
        BUILTIN_CA_PERMITTED: "",
        PUBLIC_URL: "https://ca.test:8443",
        ...variables,
      }),
    now: () => Date.now() + ahead,
  });

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const openssl = (input: string, ...words: string[]) =>
  execFileSync("openssl", [...words, "-noout", "-text"], { encoding: "utf8", input });
const listPem = (der: Uint8Array) => encodePem("X509 CRL", der);

/** What `openssl verify` says of a leaf, with the lists of its issuer and of the root. */
async function verify(ca: ReturnType<typeof builtinCa>, chainPem: string): Promise<string> {
  const [leaf = "", ...rest] = chainPem.split(/(?<=-----END CERTIFICATE-----\n)/);
  const own = await ca.revocationList(await issuerOf(chainPem));
  const { stdout, stderr } = spawnSync("openssl", [
    ...["verify", "-crl_check_all", "-x509_strict"],
    ...["-CAfile", file("root.pem", await ca.rootPem()), "-untrusted", file("chain.pem", rest.join(""))],
    ...["-CRLfile", file("lists.pem", listPem(await ca.revocationList("root")) + listPem(own))],
    file("leaf.pem", leaf),
  ]);
  return `${stdout}${stderr}`;
}

async function issuerOf(chainPem: string): Promise<string> {
  const { serial } = await readCertificate(chainPem);
  const row = (await local.database.select().from(acmeCertificates)).find((one) => one.serial === serial);
  return row?.issuerId ?? "";
}

describeWith(["openssl"], "The built-in CA's own certificates", () => {
  it("list what they have revoked, until it has ended", async () => {
    const ca = builtinCa();
    const ann = await account(ca);
    const [good, bad] = [await obtain(ann, ["good.example.com"]), await obtain(ann, ["bad.example.com"])];
    expect(await verify(builtinCa(), bad.chainPem)).toContain("leaf.pem: OK");
    await ann.client.revoke({ certificate: bad.chain[0]?.der ?? new Uint8Array(), reason: 4 });
    expect(await verify(ca, good.chainPem)).toContain("leaf.pem: OK");
    expect(await verify(ca, bad.chainPem)).toContain("certificate revoked");
    const id = await issuerOf(bad.chainPem);
    const words = openssl(listPem(await ca.revocationList(id)), "crl");
    expect(words).toMatch(/CRL Reason Code: *\n *Superseded/);
    expect(words.toLowerCase()).toContain(bad.leaf.serial);
    ahead = 91 * DAY;
    expect(openssl(listPem(await ca.revocationList(id)), "crl")).toContain("No Revoked Certificates.");
    ahead = 0;
  });

  it("are followed by the next ones, and what they signed stays good", async () => {
    const ca = builtinCa();
    const ann = await account(ca);
    const before = await obtain(ann, ["before.example.com"]);
    const made = await ca.rotate();
    const after = await obtain(ann, ["after.example.com"]);
    expect(await issuerOf(after.chainPem)).toBe(made.id);
    expect(await issuerOf(before.chainPem)).not.toBe(made.id);
    for (const { chainPem } of [before, after]) expect(await verify(builtinCa(), chainPem)).toContain("leaf.pem: OK");
    await ann.client.revoke({ certificate: before.chain[0]?.der ?? new Uint8Array(), reason: 0 });
    expect(await verify(ca, before.chainPem)).toContain("certificate revoked");
    expect(await verify(ca, after.chainPem)).toContain("leaf.pem: OK");
  });

  it("are followed by others a year before they end, by one however many look at once", async () => {
    const count = async () => (await local.database.select().from(builtinIssuers)).length;
    const there = await count();
    await builtinCa().tidy();
    expect(await count()).toBe(there);
    ahead = 9.5 * 365 * DAY;
    await Promise.all([builtinCa().tidy(), builtinCa().tidy(), builtinCa().tidy()]);
    expect(await count()).toBe(there + 1);
    ahead = 0;
  });

  it("may be brought along, with the chain to their root", async () => {
    const validity = { notBefore: Date.now() - DAY, notAfter: Date.now() + 1000 * DAY };
    const root = await createRoot({ ...validity, commonName: "Company root", keyType: "p384" });
    const issuing = await createIntermediate({ ...validity, root, commonName: "Company servers", keyType: "p256" });
    const ca = builtinCa();
    await ca.importIssuer(issuing.certificatePem + root.certificatePem, issuing.privateKeyPem);
    const { chainPem, leaf } = await obtain(await account(ca), ["company.example.com"]);
    expect(leaf.issuer).toBe("CN=Company servers");
    expect(await ca.rootPem()).toBe(root.certificatePem);
    const trusted = ["-CAfile", file("root.pem", root.certificatePem)];
    const between = ["-untrusted", file("between.pem", issuing.certificatePem)];
    const { stdout } = spawnSync("openssl", ["verify", ...trusted, ...between, file("leaf.pem", chainPem)]);
    expect(String(stdout)).toContain("leaf.pem: OK");
    await expect(ca.rotate()).rejects.toMatchObject({ status: 409 });
  });

  it("are not taken where key and chain do not go together", async () => {
    const validity = { notBefore: Date.now() - DAY, notAfter: Date.now() + 1000 * DAY };
    const root = await createRoot({ ...validity, commonName: "R", keyType: "p256" });
    const issuing = await createIntermediate({ ...validity, root, commonName: "I", keyType: "p256" });
    const { publicKeyInfo } = await readPrivateKey(issuing.privateKeyPem);
    const identifiers = [{ type: "dns" as const, value: "a.example.com" }];
    const leaf = await issueCertificate({ ...validity, issuer: issuing, publicKeyInfo, identifiers });
    const [top, middle, key] = [root.certificatePem, issuing.certificatePem, issuing.privateKeyPem];
    const cases: [string, string, string, RegExp][] = [
      [middle, key, "/chain_pem", /root last/],
      [top + middle, root.privateKeyPem, "/chain_pem", /no root/],
      [middle + top, root.privateKeyPem, "/chain_pem", /another key/],
      [leaf + middle + top, key, "/chain_pem", /not the certificate of an authority/],
      ["nothing", key, "/chain_pem", /root last/],
      [middle + top, "nothing", "/private_key_pem", /PKCS#8/],
    ];
    const ca = builtinCa();
    for (const [chain, privateKey, pointer, detail] of cases) {
      await expect(ca.importIssuer(chain, privateKey), String(detail)).rejects.toMatchObject({
        status: 422,
        options: { errors: [{ pointer, detail: expect.stringMatching(detail) }] },
      });
    }
  });

  it("bind those that are made to the names that the settings permit", async () => {
    await local.database.delete(builtinIssuers);
    await local.database.delete(installation);
    const ca = builtinCa({ BUILTIN_CA_PERMITTED: "home.arpa, 10.0.0.0/8", BUILTIN_CA_KEY_TYPE: "p256" });
    const ann = await account(ca);
    expect(await verify(ca, (await obtain(ann, ["nas.home.arpa"])).chainPem)).toContain("leaf.pem: OK");
    const outside = await obtain(ann, ["nas.example.com"]);
    expect(await verify(ca, outside.chainPem)).toContain("permitted subtree violation");
    const root = openssl(await ca.rootPem(), "x509");
    expect(root).toContain("Test root");
    expect(root).toContain("NIST CURVE: P-256");
  });

  it("are named, with their lists, in each certificate that they sign, by plain HTTP", async () => {
    const ca = builtinCa();
    const { chainPem } = await obtain(await account(ca), ["pointers.example.com"]);
    const words = openssl(chainPem, "x509");
    const id = await issuerOf(chainPem);
    expect(words).toContain(`URI:http://ca.test:8443/ca/${id}.crl`);
    expect(words).toContain(`CA Issuers - URI:http://ca.test:8443/ca/${id}.crt`);
    expect(chainPem).toContain(encodePem("CERTIFICATE", await ca.certificate(id)));
    expect(encodePem("CERTIFICATE", await ca.certificate("root"))).toBe(await ca.rootPem());
    await expect(ca.revocationList("nobody")).rejects.toMatchObject({ status: 404 });
  });

  it("are not made by settings that cannot be, which are named", () => {
    for (const [variables, words] of [
      [{ BUILTIN_CA_KEY_TYPE: "rsa" }, "BUILTIN_CA_KEY_TYPE"],
      [{ BUILTIN_CA_PERMITTED: "*.home.arpa" }, "BUILTIN_CA_PERMITTED"],
      [{ BUILTIN_CA_PERMITTED: "10.0.0.0/33" }, "BUILTIN_CA_PERMITTED"],
      [{ BUILTIN_CA_PERMITTED: "a.example/8" }, "BUILTIN_CA_PERMITTED"],
    ] as const) {
      const empty = { BUILTIN_CA_NAME: "", BUILTIN_CA_KEY_TYPE: "", BUILTIN_CA_DAYS: "", BUILTIN_CA_PERMITTED: "" };
      expect(() => readSettings({ ...empty, PUBLIC_URL: "", ...variables })).toThrow(words);
    }
  });
});
