import { beforeAll, describe, expect, it } from "vitest";
import {
  accountAt,
  BASE,
  newAccount,
  newKey,
  newOrder,
  postByKey,
  signJws,
  type TestServer,
  testServer,
  urnOf,
} from "./acme-server";

const NEW_ACCOUNT = `${BASE}/new-account`;
const KEY_CHANGE = `${BASE}/key-change`;
let server: TestServer;

beforeAll(async () => {
  server = await testServer();
});

describe("An account", () => {
  it("is made once for a key, and found again with 200", async () => {
    const key = await newKey();
    const first = await postByKey(server, key, NEW_ACCOUNT, { contact: ["mailto:a@example.com"] });
    const again = await postByKey(server, key, NEW_ACCOUNT, { contact: ["mailto:b@example.com"] });
    expect([first.status, again.status]).toEqual([201, 200]);
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    expect(again.json).toMatchObject({ status: "valid", contact: ["mailto:a@example.com"] });
    expect(again.json.orders).toMatch(new RegExp(`^${BASE}/`));
  });

  it("is one, when two requests make it at once", async () => {
    const key = await newKey();
    const both = await Promise.all([1, 2].map(() => postByKey(server, key, NEW_ACCOUNT, {})));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 201]);
    expect(new Set(both.map(({ headers }) => headers.get("location"))).size).toBe(1);
  });

  it("is only looked for with onlyReturnExisting", async () => {
    const key = await newKey();
    const missing = await postByKey(server, key, NEW_ACCOUNT, { onlyReturnExisting: true });
    expect(missing).toMatchObject({ status: 400, json: { type: urnOf("accountDoesNotExist") } });
    const { url } = await newAccount(server, key);
    const found = await postByKey(server, key, NEW_ACCOUNT, { onlyReturnExisting: true });
    expect([found.status, found.headers.get("location")]).toEqual([200, url]);
  });

  it.each([
    ["tel:+49301234", "unsupportedContact"],
    ["https://example.com", "unsupportedContact"],
    ["mailto:nobody", "invalidContact"],
    ["mailto:a@example.com,b@example.com", "invalidContact"],
    ["mailto:a@example.com?subject=x", "invalidContact"],
  ])("cannot have the contact %s", async (contact, type) => {
    const made = await postByKey(server, await newKey(), NEW_ACCOUNT, { contact: [contact] });
    expect(made).toMatchObject({ status: 400, json: { type: urnOf(type) } });
    const account = await newAccount(server);
    expect((await account.post(account.url, { contact: [contact] })).json.type).toBe(urnOf(type));
  });

  it("can have no contact at all, as certbot sends it", async () => {
    for (const contact of [undefined, [], null]) {
      expect((await postByKey(server, await newKey(), NEW_ACCOUNT, { contact })).status).toBe(201);
    }
  });

  it("takes new contacts, and leaves what it is not told to change", async () => {
    const account = await newAccount(server);
    await account.post(account.url, { contact: ["mailto:new@example.com"] });
    await account.post(account.url, { orders: "x", status: "valid" });
    expect((await account.post(account.url)).json).toMatchObject({
      status: "valid",
      contact: ["mailto:new@example.com"],
    });
    await account.post(account.url, { contact: [] });
    expect((await account.post(account.url)).json.contact).toEqual([]);
  });

  it("cannot be read or changed by another account", async () => {
    const [own, other] = [await newAccount(server), await newAccount(server)];
    for (const answer of [
      await other.post(own.url),
      await other.post(own.url, { status: "deactivated" }),
      await other.post(`${own.url}/orders`),
    ]) {
      expect(answer).toMatchObject({ status: 403, json: { type: urnOf("unauthorized") } });
    }
    expect((await own.post(own.url)).json.status).toBe("valid");
  });

  it("can do nothing more once it is deactivated, nor be made again", async () => {
    const account = await newAccount(server);
    expect((await account.post(account.url, { status: "deactivated" })).json.status).toBe("deactivated");
    for (const answer of [
      await account.post(account.url),
      await newOrder(account, "a.example.com"),
      await postByKey(server, account.key, NEW_ACCOUNT, {}),
    ]) {
      expect(answer.json.type).toBe(urnOf("unauthorized"));
      expect([401, 403]).toContain(answer.status);
    }
  });

  it("cannot be given another status", async () => {
    const account = await newAccount(server);
    expect((await account.post(account.url, { status: "revoked" })).json.type).toBe(urnOf("malformed"));
  });
});

