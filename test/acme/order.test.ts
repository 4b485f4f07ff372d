import { beforeAll, describe, expect, it } from "vitest";
import { AcmeProblem } from "../../src/acme/errors";
import { createIntermediate, createRoot, issueCertificate } from "../../src/pki/issuing";
import { generatePrivateKey, readPrivateKey } from "../../src/pki/keys";
import { NOW, names, registeredClient, runOrder } from "./client";
import { BASE, json, problem, scriptedCa } from "./scripted-ca";

/** A chain, leaf first and without the root, that ends below a root of that name. */
async function chainBelow(commonName: string): Promise<string> {
  const times = { notBefore: NOW, notAfter: NOW + 86_400_000 };
  const root = await createRoot({ commonName, keyType: "p256", ...times });
  const issuer = await createIntermediate({ root, commonName: "Same Issuer", keyType: "p256", ...times });
  const { publicKeyInfo } = await readPrivateKey(await generatePrivateKey("p256"));
  return (await issueCertificate({ issuer, publicKeyInfo, identifiers: names(1), ...times })) + issuer.certificatePem;
}

let chains: string[];

beforeAll(async () => {
  chains = await Promise.all(["Root One", "Root Two", "Root Three"].map(chainBelow));
});

describe("A warm order", () => {
  it.each([1, 10, 100])("of %i names sends 2N+4 requests, none of them for a nonce or the directory", async (count) => {
    const ca = scriptedCa({ chains });
    const client = await registeredClient(ca);
    await runOrder(client, count);
    ca.seen.length = 0;
    const { order, chain } = await runOrder(client, count);
    expect(order.status).toBe("valid");
    expect(chain).toBe(chains[0]);
    expect(ca.seen).toHaveLength(2 * count + 4);
    expect(ca.lines().filter((line) => /new-nonce|directory/.test(line))).toEqual([]);
  });

  it("waits for six answers in turn, be it of one name or of a hundred", async () => {
    for (const count of [1, 100]) {
      const ca = scriptedCa({ chains });
      const client = await registeredClient(ca);
      await runOrder(client, count);
      expect(await ca.rounds(() => runOrder(client, count))).toBe(6);
    }
  });

  it("waits once more where the nonces have to be fetched", async () => {
    const ca = scriptedCa({ chains });
    const client = await registeredClient(ca);
    expect(await ca.rounds(() => runOrder(client, 100))).toBe(7);
  });
});

describe("A new order", () => {
  const input = { identifiers: names(1), profile: "shortlived", replaces: "a.b" };

  async function payloadFor(directory: object): Promise<unknown> {
    const ca = scriptedCa({ directory });
    await (await registeredClient(ca)).newOrder(input);
    return ca.seen.at(-1)?.jws?.payload;
  }

  it("names a profile only to a CA that has profiles", async () => {
    expect(await payloadFor({ meta: { profiles: { shortlived: "six days" } } })).toEqual({
      identifiers: names(1),
      profile: "shortlived",
    });
  });

  it("says what it replaces only to a CA that has renewal information", async () => {
    expect(await payloadFor({ renewalInfo: `${BASE}/renewal-info` })).toEqual({
      identifiers: names(1),
      replaces: "a.b",
    });
  });

  it("is of identifiers alone to any other CA", async () => {
    expect(await payloadFor({ meta: {} })).toEqual({ identifiers: names(1) });
  });

  it("is placed without `replaces` when another order has replaced that certificate already", async () => {
    const ca = scriptedCa({ directory: { renewalInfo: `${BASE}/renewal-info` } });
    const client = await registeredClient(ca);
    ca.script("/new-order", problem("alreadyReplaced", 409));
    expect((await client.newOrder(input)).status).toBe("pending");
    expect(ca.seen.at(-1)?.jws?.payload).toEqual({ identifiers: names(1) });
  });

  it("keeps the CA's order of identifiers, and knows a wildcard's authorization", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    const identifiers = [
      { type: "dns" as const, value: "*.example.com" },
      { type: "ip" as const, value: "192.0.2.1" },
    ];
    const order = await client.newOrder({ identifiers });
    expect(order).toMatchObject({ url: `${BASE}/order`, identifiers });
    const found = await client.authorizations(order.authorizations);
    expect(found.map(({ identifier, wildcard }) => [identifier.value, wildcard])).toEqual([
      ["example.com", true],
      ["192.0.2.1", false],
    ]);
  });

  it("may lead to challenges of kinds that nobody here knows", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    const challenges = [
      { type: "dns-persist-01", url: `${BASE}/challenge/9`, status: "pending", "issuer-domain-names": ["ca.test"] },
      { type: "quantum-01", url: `${BASE}/challenge/8`, status: "pending", state: null },
    ];
    const identifier = { type: "dns", value: "n0.example.com" };
    ca.script("/authorization/0", json({ status: "pending", identifier, challenges }));
    const authorization = await client.authorization(`${BASE}/authorization/0`);
    expect(authorization.challenges.map(({ type }) => type)).toEqual(["dns-persist-01", "quantum-01"]);
  });

  it("that failed says why, in the CA's words", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    const { url, finalize } = await client.newOrder({ identifiers: names(1) });
    const error = { type: "urn:ietf:params:acme:error:unauthorized", detail: "wrong TXT", status: 403 };
    ca.script("/order", json({ status: "invalid", identifiers: names(1), authorizations: [], finalize, error }));
    expect(await client.order(url)).toMatchObject({ status: "invalid", error: { detail: "wrong TXT" } });
  });
});

