/** Routers that have the account's password, over a real D1; and what a key's update costs. */

import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashPassword } from "../../src/accounts/passwords";
import { accounts, knownNetworks, passkeys } from "../../src/storage/schema";
import { type LocalDomains, localDomains, type Person } from "./local-domains";

const PASSWORD = "plenty of wild horses";

let local: LocalDomains;

beforeAll(async () => {
  local = await localDomains();
});

afterAll(() => local.close());

let last = 0;

async function joinWithPassword(): Promise<{ person: Person; host: string }> {
  const person = await local.join(`router-${++last}`, "free");
  const passwordHash = await hashPassword(PASSWORD);
  await local.database.update(accounts).set({ passwordHash }).where(eq(accounts.id, person.identity.id));
  const host = `${person.identity.username}.certedge.test`;
  await local.take(person, host);
  return { person, host };
}

const update = ({ identity }: Person, host: string, password = PASSWORD, ip = "203.0.113.7") =>
  local.update({ identity, key: password }, `hostname=${host}&myip=${ip}`);

describe("An update by password", () => {
  it("is made on every plan", async () => {
    const { person, host } = await joinWithPassword();
    expect(await update(person, host)).toBe("good 203.0.113.7");
    expect(await update(person, host, "wrong horse battery")).toBe("badauth");
  });

  it("costs one round trip once the password was right, and counts no failure", async () => {
    const { person, host } = await joinWithPassword();
    await update(person, host);
    await local.afterwards();
    local.resetCount();
    for (let count = 0; count < 20; count++) expect(await update(person, host)).toBe("nochg 203.0.113.7");
    expect(local.count.batches).toBe(20);
  });

  it("is refused from the moment on that the password is another one", async () => {
    const { person, host } = await joinWithPassword();
    await update(person, host);
    const passwordHash = await hashPassword("another few horses");
    await local.database.update(accounts).set({ passwordHash }).where(eq(accounts.id, person.identity.id));
    expect(await update(person, host)).toBe("badauth");
    expect(await update(person, host, "another few horses")).toBe("nochg 203.0.113.7");
  });

  it("is refused from the moment on that the account is suspended", async () => {
    const { person, host } = await joinWithPassword();
    await update(person, host);
    await local.database.update(accounts).set({ suspendedAt: 1 }).where(eq(accounts.id, person.identity.id));
    expect(await update(person, host)).toBe("badauth");
  });

  const secondFactors: [string, (id: number) => Promise<unknown>][] = [
    [
      "an authenticator app",
      (id) => local.database.update(accounts).set({ totpConfirmedAt: 1 }).where(eq(accounts.id, id)),
    ],
    [
      "a passkey",
      (id) => {
        const passkey = {
          id: `passkey-${id}`,
          accountId: id,
          name: "laptop",
          publicKey: "",
          counter: 0,
          transports: [],
        };
        return local.database.insert(passkeys).values({ ...passkey, createdAt: 1 });
      },
    ],
  ];

  it.each(secondFactors)("is badauth where the account has %s, and its log says why, once", async (_what, add) => {
    const { person, host } = await joinWithPassword();
    expect(await update(person, host)).toBe("good 203.0.113.7");
    await add(person.identity.id);
    expect(await update(person, host)).toBe("badauth");
    expect(await update(person, host)).toBe("badauth");
    await local.afterwards();
    const entries = await local.audit.list(person.identity.id, {}, 10);
    expect(entries.map(({ action }) => action)).toEqual(["domain.password_refused", "domain.update"]);
    expect(JSON.stringify(entries)).toContain("second factor");
    expect(JSON.stringify(entries)).not.toContain(PASSWORD);
    expect(await local.update({ ...person }, `hostname=${host}&myip=203.0.113.7`)).toBe("!donator");
  });

  it("is not how a network becomes known to an account with a second factor", async () => {
    const { person, host } = await joinWithPassword();
    const { id } = person.identity;
    await local.database.update(accounts).set({ totpConfirmedAt: 1 }).where(eq(accounts.id, id));
    expect(await update(person, host)).toBe("badauth");
    await local.afterwards();
    const networks = await local.database.select().from(knownNetworks).where(eq(knownNetworks.ownerId, id));
    expect(networks).toEqual([]);
  });
});

describe("An update by key", () => {
  it("costs one round trip, whatever is narrowed", async () => {
    const person = await local.join("by-key");
    await local.take(person, "by-key.certedge.test");
    await local.update(person, "hostname=by-key.certedge.test&myip=203.0.113.7");
    await local.afterwards();
    local.resetCount();
    expect(await local.update(person, "hostname=by-key.certedge.test&myip=203.0.113.7")).toBe("nochg 203.0.113.7");
    expect(local.count.batches).toBe(1);
  });
});

describe("Changes of addresses", () => {
  it("are as many in an hour as the plan allows; what changes nothing is free", async () => {
    const person = await local.join("flapping", "pro");
    await local.take(person, "flapping.certedge.test");
    const set = (ip: string) => local.update(person, `hostname=flapping.certedge.test&myip=${ip}`);
    const spent = { ownerId: person.identity.id, hour: Math.floor(Date.now() / 3_600_000), updates: 999 };
    await local.spend(spent);
    expect(await set("203.0.113.1")).toBe("good 203.0.113.1");
    expect(await set("203.0.113.1")).toBe("nochg 203.0.113.1");
    expect(await set("203.0.113.2")).toBe("abuse");
    await local.spend({ ...spent, hour: spent.hour - 1 });
    expect(await set("203.0.113.2")).toBe("good 203.0.113.2");
  });
});
