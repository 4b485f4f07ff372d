import { generateKeyPairSync } from "node:crypto";
import { base64url, calculateJwkThumbprint } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { encodePem } from "../../src/pki/pem";
import {
  BASE,
  csrFor,
  DAY,
  dns01Of,
  names,
  newAccount,
  newKey,
  newOrder,
  obtain,
  placeValues,
  readyOrder,
  type TestAccount,
  type TestServer,
  testServer,
  urnOf,
} from "./acme-server";

let server: TestServer;
let account: TestAccount;
let count = 0;
const fresh = () => `n${count++}.example.com`;
const urlOf = ({ headers }: { headers: Headers }) => headers.get("location") ?? "";

beforeAll(async () => {
  server = await testServer();
  account = await newAccount(server);
});

describe("A new order", () => {
  it("is pending, with one authorization for each name, and no certificate", async () => {
    const [a, b] = [fresh(), fresh()];
    const order = await newOrder(account, a, b);
    expect(order.status).toBe(201);
    expect(order.json).toMatchObject({ status: "pending", finalize: expect.stringContaining(BASE) });
    expect(order.json.identifiers).toEqual(
      expect.arrayContaining([
        { type: "dns", value: a },
        { type: "dns", value: b },
      ]),
    );
    expect(order.json.authorizations).toHaveLength(2);
    expect(order.json).not.toHaveProperty("certificate");
    expect(Date.parse(order.json.expires)).toBeGreaterThan(server.clock.now);
    expect((await account.post(urlOf(order))).json).toEqual(order.json);
  });

  it("has two authorizations of the same base name for a wildcard and its apex", async () => {
    const apex = fresh();
    const order = await newOrder(account, apex, `*.${apex}`);
    const found = await Promise.all(order.json.authorizations.map((url: string) => account.post(url)));
    expect(found.map(({ json }) => json.identifier.value)).toEqual([apex, apex]);
    expect(found.map(({ json }) => json.wildcard ?? false).sort()).toEqual([false, true]);
    expect(new Set(found.map((each) => dns01Of(each).token)).size).toBe(2);
    for (const each of found) expect(dns01Of(each).token).toMatch(/^[A-Za-z0-9_-]{22,}$/);
  });

  it("takes names in any case and any number of times, once each", async () => {
    const name = fresh();
    const order = await newOrder(account, name.toUpperCase(), name, `${name}.`);
    expect(order.json.identifiers).toEqual([{ type: "dns", value: name }]);
  });

  it("is the open one, when the same account asks again for the same names in another order", async () => {
    const [a, b] = [fresh(), fresh()];
    const first = await newOrder(account, a, b);
    const again = await newOrder(account, b, a);
    expect([again.status, urlOf(again)]).toEqual([201, urlOf(first)]);
    const other = await newOrder(await newAccount(server), a, b);
    expect(urlOf(other)).not.toBe(urlOf(first));
    expect(urlOf(await newOrder(account, a))).not.toBe(urlOf(first));
  });

  it("is another one, once the last is valid", async () => {
    const name = fresh();
    const { order } = await obtain(server, account, [name]);
    expect(urlOf(await newOrder(account, name))).not.toBe(urlOf(order));
  });

  it("is another one, and pending, when a name of the last failed and nobody looked at it since", async () => {
    const name = fresh();
    const first = await newOrder(account, name);
    const authorization = await account.post(first.json.authorizations[0]);
    expect((await account.post(dns01Of(authorization).url, {})).json.status).toBe("invalid");
    const second = await newOrder(account, name);
    expect(second.json.status).toBe("pending");
    expect(urlOf(second)).not.toBe(urlOf(first));
  });

  it("can be for 100 names, and not for 101", async () => {
    const many = Array.from({ length: 101 }, () => fresh());
    expect(await newOrder(account, ...many)).toMatchObject({ status: 400, json: { type: urnOf("malformed") } });
    const order = await newOrder(account, ...many.slice(1));
    expect([order.status, order.json.authorizations.length]).toEqual([201, 100]);
  });

  it("tells every name that cannot be ordered", async () => {
    const good = fresh();
    const answer = await newOrder(account, "under_score.example.com", good, "*.*.example.com", "localhost");
    expect(answer).toMatchObject({ status: 400, json: { type: urnOf("rejectedIdentifier") } });
    const told = answer.json.subproblems.map(({ identifier }: { identifier: { value: string } }) => identifier.value);
    expect(told).toEqual(["under_score.example.com", "*.*.example.com", "localhost"]);
  });

  it.each([
    [{ identifiers: [] }, "malformed"],
    [{}, "malformed"],
    [{ identifiers: "a.example.com" }, "malformed"],
    [{ identifiers: [{ type: "email", value: "a@example.com" }] }, "unsupportedIdentifier"],
    [{ identifiers: [{ type: "dns", value: "192.0.2.1" }] }, "rejectedIdentifier"],
    [{ identifiers: [{ type: "ip", value: "a.example.com" }] }, "rejectedIdentifier"],
    [{ ...names("a.example.com"), notAfter: "2030-01-01T00:00:00Z" }, "malformed"],
    [{ ...names("a.example.com"), profile: "nonesuch" }, "invalidProfile"],
    [{ ...names("a.example.com"), replaces: "AAAA.BBBB" }, "malformed"],
  ])("cannot be %j", async (payload, type) => {
    const answer = await account.post(`${BASE}/new-order`, payload);
    expect([400, 404]).toContain(answer.status);
    if (type !== "unsupportedIdentifier") return expect(answer.json.type).toBe(urnOf(type));
    expect([urnOf(type), urnOf("rejectedIdentifier")]).toContain(answer.json.type);
  });

  it("becomes invalid when its time is over", async () => {
    const own = await testServer();
    const owner = await newAccount(own);
    const order = await newOrder(owner, "late.example.com");
    own.clock.now += 8 * DAY;
    expect((await owner.post(urlOf(order))).json.status).toBe("invalid");
    expect((await newOrder(owner, "late.example.com")).json.status).toBe("pending");
  });
});

