/** Which credentials are taken over plain HTTP and in addresses, and what an update password is good for. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newHostPassword } from "../../src/domains/host-passwords";
import type { Allowance } from "../../src/domains/update-ways";
import { basic, type LocalDomains, localDomains, type Person } from "./local-domains";

let local: LocalDomains;
let ada: Person;
let count = 0;
let host = "";
let password = "";

beforeAll(async () => {
  local = await localDomains();
  ada = await local.join("ada");
});
afterAll(() => local.close());

beforeEach(async () => {
  Object.assign(local.ways, { plainHttp: "host", inAddress: "host" });
  host = `way-${count++}.certedge.test`;
  await local.take(ada, host, "203.0.113.1");
  password = await local.hostPassword(ada, host);
  await local.afterwards();
});

const query = () => `hostname=${host}&myip=203.0.113.1`;
const text = async (answer: Promise<Response>) => (await answer).text();
const overHttp = (secret: string) =>
  text(local.ask(query(), { scheme: "http", headers: { authorization: basic("ada", secret) } }));
const inAddress = (secret: string) => text(local.ask(`${query()}&username=ada&password=${secret}`));

describe.each([
  ["over plain HTTP", "plainHttp", overHttp],
  ["in the address", "inAddress", inAddress],
] as const)("A credential %s", (_title, setting, send) => {
  const taken = "nochg 203.0.113.1";
  it.each<[Allowance, string, string]>([
    ["off", "badauth", "badauth"],
    ["host", taken, "badauth"],
    ["all", taken, taken],
  ])("with the setting %s: the password of a host is answered %s, a key %s", async (allowance, forHost, forKey) => {
    Object.assign(local.ways, { [setting]: allowance });
    expect([await send(password), await send(ada.key)]).toEqual([forHost, forKey]);
  });

  it("that is not taken is not even looked up, and the log says why", async () => {
    local.resetCount();
    await send(ada.key);
    await local.afterwards();
    const [attempt] = await local.attempts(ada, host);
    expect(attempt?.note).toMatch(
      /^Only the update password of a single host is taken (over plain HTTP|in the address)/,
    );
  });

  it("is answered where it came, and never sent elsewhere", async () => {
    const answer = await local.ask(query(), { scheme: "http", headers: { authorization: basic("ada", ada.key) } });
    expect([answer.status, answer.headers.get("location")]).toEqual([401, null]);
  });
});

describe("An update password", () => {
  const by = (user: string, secret = password, hostname = host) =>
    local.update(
      { identity: { ...ada.identity, username: user }, key: secret },
      `hostname=${hostname}&myip=203.0.113.1`,
    );

  it("has 20 letters and digits, for the shortest fields that there are", () => {
    const all = new Set(Array.from({ length: 200 }, newHostPassword));
    expect(all.size).toBe(200);
    for (const one of all) expect(one).toMatch(/^[A-Za-z0-9]{20}$/);
  });

  it("goes with the account's name, its address, the host, or nobody", async () => {
    for (const user of ["ada", "ada@example.com", host, host.toUpperCase(), "", "none", "nouser"]) {
      expect(await by(user), user).toBe("nochg 203.0.113.1");
    }
    for (const user of ["eve", "other.certedge.test"]) expect(await by(user), user).toBe("badauth");
  });

  it("is good for its host, on every plan, and for no other", async () => {
    const fred = await local.join(`fred-${count}`, "free");
    const [mine, other] = [`mine-${count}.certedge.test`, `other-${count}.certedge.test`];
    for (const name of [mine, other]) await local.take(fred, name);
    const key = await local.hostPassword(fred, mine);
    const ask = (hostname: string) =>
      local.update({ identity: fred.identity, key }, `hostname=${hostname}&myip=203.0.113.1`);
    expect(await ask(mine)).toBe("good 203.0.113.1");
    expect(await ask(other)).toBe("nohost");
    expect(await ask(`${mine},${other}`)).toBe("nochg 203.0.113.1\nnohost");
  });

  it("says which host is meant, where none is named", async () => {
    const answer = await local.update({ identity: ada.identity, key: password }, "myip=203.0.113.1");
    expect(answer).toBe("nochg 203.0.113.1");
  });

  it("ends when another one is made, and when it is taken back", async () => {
    const next = await local.hostPassword(ada, host);
    expect([await by("ada"), await by("ada", next)]).toEqual(["badauth", "nochg 203.0.113.1"]);
    const { row } = await local.domains.find(ada.identity.id, host);
    await local.hostPasswords.end(ada.identity.id, row.id);
    expect(await by("ada", next)).toBe("badauth");
  });

  it("of somebody else's host cannot be made or taken back", async () => {
    const eve = await local.join(`eve-${count}`);
    const { row } = await local.domains.find(ada.identity.id, host);
    await local.hostPasswords.make(eve.identity.id, row.id);
    await local.hostPasswords.end(eve.identity.id, row.id);
    expect(await by("ada")).toBe("nochg 203.0.113.1");
  });

  it("is nothing in other letters, with more behind it, or with a letter less", async () => {
    for (const wrong of [password.toLowerCase(), `${password}x`, password.slice(0, 19), `${password} `]) {
      expect(await by("", wrong), wrong).toBe("badauth");
    }
  });
});
