import { describe, expect, it } from "vitest";
import { DirectoryCache } from "../../src/acme/directory";
import { AcmeProblem } from "../../src/acme/errors";
import { NoncePool } from "../../src/acme/nonces";
import { clientOf, NOW, newKey, registeredClient } from "./client";
import { BASE, problem, scriptedCa } from "./scripted-ca";

describe("A signed request", () => {
  it.each(["ES256", "ES384", "RS256"] as const)(
    "is right in the eyes of a second WebCrypto, signed with %s",
    async (algorithm) => {
      const ca = scriptedCa();
      const accountKey = await newKey(algorithm);
      const client = await clientOf(ca, { accountKey });
      await client.newAccount({ termsOfServiceAgreed: true });
      await client.account();
      const [made, asked] = ca.seen.slice(-2);
      expect(made?.jws?.header).toEqual({
        alg: algorithm,
        jwk: accountKey.jwk,
        nonce: expect.any(String),
        url: `${BASE}/new-account`,
      });
      expect(asked?.jws).toEqual({
        header: { alg: algorithm, kid: `${BASE}/account`, nonce: expect.any(String), url: `${BASE}/account` },
        payload: undefined,
      });
    },
  );

  it("shows no private member of the key", async () => {
    const ca = scriptedCa();
    await (await clientOf(ca, { accountKey: await newKey("RS256") })).newAccount();
    expect(Object.keys(ca.seen.at(-1)?.jws?.header.jwk as object).sort()).toEqual(["e", "kty", "n"]);
  });

  it("says who asks, and in which language it wants its answer", async () => {
    const ca = scriptedCa();
    await registeredClient(ca).then((client) => client.account());
    expect(ca.seen[0]?.headers.get("user-agent")).toBe("certedge tests");
    expect(ca.seen[0]?.headers.get("accept-language")).toBe("en");
  });

  it("is not sent without an account", async () => {
    const ca = scriptedCa();
    await expect((await clientOf(ca)).account()).rejects.toThrow(/newAccount/);
    expect(ca.seen).toEqual([]);
  });
});

describe("A nonce that the CA refuses", () => {
  it("is replaced by the one of that answer, without asking for one", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    const fresh = ca.issueNonce();
    ca.script("/account", problem("badNonce", 400, {}, { "replay-nonce": fresh }));
    expect((await client.account()).status).toBe("valid");
    expect(ca.lines()).toEqual(["POST /account", "POST /account"]);
    expect(ca.seen[1]?.jws?.header.nonce).toBe(fresh);
  });

  it("is given up after five more tries, with the CA's own words", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    ca.script("/account", ...Array.from({ length: 20 }, () => problem("badNonce")));
    await expect(client.account()).rejects.toMatchObject({ name: "AcmeProblem", type: "badNonce" });
    expect(ca.lines()).toEqual(Array(6).fill("POST /account"));
  });

  it("is replaced from newNonce where the answer has none, or one that is malformed", async () => {
    for (const none of ["", "not a nonce!"]) {
      const ca = scriptedCa();
      const client = await registeredClient(ca);
      ca.script("/account", problem("badNonce", 400, {}, { "replay-nonce": none }));
      expect((await client.account()).status).toBe("valid");
      expect(ca.lines()).toEqual(["POST /account", "HEAD /new-nonce", "POST /account"]);
    }
  });
});

describe("The nonce pool", () => {
  it("keeps the nonces of errors, too", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    ca.script("/account", problem("unauthorized", 403), problem("rateLimited", 429));
    await expect(client.account()).rejects.toThrow(AcmeProblem);
    await expect(client.account()).rejects.toThrow(AcmeProblem);
    await client.account();
    expect(ca.lines()).toEqual(Array(3).fill("POST /account"));
  });

  it("fetches what parallel requests lack in parallel", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca, { nonces: new NoncePool(() => NOW) });
    const urls = Array.from({ length: 10 }, (_, index) => `${BASE}/challenge/${index}`);
    const rounds = await ca.rounds(() => client.respondAll(urls));
    expect(ca.lines().filter((line) => line === "HEAD /new-nonce")).toHaveLength(9);
    expect(rounds).toBe(2);
  });

  it("gives every nonce once, the newest first, and forgets the old ones", () => {
    let now = 0;
    const pool = new NoncePool(() => now);
    pool.put("first");
    now += 20 * 60_000;
    pool.put("second");
    pool.put(undefined);
    now += 20 * 60_000;
    expect([pool.take(), pool.take(), pool.take()]).toEqual(["second", undefined, undefined]);
  });

  it("is bounded", () => {
    const pool = new NoncePool(() => 0);
    for (let index = 0; index < 1000; index++) pool.put(`nonce-${index}`);
    expect(pool.size).toBeLessThanOrEqual(200);
    expect(pool.take()).toBe("nonce-999");
  });
});

describe("The directory", () => {
  it("is fetched once for all who ask, and again after a day", async () => {
    const ca = scriptedCa();
    let now = NOW;
    const shared = { directories: new DirectoryCache(), now: () => now };
    const clients = [await clientOf(ca, shared), await clientOf(ca, shared)];
    await Promise.all(clients.map((client) => client.directory()));
    expect(ca.lines()).toEqual(["GET /directory"]);
    now += 23 * 3_600_000;
    await clients[0]?.directory();
    expect(ca.seen).toHaveLength(1);
    now += 2 * 3_600_000;
    await clients[1]?.directory();
    expect(ca.seen).toHaveLength(2);
  });

  it("is asked for again after a failure", async () => {
    const ca = scriptedCa();
    const client = await clientOf(ca);
    ca.script("/directory", new Response("down", { status: 503 }));
    await expect(client.directory()).rejects.toMatchObject({ name: "AcmeUnreachable" });
    expect((await client.directory()).newOrder).toBe(`${BASE}/new-order`);
  });

  it("shows what the CA offers, and passes over what it does not know", async () => {
    const meta = {
      termsOfService: "https://ca.test/terms",
      website: "https://ca.test",
      caaIdentities: ["ca.test"],
      externalAccountRequired: true,
      profiles: { classic: "90 days" },
    };
    const ca = scriptedCa({ directory: { meta: { ...meta, flavour: 7 }, "x-random": "https://community.example" } });
    expect((await (await clientOf(ca)).directory()).meta).toEqual(meta);
  });

  it("is refused where an address in it is none", async () => {
    const ca = scriptedCa({ directory: { newOrder: "javascript:alert(1)" } });
    await expect((await clientOf(ca)).directory()).rejects.toMatchObject({
      name: "AcmeGarbage",
      message: expect.stringContaining("newOrder"),
    });
  });
});