describe("An authorization", () => {
  it("becomes valid with its challenge, and the order with it, wherever the client looks", async () => {
    const order = await newOrder(account, fresh());
    const [url] = order.json.authorizations;
    const challenge = dns01Of(await placeValues(server, account, url));
    expect((await account.post(challenge.url)).json.status).toBe("pending");
    const answer = await account.post(challenge.url, {});
    expect(answer.headers.get("link")).toContain(`<${url}>;rel="up"`);
    expect(answer.json).toMatchObject({ type: "dns-01", status: "valid", validated: expect.any(String) });
    expect((await account.post(challenge.url)).json.status).toBe("valid");
    expect((await account.post(url)).json.status).toBe("valid");
    expect((await account.post(urlOf(order))).json.status).toBe("ready");
  });

  it("takes the payload of old clients for a go-ahead", async () => {
    const order = await newOrder(account, fresh());
    const challenge = dns01Of(await placeValues(server, account, order.json.authorizations[0]));
    expect((await account.post(challenge.url, { keyAuthorization: "x.y" })).json.status).toBe("valid");
  });

  it("is not decided by reading its challenge", async () => {
    const order = await newOrder(account, fresh());
    const authorization = await account.post(order.json.authorizations[0]);
    expect((await account.post(dns01Of(authorization).url)).json.status).toBe("pending");
  });

  it.each([
    ["no value", [], "No TXT record"],
    ["another value", ["x".repeat(43)], "No TXT record"],
  ])("becomes invalid with %s, says why, and takes the order with it", async (_, values, words) => {
    const name = fresh();
    server.txt.set(`_acme-challenge.${name}`, values);
    const order = await newOrder(account, name, fresh());
    const found = await Promise.all(order.json.authorizations.map((url: string) => account.post(url)));
    const wrong = found.find(({ json }) => json.identifier.value === name);
    const failed = await account.post(dns01Of(wrong).url, {});
    expect(failed.json.status).toBe("invalid");
    expect(failed.json.error.type).toMatch(/^urn:ietf:params:acme:error:(incorrectResponse|unauthorized|dns)$/);
    expect(failed.json.error.detail).toContain(words);
    expect((await account.post(urlOf(order))).json).toMatchObject({
      status: "invalid",
      error: { detail: failed.json.error.detail },
    });
  });

  it("holds among other values on the name", async () => {
    const order = await newOrder(account, fresh());
    const authorization = await placeValues(server, account, order.json.authorizations[0]);
    const name = `_acme-challenge.${authorization.json.identifier.value}`;
    server.txt.set(name, ["v=spf1 -all", ...(server.txt.get(name) ?? []), "x".repeat(43)]);
    expect((await account.post(dns01Of(authorization).url, {})).json.status).toBe("valid");
  });

  it("does not take a value that is right for another account's key", async () => {
    const name = fresh();
    const [mine, other] = [await newOrder(account, name), await newAccount(server)];
    await placeValues(server, { ...account, key: other.key }, mine.json.authorizations[0]);
    const challenge = dns01Of(await account.post(mine.json.authorizations[0]));
    expect((await account.post(challenge.url, {})).json.status).toBe("invalid");
  });

  it("that a crash left processing is decided at the next look, from any side", async () => {
    for (const look of ["challenge", "authorization", "order"] as const) {
      const order = await newOrder(account, fresh());
      const [url] = order.json.authorizations;
      const authorization = await placeValues(server, account, url);
      const id = url.slice(url.lastIndexOf("/") + 1);
      const [stored] = await server.store.authorizations([id]);
      const thumbprint = await calculateJwkThumbprint(account.key.jwk);
      const begun = { status: "processing" as const, startedAt: server.clock.now, thumbprint };
      const challenges = (stored?.challenges ?? []).map((challenge) => ({ ...challenge, ...begun }));
      await server.store.updateAuthorization(id, "pending", { challenges });
      expect((await account.post(dns01Of(authorization).url)).json.status).toBe("processing");
      server.clock.now += 60_000;
      const target = { challenge: dns01Of(authorization).url, authorization: url, order: urlOf(order) }[look];
      expect((await account.post(target)).json.status, look).toBe(look === "order" ? "ready" : "valid");
    }
  });

  it("can be deactivated, which ends its order", async () => {
    const order = await newOrder(account, fresh());
    const [url] = order.json.authorizations;
    expect((await account.post(url, { status: "deactivated" })).json.status).toBe("deactivated");
    expect((await account.post(url)).json.status).toBe("deactivated");
    expect((await account.post(urlOf(order))).json.status).toBe("invalid");
    expect((await account.post(url, { status: "valid" })).json.type).toBe(urnOf("malformed"));
  });

  it("is deactivated also when it becomes valid in the same moment", async () => {
    const order = await newOrder(account, fresh());
    const [url] = order.json.authorizations;
    const { updateAuthorization } = server.store;
    server.store.updateAuthorization = async (id, from, change) => {
      server.store.updateAuthorization = updateAuthorization;
      await updateAuthorization(id, "pending", { status: "valid" });
      return updateAuthorization(id, from, change);
    };
    expect((await account.post(url, { status: "deactivated" })).json.status).toBe("deactivated");
    expect((await account.post(url)).json.status).toBe("deactivated");
  });

  it("is what was stored, when two checks of it end at once with different results", async () => {
    const order = await newOrder(account, fresh());
    const [url] = order.json.authorizations;
    const challenge = dns01Of(await placeValues(server, account, url));
    const { updateAuthorization } = server.store;
    server.store.updateAuthorization = async (id, from, change) => {
      if (change.status !== undefined) {
        server.store.updateAuthorization = updateAuthorization;
        await updateAuthorization(id, "pending", { status: "invalid" });
      }
      return updateAuthorization(id, from, change);
    };
    await account.post(challenge.url, {});
    expect((await account.post(url)).json.status).toBe("invalid");
    expect((await account.post(urlOf(order))).json.status).toBe("invalid");
  });

  it("becomes invalid when no server answers for its name", async () => {
    const name = fresh();
    server.silent.add(`_acme-challenge.${name}`);
    const order = await newOrder(account, name);
    const challenge = dns01Of(await account.post(order.json.authorizations[0]));
    expect((await account.post(challenge.url, {})).json).toMatchObject({
      status: "invalid",
      error: { type: urnOf("dns") },
    });
  });

  it("that was deactivated signs nothing any more, also in an order that was ready (RFC 8555 §7.5.2)", async () => {
    const name = fresh();
    const order = await readyOrder(server, account, name);
    expect((await account.post(urlOf(order))).json.status).toBe("ready");
    await account.post(order.json.authorizations[0], { status: "deactivated" });
    expect((await account.post(urlOf(order))).json.status).toBe("invalid");
    const answer = await account.post(order.json.finalize, { csr: await csrFor([name]) });
    expect(answer).toMatchObject({ status: 403, json: { type: urnOf("orderNotReady") } });
  });

  it("that is valid expires in its time", async () => {
    const own = await testServer();
    const owner = await newAccount(own);
    const order = await readyOrder(own, owner, "a.example.com");
    const [url] = order.json.authorizations;
    const { json } = await owner.post(url);
    own.clock.now = Date.parse(json.expires) + 1;
    expect((await owner.post(url)).json.status).toBe("expired");
  });
});

