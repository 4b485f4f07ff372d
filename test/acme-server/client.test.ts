import { describe, expect, it } from "vitest";
import { generateAccountKey, importAccountKey } from "../../src/acme/account-key";
import { dns01Name, dns01Value, keyAuthorization } from "../../src/acme/challenges";
import { AcmeClient } from "../../src/acme/client";
import { DirectoryCache } from "../../src/acme/directory";
import { AcmeProblem } from "../../src/acme/errors";
import { NoncePool } from "../../src/acme/nonces";
import { createCertificateRequest } from "../../src/pki/certificate-request";
import { checkChain } from "../../src/pki/chain";
import { generatePrivateKey, readPrivateKey } from "../../src/pki/keys";
import { decodePem } from "../../src/pki/pem";
import { BASE, type TestServer, testServer } from "./acme-server";

async function clientOf(server: TestServer) {
  const requests: string[] = [];
  const accountKey = await importAccountKey(await generateAccountKey());
  const client = new AcmeClient({
    directoryUrl: `${BASE}/directory`,
    fetch: (input, init) => {
      requests.push(`${init?.method} ${String(input).slice(BASE.length)}`);
      return server.fetch(input, init);
    },
    now: () => server.clock.now,
    userAgent: "test",
    accountKey,
    nonces: new NoncePool(() => server.clock.now),
    directories: new DirectoryCache(),
  });
  return { client, accountKey, requests };
}

async function order(
  server: TestServer,
  { client, accountKey }: Awaited<ReturnType<typeof clientOf>>,
  values: string[],
  replaces?: string,
) {
  const identifiers = values.map((value) => ({ type: "dns" as const, value }));
  const made = await client.newOrder({ identifiers, ...(replaces ? { replaces } : {}) });
  const authorizations = await client.authorizations(made.authorizations);
  const challenges = await Promise.all(
    authorizations.map(async ({ identifier, challenges }) => {
      const challenge = challenges.find(({ type }) => type === "dns-01");
      const name = dns01Name(identifier.value);
      const value = await dns01Value(await keyAuthorization(challenge?.token ?? "", accountKey.jwk));
      server.txt.set(name, [...(server.txt.get(name) ?? []), value]);
      return challenge?.url ?? "";
    }),
  );
  await client.respondAll(challenges);
  expect((await client.order(made.url)).status).toBe("ready");
  const privateKeyPem = await generatePrivateKey("p256");
  const final = await client.finalize(made.finalize, await createCertificateRequest({ privateKeyPem, identifiers }));
  const chainPem = await client.certificate(final.certificate ?? "");
  const { publicKeyInfo } = await readPrivateKey(privateKeyPem);
  return { final, ...(await checkChain({ chainPem, identifiers, publicKeyInfo, now: server.clock.now + 1000 })) };
}

describe("Our own client", () => {
  it("gets a certificate for apex, wildcard and one more name, in 2N+5 requests at most", async () => {
    const server = await testServer();
    const own = await clientOf(server);
    await own.client.newAccount({ termsOfServiceAgreed: true });
    await order(server, own, ["warm-up-1.example.com", "warm-up-2.example.com", "warm-up-3.example.com"]);
    own.requests.length = 0;
    const { leaf } = await order(server, own, ["example.com", "*.example.com", "other.example.org"]);
    expect(leaf.identifiers.map(({ value }) => value).sort()).toEqual([
      "*.example.com",
      "example.com",
      "other.example.org",
    ]);
    expect(own.requests.length).toBeLessThanOrEqual(2 * 3 + 5);
    expect(own.requests.filter((each) => /new-nonce|directory/.test(each))).toEqual([]);
  });

  it("renews with ARI, revokes, lists its orders, changes its key and deactivates its account", async () => {
    const server = await testServer();
    const own = await clientOf(server);
    const { ordersUrl } = await own.client.newAccount({
      contact: ["mailto:a@example.com"],
      termsOfServiceAgreed: true,
    });
    const first = await order(server, own, ["example.com"]);
    const window = await own.client.renewalInformation(first.leaf.renewalIdentifier ?? "");
    expect(window?.start).toBeGreaterThan(server.clock.now);
    const second = await order(server, own, ["example.com"], first.leaf.renewalIdentifier);
    expect(await own.client.orders(ordersUrl ?? "")).toEqual(expect.arrayContaining([second.final.url]));

    const certificate = decodePem(second.chainPem)[0]?.der ?? new Uint8Array();
    await own.client.revoke({ certificate, reason: 4 });
    await own.client.revoke({ certificate });
    expect((await own.client.renewalInformation(second.leaf.renewalIdentifier ?? ""))?.end).toBeLessThanOrEqual(
      server.clock.now,
    );

    await own.client.rolloverKey(await importAccountKey(await generateAccountKey("ES384")));
    expect((await own.client.account()).status).toBe("valid");
    expect((await own.client.deactivateAccount()).status).toBe("deactivated");
    await expect(own.client.account()).rejects.toThrow(AcmeProblem);
  });

  it("goes on when a nonce is refused", async () => {
    const server = await testServer();
    const { client, requests } = await clientOf(server);
    await client.newAccount();
    server.clock.now += 2 * 3_600_000; // our pool forgets sooner than the server does
    expect((await client.account()).status).toBe("valid");
    expect(requests.at(-2)).toMatch(/^HEAD/);
  });

  it("gets the problem of each bad name", async () => {
    const server = await testServer();
    const { client } = await clientOf(server);
    await client.newAccount();
    const bad = client.newOrder({ identifiers: [{ type: "dns", value: "a_b.example.com" }] });
    await expect(bad).rejects.toMatchObject({
      type: "rejectedIdentifier",
      subproblems: [{ identifier: { value: "a_b.example.com" } }],
    });
  });
});
