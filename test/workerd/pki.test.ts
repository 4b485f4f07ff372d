/** Keys, requests, certificates and PKCS#12 files by workerd's own WebCrypto. */
import { fromBER } from "asn1js";
import { CertBag, type Certificate, PFX, type SafeBag, type SafeContents } from "pkijs";
import { beforeAll, describe, expect, it } from "vitest";
import { readCertificate } from "../../src/pki/certificate";
import { createCertificateRequest, readCertificateRequest } from "../../src/pki/certificate-request";
import { checkChain } from "../../src/pki/chain";
import { parseIdentifier } from "../../src/pki/identifiers";
import { createIntermediate, createRoot, type IssuerMaterial, issueCertificate } from "../../src/pki/issuing";
import { generatePrivateKey, type KeyType, keyTypes, readPrivateKey } from "../../src/pki/keys";
import { decodePem } from "../../src/pki/pem";
import { createPkcs12 } from "../../src/pki/pkcs12";
import { chains, requests } from "./made-by-openssl";

const DAY = 86_400_000;
const identifiers = ["example.com", "*.bücher.example", "192.0.2.7", "2001:db8::7"].map(parseIdentifier);
const validity = { notBefore: Date.now() - DAY, notAfter: Date.now() + 90 * DAY };

const keys = new Map<KeyType, string>();
const keyOf = (type: KeyType) => keys.get(type) ?? "";
let root: IssuerMaterial;
let intermediate: IssuerMaterial;

beforeAll(async () => {
  for (const type of keyTypes) keys.set(type, await generatePrivateKey(type));
  root = await createRoot({ ...validity, commonName: "Our root", keyType: "p384" });
  intermediate = await createIntermediate({ ...validity, root, commonName: "Our issuer", keyType: "p256" });
});

async function issue(type: KeyType) {
  const { publicKeyInfo } = await readPrivateKey(keyOf(type));
  const leaf = await issueCertificate({ ...validity, issuer: intermediate, publicKeyInfo, identifiers });
  return { publicKeyInfo, chainPem: leaf + intermediate.certificatePem + root.certificatePem };
}

describe.each(keyTypes)("In workerd a key of type %s", (type) => {
  it("is read as what it is, and its signatures are good by its public key", async () => {
    const { privateKey, publicKey, ...key } = await readPrivateKey(keyOf(type));
    expect(key.type).toBe(type);
    const message = new TextEncoder().encode("a message");
    const how = type.startsWith("rsa") ? { name: "RSASSA-PKCS1-v1_5" } : { name: "ECDSA", hash: "SHA-256" };
    const signature = await crypto.subtle.sign(how, privateKey, message);
    expect(await crypto.subtle.verify(how, publicKey, signature, message)).toBe(true);
  });

  it("signs a request that is read again", async () => {
    const der = await createCertificateRequest({ privateKeyPem: keyOf(type), identifiers, mustStaple: true });
    expect(await readCertificateRequest(der)).toMatchObject({ identifiers, keyType: type, mustStaple: true });
  });

  it("gets a certificate of our own that holds together with its chain", async () => {
    const { chainPem, publicKeyInfo } = await issue(type);
    const { chain } = await checkChain({ chainPem, identifiers, publicKeyInfo, now: Date.now() });
    expect(chain.map(({ isAuthority }) => isAuthority)).toEqual([false, true, true]);
  });
});

describe("A PKCS#12 file made in workerd", () => {
  it.each(["hunter2", "пароль", ""])("opens with its password %j alone", async (password) => {
    const { chainPem } = await issue("p256");
    const file = await createPkcs12({ privateKeyPem: keyOf("p256"), chainPem, password, friendlyName: "example.com" });
    expect(await certificatesIn(file, password)).toEqual(decodePem(chainPem).map(({ der }) => der));
    await expect(certificatesIn(file, `${password}x`)).rejects.toThrow();
  });
});

describe("workerd reads what openssl made:", () => {
  it.each(Object.entries(chains))("a chain by a key of %s, and tells another issuer's", async (kind, chainPem) => {
    const [leaf] = decodePem(chainPem);
    const names = ["example.com", "2001:db8::7"].map(parseIdentifier);
    const { publicKeyInfo } = await readCertificate(chainPem);
    const { chain } = await checkChain({ chainPem, identifiers: names, publicKeyInfo, now: Date.now() });
    expect(chain).toHaveLength(2);
    expect(chain[0]?.der).toEqual(leaf?.der);
    const impostor = Object.entries(chains)
      .find(([other]) => other !== kind)?.[1]
      .split(/(?=-----BEGIN)/)[1];
    const foreign = chainPem.split(/(?=-----BEGIN)/)[0] + (impostor ?? "");
    await expect(
      checkChain({ chainPem: foreign, identifiers: names, publicKeyInfo, now: Date.now() }),
    ).rejects.toMatchObject({ reason: "wrong_order" });
  });

  it.each([
    ["p256", "p256"],
    ["rsa", "rsa2048"],
    ["p521", undefined],
  ] as const)("a request of a key %s", async (kind, keyType) => {
    const [block] = decodePem(requests[kind]);
    expect(await readCertificateRequest(block?.der ?? new Uint8Array())).toMatchObject({
      identifiers: ["example.com", "*.example.com", "192.0.2.7"].map(parseIdentifier),
      commonName: "example.com",
      keyType,
      mustStaple: true,
    });
  });

  it("a request of a key whose signature it cannot check, and says so", async () => {
    const [block] = decodePem(requests.ed25519);
    await expect(readCertificateRequest(block?.der ?? new Uint8Array())).rejects.toThrow(
      "The signature of the request cannot be checked: the key has to be EC or RSA.",
    );
  });
});

/** The certificates in a PKCS#12 file, in DER. Throws for a wrong password. The key in it is openssl's, in test/pki. */
async function certificatesIn(file: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array[]> {
  const password = new Uint8Array(new TextEncoder().encode(text)).buffer;
  const pfx = new PFX({ schema: fromBER(file).result });
  await pfx.parseInternalValues({ password, checkIntegrity: true });
  const safe = pfx.parsedValue?.authenticatedSafe;
  await safe?.parseInternalValues({ safeContents: [{ password }, { password }] });
  const bags: SafeBag[] = safe?.parsedValue.safeContents.flatMap(
    ({ value }: { value: SafeContents }) => value.safeBags,
  );
  return bags.flatMap(({ bagValue }) =>
    bagValue instanceof CertBag ? [new Uint8Array((bagValue.parsedValue as Certificate).toSchema(true).toBER())] : [],
  );
}
