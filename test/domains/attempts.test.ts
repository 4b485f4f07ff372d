/** What the owner of a host reads when a router does not work. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { DnsProviderError } from "../../src/dns/errors";
import { basic, type LocalDomains, localDomains, type Person } from "./local-domains";

const CLIENT = { "user-agent": "ddclient/3.10.0", "cf-connecting-ip": "198.51.100.9" };

let local: LocalDomains;
let ada: Person;
let eve: Person;
let count = 0;
let host = "";

beforeAll(async () => {
  local = await localDomains();
  [ada, eve] = [await local.join("ada"), await local.join("eve")];
});
afterAll(() => local.close());

beforeEach(async () => {
  local.beforeWrite(async () => undefined);
  host = `log-${count++}.certedge.test`;
  await local.take(ada, host);
});

const update = (query: string, person = ada) => local.update(person, query, { headers: CLIENT });
const attempts = () => local.attempts(ada, host);
const newest = async () => (await attempts())[0];

describe("An attempt", () => {
  it("says who came, with what, and what was answered", async () => {
    await update(`hostname=${host}&myip=203.0.113.7`);
    expect(await attempts()).toEqual([
      {
        at: expect.any(Number),
        address: "198.51.100.9",
        client: "ddclient/3.10.0",
        request: `GET /nic/update?hostname=${host}&myip=203.0.113.7`,
        isSecure: true,
        actor: expect.objectContaining({ username: "ada", via: "api_key" }),
        answer: "good 203.0.113.7",
        status: 200,
        note: null,
        refused: false,
      },
    ]);
  });

  it("of several hosts is in the log of each, with the line for that one", async () => {
    const other = `other-${host}`;
    await local.take(ada, other, "203.0.113.7");
    await local.afterwards();
    await update(`hostname=${host},${other},nobody.certedge.test&myip=203.0.113.7`);
    expect((await newest())?.answer).toBe("good 203.0.113.7");
    expect((await local.attempts(ada, other))[0]?.answer).toBe("nochg 203.0.113.7");
  });

  it("tells why it was answered so", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    await update(`hostname=${host}&myip=192.168.1.2`);
    expect(await newest()).toMatchObject({
      answer: "good 198.51.100.9",
      note: "192.168.1.2 is not a public address: the one that the request came from is set.",
    });
    local.beforeWrite(async () => {
      throw new DnsProviderError("unavailable", "PowerDNS", "It is away.");
    });
    await update(`hostname=${host}&myip=203.0.113.8`);
    expect(await newest()).toMatchObject({ answer: "dnserr", note: "It is away." });
    await local.update(ada, `hostname=${host}&myip=203.0.113.8&offline=garbage&myipv6=garbage`);
    expect((await newest())?.note).toBe("It is away.");
  });

  const wrong: [string, () => Record<string, string>, RegExp][] = [
    ["no credential", () => ({}), /No user name and password/],
    ["a wrong password", () => ({ authorization: basic("ada", "secret secret") }), /do not fit/],
    ["a key that is none", () => ({ authorization: basic("ada", `ak_${"x".repeat(43)}`) }), /There is no such API key/],
    [
      "a key that was cut",
      () => ({ authorization: basic("ada", ada.key.slice(0, 32)) }),
      /cut: it came with 32 charact/,
    ],
    ["a cut update password", () => ({ authorization: basic("", "up23456789abcdef") }), /an update password has 20/],
    ["the user name of somebody else", () => ({ authorization: basic("eve", ada.key) }), /that of somebody else/],
  ];

  it.each(wrong)("that is refused for %s is in the host's log, and says so", async (_what, headers, note) => {
    const answer = await local.ask(`hostname=${host}&myip=203.0.113.7`, { headers: { ...CLIENT, ...headers() } });
    expect(answer.status).toBe(401);
    const logged = await attempts();
    expect(logged).toMatchObject([{ answer: "badauth", status: 401, actor: null, refused: true }]);
    expect(logged[0]?.note).toMatch(note);
    for (const secret of Object.values(headers()))
      expect(JSON.stringify(logged)).not.toContain(Buffer.from(secret.slice(6), "base64").toString().split(":")[1]);
  });

  it("by somebody who has no right to the host is there, too, and that they had none", async () => {
    expect(await update(`hostname=${host}&myip=203.0.113.66`, eve)).toBe("nohost");
    expect(await newest()).toMatchObject({ answer: "nohost", refused: true });
  });

  it("that changes nothing is noted now and then only, and every other at once", async () => {
    for (let times = 0; times < 5; times++) await update(`hostname=${host}&myip=203.0.113.7`);
    for (let times = 0; times < 3; times++) await update(`hostname=${host}&myip=203.0.113.${10 + times}`);
    expect((await attempts()).map(({ answer }) => answer)).toEqual([
      "good 203.0.113.12",
      "good 203.0.113.11",
      "good 203.0.113.10",
      "nochg 203.0.113.7",
      "good 203.0.113.7",
    ]);
  });

  it("is gone with its domain: whoever takes the name next sees nothing of it", async () => {
    await update(`hostname=${host}&myip=203.0.113.7`);
    await local.afterwards();
    await local.domains.remove(ada.identity.id, host);
    await local.take(eve, host);
    expect(await local.attempts(eve, host)).toEqual([]);
  });
});