describe("Giving up an authorization", () => {
  it("deactivates it", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    await client.newOrder({ identifiers: names(1) });
    await client.deactivateAuthorization(`${BASE}/authorization/0`);
    expect(ca.seen.at(-1)?.jws?.payload).toEqual({ status: "deactivated" });
  });
});

describe("Finalizing", () => {
  it("sends the request in base64url, and reads the order's address where it is given", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    await client.newOrder({ identifiers: names(1) });
    const finalized = await client.finalize(`${BASE}/finalize`, new Uint8Array([0xfb, 0xff, 0xfe]));
    expect(ca.seen.at(-1)?.jws?.payload).toEqual({ csr: "-__-" });
    expect(finalized.url).toBe(`${BASE}/order`);
  });

  it("gives the CA's reason when it refuses", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    ca.script("/finalize", problem("badCSR"));
    await expect(client.finalize(`${BASE}/finalize`, new Uint8Array())).rejects.toMatchObject({ type: "badCSR" });
  });
});

describe("A certificate", () => {
  const at = `${BASE}/certificate/0`;

  it.each(["Root One", "Root Two", "Root Three"])(
    "comes with the chain that ends below %s when that is preferred",
    async (root) => {
      const client = await registeredClient(scriptedCa({ chains }));
      const expected = chains[["Root One", "Root Two", "Root Three"].indexOf(root)];
      expect(await client.certificate(at, { preferredChain: root })).toBe(expected);
    },
  );

  it("comes with the CA's own chain when there is no such alternate, and asks for none without a preference", async () => {
    const ca = scriptedCa({ chains });
    const client = await registeredClient(ca);
    expect(await client.certificate(at, { preferredChain: "Root Nine" })).toBe(chains[0]);
    ca.seen.length = 0;
    expect(await client.certificate(at)).toBe(chains[0]);
    expect(ca.seen).toHaveLength(1);
  });

  it("is not lost because an alternate cannot be had", async () => {
    const ca = scriptedCa({ chains });
    const client = await registeredClient(ca);
    ca.script("/certificate/1", problem("malformed", 404));
    expect(await client.certificate(at, { preferredChain: "Root Three" })).toBe(chains[2]);
    ca.script("/certificate/1", new Response("<h1>Oops</h1>", { status: 500 }));
    expect(await client.certificate(at, { preferredChain: "Root Two" })).toBe(chains[0]);
  });

  it.each([
    ["HTML", new Response("<h1>Hi</h1>", { headers: { "content-type": "text/html" } })],
    ["no PEM", new Response("hello", { headers: { "content-type": "application/pem-certificate-chain" } })],
  ])("is not taken from an answer with %s", async (_, answer) => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    ca.script("/certificate/0", answer);
    await expect(client.certificate(at)).rejects.toMatchObject({ name: "AcmeGarbage" });
  });
});

describe("The list of orders", () => {
  it("is read over all its pages", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    const pages = [["/order/1", "/order/2"], ["/order/3"]].map((page) => page.map((path) => BASE + path));
    const next = { link: `<${BASE}/directory>;rel="index", </orders?cursor=2>; title="more, please"; rel="next"` };
    ca.script("/orders", json({ orders: pages[0] }, next), json({ orders: pages[1] }));
    expect(await client.orders(`${BASE}/orders`)).toEqual(pages.flat());
  });

  it("ends, even where the CA's pages do not", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    const page = () => json({ orders: [`${BASE}/order`] }, { link: `<${BASE}/orders>;rel="next"` });
    ca.script("/orders", ...Array.from({ length: 100 }, () => page));
    expect((await client.orders(`${BASE}/orders`)).length).toBeLessThanOrEqual(20);
  });

  it("is refused when there is none", async () => {
    const ca = scriptedCa();
    await expect((await registeredClient(ca)).orders(`${BASE}/orders`)).rejects.toThrow(AcmeProblem);
  });
});
