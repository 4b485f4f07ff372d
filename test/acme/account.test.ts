import { describe, expect, it } from "vitest";
import { clientOf, newKey, registeredClient } from "./client";
import { BASE, json, problem, scriptedCa } from "./scripted-ca";
import { checkJws, type FlattenedJws } from "./second-webcrypto";

describe("A new account", () => {
  it("is told the contact and the agreement, and is known by its address afterwards", async () => {
    const ca = scriptedCa();
    const client = await clientOf(ca);
    const input = { contact: ["mailto:ada@example.com"], termsOfServiceAgreed: true };
    expect(await client.newAccount(input)).toEqual({
      url: `${BASE}/account`,
      status: "valid",
      contact: [],
      ordersUrl: `${BASE}/orders`,
    });
    expect(ca.lines()).toEqual(["GET /directory", "HEAD /new-nonce", "POST /new-account"]);
    expect(ca.seen.at(-1)?.jws?.payload).toEqual(input);
    await client.account();
    expect(ca.seen.at(-1)?.jws?.header.kid).toBe(`${BASE}/account`);
  });

  it("is the existing one where the key has one already", async () => {
    const ca = scriptedCa();
    const client = await clientOf(ca);
    const existing = { status: "valid", contact: ["mailto:ada@example.com"] };
    ca.script("/new-account", json(existing, { location: "/account/7" }, 200));
    expect(await client.newAccount()).toEqual({ ...existing, url: `${BASE}/account/7` });
  });

  it("is not made where only an existing one is asked for", async () => {
    const ca = scriptedCa();
    const client = await clientOf(ca);
    ca.script("/new-account", problem("accountDoesNotExist"));
    await expect(client.newAccount({ onlyReturnExisting: true })).rejects.toMatchObject({
      type: "accountDoesNotExist",
    });
    expect(ca.seen.at(-1)?.jws?.payload).toEqual({ onlyReturnExisting: true });
    await expect(client.account()).rejects.toThrow(/newAccount/);
  });

  it("is bound to an external account by a JWS over its public key", async () => {
    const ca = scriptedCa();
    const accountKey = await newKey("ES384");
    const client = await clientOf(ca, { accountKey });
    const hmacKey = Buffer.alloc(32, 0xfb).toString("base64url");
    await client.newAccount({ externalAccount: { kid: "customer-1", hmacKey } });
    const payload = ca.seen.at(-1)?.jws?.payload as { externalAccountBinding: FlattenedJws } | undefined;
    const binding = payload?.externalAccountBinding;
    if (!binding) return expect.unreachable();
    expect(await checkJws(binding, { kty: "oct", k: hmacKey })).toEqual({
      header: { alg: "HS256", kid: "customer-1", url: `${BASE}/new-account` },
      payload: accountKey.jwk,
    });
    await expect(checkJws(binding, { kty: "oct", k: "AAAA" })).rejects.toThrow(/signature/);
  });

  it.each(["", "not base64url!"])("says that a key for the external account is none: '%s'", async (hmacKey) => {
    const ca = scriptedCa();
    const client = await clientOf(ca);
    const made = client.newAccount({ externalAccount: { kid: "customer-1", hmacKey } });
    await expect(made).rejects.toMatchObject({
      name: "AccountKeyError",
      message: expect.stringContaining("base64url"),
    });
    expect(ca.lines()).not.toContain("POST /new-account");
  });
});

describe("An account", () => {
  it("changes its contact, and is deactivated", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    const contact = ["mailto:grace@example.com"];
    expect((await client.updateAccount({ contact })).contact).toEqual(contact);
    expect((await client.deactivateAccount()).status).toBe("deactivated");
    expect(ca.seen.map(({ path, jws }) => [path, jws?.payload])).toEqual([
      ["/account", { contact }],
      ["/account", { status: "deactivated" }],
    ]);
  });

  it("changes its key by a JWS of the new key inside one of the old key", async () => {
    const ca = scriptedCa();
    const [oldKey, nextKey] = [await newKey(), await newKey("RS256")];
    const client = await registeredClient(ca, { accountKey: oldKey });
    await client.rolloverKey(nextKey);
    const outer = ca.seen.at(-1)?.jws;
    expect(outer?.header).toMatchObject({ alg: "ES256", kid: `${BASE}/account`, url: `${BASE}/key-change` });
    const inner = await checkJws(outer?.payload as FlattenedJws, nextKey.jwk as JsonWebKey);
    expect(inner).toEqual({
      header: { alg: "RS256", jwk: nextKey.jwk, url: `${BASE}/key-change` },
      payload: { account: `${BASE}/account`, oldKey: oldKey.jwk },
    });
  });

  it("signs by the new key from then on, and by the old one where the CA refused", async () => {
    const ca = scriptedCa();
    const client = await registeredClient(ca);
    ca.script("/key-change", problem("conflict", 409));
    const refused = await newKey("ES384");
    await expect(client.rolloverKey(refused)).rejects.toMatchObject({ type: "conflict", status: 409 });
    expect((await client.account()).status).toBe("valid");
    await client.rolloverKey(refused);
    // The scripted CA does not change keys: it sees a signature by a key that is not the account's.
    await expect(client.account()).rejects.toMatchObject({ type: "malformed" });
  });
});
