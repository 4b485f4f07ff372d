/** dns-account-01 and dns-persist-01, beside dns-01. The names and records here are written out by hand from the drafts. */
import { createHash } from "node:crypto";
import { base64url, calculateJwkThumbprint } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Answer,
  DAY,
  newAccount,
  newOrder,
  type TestAccount,
  type TestServer,
  testServer,
  urnOf,
} from "./acme-server";

let server: TestServer;
let account: TestAccount;
let count = 0;
const fresh = () => `c${count++}.example.com`;

beforeAll(async () => {
  server = await testServer();
  account = await newAccount(server);
});

/** The one authorization of a fresh order, and its challenge of a type. */
async function ask(type: string, name = fresh(), by = account) {
  const order = await newOrder(by, name);
  const url: string = order.json.authorizations[0];
  const authorization = await by.post(url);
  return { name: name.replace("*.", ""), url, challenge: challengeOf(authorization, type), order };
}

const challengeOf = ({ json }: Answer, type: string) =>
  json.challenges.find((challenge: { type: string }) => challenge.type === type);

async function keyDigest(token: string, { key }: TestAccount): Promise<string> {
  const text = `${token}.${await calculateJwkThumbprint(key.jwk)}`;
  return base64url.encode(createHash("sha256").update(text).digest());
}

/** By the digits of the whole number, as another way to base32. */
function labelOf(accountUrl: string): string {
  const digits = BigInt(`0x${createHash("sha256").update(accountUrl).digest("hex").slice(0, 20)}`).toString(32);
  const inBase32 = (digit: string) => "abcdefghijklmnopqrstuvwxyz234567"[Number.parseInt(digit, 32)];
  return `_${[...digits.padStart(16, "0")].map(inBase32).join("")}`;
}

it("An authorization offers the three challenges over DNS, for a wildcard too, which has no other", async () => {
  for (const name of [fresh(), `*.${fresh()}`]) {
    const { url } = await ask("dns-01", name);
    const { challenges } = (await account.post(url)).json;
    expect(challenges.slice(3).map(({ type }: { type: string }) => type)).toEqual(
      name.startsWith("*") ? [] : ["http-01"],
    );
    expect(challenges.slice(0, 3)).toMatchObject([
      { type: "dns-01", token: expect.stringMatching(/^[\w-]{22,}$/) },
      { type: "dns-account-01", token: expect.stringMatching(/^[\w-]{22,}$/) },
      { type: "dns-persist-01", "issuer-domain-names": ["authority.example"], accounturi: account.url },
    ]);
    expect(challenges[2]).not.toHaveProperty("token");
    expect(challenges[0].token).not.toBe(challenges[1].token);
  }
});

describe("dns-account-01", () => {
  it.each(["", "*."])("is valid with the value under the account's own label, for %sname", async (prefix) => {
    const { name, url, challenge, order } = await ask("dns-account-01", prefix + fresh());
    server.txt.set(`${labelOf(account.url)}._acme-challenge.${name}`, [
      "other",
      await keyDigest(challenge.token, account),
    ]);
    expect((await account.post(challenge.url, {})).json).toMatchObject({ type: "dns-account-01", status: "valid" });
    expect((await account.post(url)).json.status).toBe("valid");
    expect((await account.post(order.headers.get("location") ?? "")).json.status).toBe("ready");
  });

  it("is not valid with the value at the name of dns-01, and says whose label was looked at", async () => {
    const { name, challenge } = await ask("dns-account-01");
    server.txt.set(`_acme-challenge.${name}`, [await keyDigest(challenge.token, account)]);
    const { error } = (await account.post(challenge.url, {})).json;
    expect(error).toMatchObject({ type: urnOf("incorrectResponse"), detail: expect.stringContaining(account.url) });
    expect(error.detail).toContain(labelOf(account.url));
  });

  it("lets two accounts prove one name, each under its label", async () => {
    const name = fresh();
    for (const by of [account, await newAccount(server)]) {
      const { challenge } = await ask("dns-account-01", name, by);
      server.txt.set(`${labelOf(by.url)}._acme-challenge.${name}`, [await keyDigest(challenge.token, by)]);
      expect((await by.post(challenge.url, {})).json.status).toBe("valid");
    }
  });
});

describe("dns-persist-01", () => {
  const respond = async (record: (url: string) => string, name = fresh()) => {
    const { name: base, challenge } = await ask("dns-persist-01", name);
    server.txt.set(`_validation-persist.${base}`, [record(account.url)]);
    return (await account.post(challenge.url, {})).json;
  };

  it("is valid with one record, again and again", async () => {
    const name = fresh();
    for (let time = 0; time < 3; time++) {
      const { challenge } = await ask("dns-persist-01", name);
      server.txt.set(`_validation-persist.${name}`, [`authority.example; accounturi=${account.url}`]);
      expect((await account.post(challenge.url, {})).json.status).toBe("valid");
      const order = await newOrder(account, name);
      for (const url of order.json.authorizations) await account.post(url, { status: "deactivated" });
    }
  });

  it("is valid for a wildcard with its policy alone", async () => {
    const plain = (url: string) => `authority.example; accounturi=${url}`;
    expect((await respond((url) => `${plain(url)}; policy=wildcard`, `*.${fresh()}`)).status).toBe("valid");
    const { status, error } = await respond(plain, `*.${fresh()}`);
    expect(status).toBe("invalid");
    expect(error).toMatchObject({ type: urnOf("unauthorized"), detail: expect.stringContaining("policy=wildcard") });
  });

  it.each([
    [
      "another account",
      "unauthorized",
      /is for the account .*\/1, not for /,
      (url: string) => `authority.example; accounturi=${url}/1`,
    ],
    ["another authority", "unauthorized", /for authority\.example/, (url: string) => `ca.example; accounturi=${url}`],
    ["no account", "malformed", /no accounturi/, () => "authority.example"],
  ])("is not valid with a record of %s", async (_, type, detail, record) => {
    const { status, error } = await respond(record);
    expect([status, error.type]).toEqual(["invalid", urnOf(type)]);
    expect(error.detail).toMatch(detail);
    expect(error.detail).toContain("_validation-persist.");
  });

  it("is not valid once the record has run out", async () => {
    const seconds = Math.floor((server.clock.now + DAY) / 1000);
    const record = (url: string) => `authority.example; accounturi=${url}; persistUntil=${seconds}`;
    expect((await respond(record)).status).toBe("valid");
    server.clock.now += 2 * DAY;
    expect((await respond(record)).error.detail).toContain(`${seconds}`);
  });

  it("is not valid where nothing is, and where nobody answers", async () => {
    const { challenge } = await ask("dns-persist-01");
    expect((await account.post(challenge.url, {})).json.error.detail).toContain("there is no TXT record");
    const silent = await ask("dns-persist-01");
    server.silent.add(`_validation-persist.${silent.name}`);
    expect((await account.post(silent.challenge.url, {})).json.error.type).toBe(urnOf("dns"));
  });
});