describe("Finalizing", () => {
  it("gives a certificate at once, and the order its URL, and only then", async () => {
    const name = fresh();
    const order = await readyOrder(server, account, name);
    expect((await account.post(urlOf(order))).json).not.toHaveProperty("certificate");
    const final = await account.post(order.json.finalize, { csr: await csrFor([name]) });
    expect([final.status, final.headers.get("location")]).toEqual([200, urlOf(order)]);
    expect(final.json).toMatchObject({ status: "valid", certificate: expect.stringContaining(BASE) });
    expect((await account.post(urlOf(order))).json).toEqual(final.json);
  });

  it("is refused before the order is ready, and when it failed", async () => {
    const name = fresh();
    const order = await newOrder(account, name);
    const csr = await csrFor([name]);
    expect(await account.post(order.json.finalize, { csr })).toMatchObject({
      status: 403,
      json: { type: urnOf("orderNotReady") },
    });
    await account.post(order.json.authorizations[0], { status: "deactivated" });
    expect(await account.post(order.json.finalize, { csr })).toMatchObject({
      status: 403,
      json: { type: urnOf("orderNotReady") },
    });
  });

  it("with another request than the first is refused", async () => {
    const name = fresh();
    const order = await readyOrder(server, account, name);
    await account.post(order.json.finalize, { csr: await csrFor([name]) });
    const second = await account.post(order.json.finalize, { csr: await csrFor([name]) });
    expect(second).toMatchObject({ status: 403, json: { type: urnOf("orderNotReady") } });
  });

  it("twice at once gives one certificate", async () => {
    const name = fresh();
    const order = await readyOrder(server, account, name);
    const csr = await csrFor([name]);
    await Promise.all([1, 2].map(() => account.post(order.json.finalize, { csr })));
    const { json } = await account.post(urlOf(order));
    expect(json.status).toBe("valid");
    const id = urlOf(order).slice(urlOf(order).lastIndexOf("/") + 1);
    const issued = [...server.store.certificates.values()].filter(({ orderId }) => orderId === id);
    expect(issued.map((each) => `${BASE}/cert/${each.id}`)).toEqual([json.certificate]);
  });

  it("that a crash cut off after the order was taken is ended at the next look", async () => {
    const name = fresh();
    const order = await readyOrder(server, account, name);
    await account.post(urlOf(order));
    const id = urlOf(order).slice(urlOf(order).lastIndexOf("/") + 1);
    expect(await server.store.updateOrder(id, "ready", { status: "processing", csr: await csrFor([name]) })).toBe(true);
    const looked = await account.post(urlOf(order));
    expect(looked.json).toMatchObject({ status: "valid", certificate: expect.any(String) });
    expect((await account.post(looked.json.certificate)).status).toBe(200);
  });

  it.each([
    ["a name too many", (name: string) => [name, "more.example.com"]],
    ["other names", () => ["other.example.com"]],
    ["no names", () => []],
    ["the wildcard in place of the name", (name: string) => [`*.${name}`]],
  ])("is refused for a request with %s, and can be tried again", async (_, wrong) => {
    const name = fresh();
    const order = await readyOrder(server, account, name);
    const refused = await account.post(order.json.finalize, { csr: await csrFor(wrong(name)) });
    expect(refused).toMatchObject({ status: 400, json: { type: urnOf("badCSR") } });
    expect((await account.post(urlOf(order))).json.status).toBe("ready");
    expect((await account.post(order.json.finalize, { csr: await csrFor([name]) })).json.status).toBe("valid");
  });

  it("is refused for a request with a name too few", async () => {
    const [a, b] = [fresh(), fresh()];
    const order = await readyOrder(server, account, a, b);
    expect((await account.post(order.json.finalize, { csr: await csrFor([a]) })).json.type).toBe(urnOf("badCSR"));
  });

  it("is refused for the account's own key", async () => {
    const key = await newKey();
    const owner = await newAccount(server, key);
    const name = fresh();
    const order = await readyOrder(server, owner, name);
    const pkcs8 = new Uint8Array((await crypto.subtle.exportKey("pkcs8", key.privateKey)) as ArrayBuffer);
    const csr = await csrFor([name], { privateKeyPem: encodePem("PRIVATE KEY", pkcs8) });
    expect((await owner.post(order.json.finalize, { csr })).json.type).toBe(urnOf("badCSR"));
  });

  it("is refused for what is no request, or one that was changed", async () => {
    const name = fresh();
    const order = await readyOrder(server, account, name);
    const der = base64url.decode(await csrFor([name]));
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    const rsa1024 = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({
      type: "spki",
      format: "der",
    });
    for (const csr of ["AAAA", base64url.encode(der), base64url.encode(rsa1024), "***", undefined]) {
      const answer = await account.post(order.json.finalize, { csr });
      expect(answer.status).toBe(400);
      expect([urnOf("badCSR"), urnOf("malformed")]).toContain(answer.json.type);
    }
    expect((await account.post(urlOf(order))).json.status).toBe("ready");
  });

  it("takes RSA keys and P-384", async () => {
    for (const keyType of ["p384", "rsa2048"] as const) {
      const name = fresh();
      const order = await readyOrder(server, account, name);
      const final = await account.post(order.json.finalize, { csr: await csrFor([name], { keyType }) });
      expect(final.json.status).toBe("valid");
    }
  });
});