describe("The list of orders", () => {
  const allOrders = async (account: Awaited<ReturnType<typeof newAccount>>) => {
    const urls: string[] = [];
    let next: string | undefined = `${account.url}/orders`;
    for (let page = 0; next && page < 10; page++) {
      const answer = await account.post(next);
      urls.push(...answer.json.orders);
      next = /<([^>]+)>;rel="next"/.exec(answer.headers.get("link") ?? "")?.[1];
    }
    return urls;
  };

  it("has every open order once, over several pages, also those of one millisecond", async () => {
    const account = await newAccount(server);
    const made: string[] = [];
    for (let index = 0; index < 120; index++) {
      if (index % 60 === 0) server.clock.now += 1;
      made.push((await newOrder(account, `n${index}.example.com`)).headers.get("location") ?? "");
    }
    expect((await allOrders(account)).sort()).toEqual(made.sort());
  });

  it("is without orders that came to nothing (RFC 8555 §7.1.2.1)", async () => {
    const account = await newAccount(server);
    const order = await newOrder(account, "gone.example.com");
    await account.post(order.json.authorizations[0], { status: "deactivated" });
    expect((await account.post(order.headers.get("location") ?? "")).json.status).toBe("invalid");
    expect(await allOrders(account)).toEqual([]);
  });
});

describe("Key rollover", () => {
  const roll = async (
    account: Awaited<ReturnType<typeof newAccount>>,
    newOne: Awaited<ReturnType<typeof newKey>>,
    change: { header?: object; payload?: object; signer?: typeof newOne } = {},
  ) => {
    const payload = { account: account.url, oldKey: account.key.jwk, ...change.payload };
    const inner = await signJws(
      change.signer ?? newOne,
      { jwk: newOne.jwk, url: KEY_CHANGE, ...change.header },
      payload,
    );
    return account.post(KEY_CHANGE, inner);
  };

  it("makes the new key the account's, and the old one nobody's", async () => {
    const account = await newAccount(server);
    const key = await newKey("ES384");
    expect((await roll(account, key)).status).toBe(200);
    expect((await accountAt(server, key, account.url).post(account.url)).json.status).toBe("valid");
    expect((await account.post(account.url)).status).toBe(400);
    const found = await postByKey(server, key, NEW_ACCOUNT, { onlyReturnExisting: true });
    expect(found.headers.get("location")).toBe(account.url);
    const old = await postByKey(server, account.key, NEW_ACCOUNT, { onlyReturnExisting: true });
    expect(old.json.type).toBe(urnOf("accountDoesNotExist"));
  });

  it("is a conflict, with that account's URL, when the key belongs to an account", async () => {
    const [account, other] = [await newAccount(server), await newAccount(server)];
    const answer = await roll(account, other.key);
    expect([answer.status, answer.headers.get("location")]).toEqual([409, other.url]);
    const itself = await roll(account, account.key);
    expect([itself.status, itself.headers.get("location")]).toEqual([409, account.url]);
    expect((await account.post(account.url)).status).toBe(200);
  });

  it("is a conflict also when the other account got the key a moment ago", async () => {
    const [account, other] = [await newAccount(server), await newAccount(server)];
    const { accountByThumbprint } = server.store;
    server.store.accountByThumbprint = async () => {
      server.store.accountByThumbprint = accountByThumbprint;
      return undefined;
    };
    const answer = await roll(account, other.key);
    expect([answer.status, answer.headers.get("location")]).toEqual([409, other.url]);
    expect((await account.post(account.url)).status).toBe(200);
  });

  it("is refused unless the new key agrees to just this change", async () => {
    const [account, other] = [await newAccount(server), await newAccount(server)];
    const key = await newKey();
    const refused = [
      await roll(account, key, { signer: await newKey() }),
      await roll(account, key, { header: { url: `${BASE}/new-order` } }),
      await roll(account, key, { header: { nonce: await server.nonce() } }),
      await roll(account, key, { header: { jwk: undefined, kid: account.url } }),
      await roll(account, key, { payload: { account: other.url } }),
      await roll(account, key, { payload: { oldKey: other.key.jwk } }),
      await roll(account, key, { payload: { oldKey: undefined } }),
      await account.post(KEY_CHANGE),
      await account.post(KEY_CHANGE, {}),
    ];
    for (const answer of refused) expect(answer).toMatchObject({ status: 400, json: { type: urnOf("malformed") } });
    expect((await account.post(account.url)).status).toBe(200);
  });
});