describe("Another account's order", () => {
  it("cannot be read, validated, finalized or downloaded", async () => {
    const other = await newAccount(server);
    const name = fresh();
    const { order } = await obtain(server, account, [name]);
    const open = await newOrder(account, fresh());
    const challenge = dns01Of(await placeValues(server, account, open.json.authorizations[0]));
    const refused = [
      await other.post(urlOf(order)),
      await other.post(open.json.authorizations[0]),
      await other.post(open.json.authorizations[0], { status: "deactivated" }),
      await other.post(challenge.url),
      await other.post(challenge.url, {}),
      await other.post(open.json.finalize, { csr: await csrFor([name]) }),
      await other.post(order.json.certificate),
    ];
    for (const answer of refused) expect(answer).toMatchObject({ status: 403, json: { type: urnOf("unauthorized") } });
    expect((await account.post(challenge.url)).json.status).toBe("pending");
  });
});

describe("What is only read", () => {
  it("takes no payload (RFC 8555 §6.3)", async () => {
    const { order } = await obtain(server, account, [fresh()]);
    for (const url of [urlOf(order), order.json.certificate, `${account.url}/orders`]) {
      expect((await account.post(url)).status).toBe(200);
      expect(await account.post(url, {}), url).toMatchObject({ status: 400, json: { type: urnOf("malformed") } });
    }
  });
});
