/** Whose a host name is, and which credentials may update it. */
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accounts, apiKeys } from "../../src/storage/schema";
import { type LocalDomains, localDomains, type Person } from "./local-domains";

const HOME = "home.certedge.test";

let local: LocalDomains;
let ada: Person;
let eve: Person;

beforeAll(async () => {
  local = await localDomains();
  ada = await local.join("ada");
  eve = await local.join("eve");
  await local.take(ada, HOME, "203.0.113.1");
  await local.afterwards();
});
afterAll(() => local.close());

const update = (person: Person, hostname = HOME) => local.update(person, `hostname=${hostname}&myip=203.0.113.1`);

describe("A host name of another account", () => {
  const identity = () => eve.identity;

  it("is not there", async () => {
    await expect(local.domains.find(identity().id, HOME)).rejects.toMatchObject({ status: 404 });
    await expect(local.set(eve, HOME, "203.0.113.66")).rejects.toMatchObject({ status: 404 });
    await expect(local.domains.remove(identity().id, HOME)).rejects.toMatchObject({ status: 404 });
    expect(await local.domains.list(identity().id, { allowedDomains: null }, 10)).toEqual([]);
  });

  it("is taken, and so is everything below it", async () => {
    const take = (fqdn: string) => local.take(eve, fqdn, "203.0.113.66");
    await expect(take(HOME)).rejects.toMatchObject({ status: 409, detail: `${HOME} is taken. Choose another name.` });
    await expect(take(`Home.CERTEDGE.test.`)).rejects.toMatchObject({ status: 409 });
    await expect(take(`mail.${HOME}`)).rejects.toMatchObject({
      status: 409,
      detail: `mail.${HOME} is below ${HOME}, which is taken.`,
    });
  });

  it("is answered by a router's update as if nobody had it", async () => {
    expect(await update(eve)).toBe("nohost");
    expect(await update(eve, "nobody.certedge.test")).toBe("nohost");
    expect(await local.resolve(HOME)).toEqual(["203.0.113.1"]);
  });

  it("does not become one's own by being the user of the credential", async () => {
    const identity = { ...eve.identity, username: HOME };
    expect(await update({ ...eve, identity })).toBe("nohost");
  });
});

describe("A name that would pass for the operator's own", () => {
  it("is not given to a member", async () => {
    for (const fqdn of ["www.certedge.test", "ns1.certedge.test", "wpad.certedge.test"]) {
      await expect(local.take(eve, fqdn)).rejects.toMatchObject({
        status: 422,
        detail: `${fqdn} is reserved. Choose another name.`,
      });
    }
  });
});

describe("A key", () => {
  it("goes with the name or the address of its account, and no other", async () => {
    const as = (username: string) => update({ ...ada, identity: { ...ada.identity, username } });
    for (const user of ["ada", "ADA", "ada@example.com", HOME, "", "none"])
      expect(await as(user), user).toMatch(/^nochg/);
    for (const user of ["eve", "eve@example.com", "ad"]) expect(await as(user), user).toBe("badauth");
  });

  it("of a plan without API access is told so", async () => {
    expect(await update(await local.join("fred", "free"))).toBe("!donator");
  });

  it("of a suspended account does nothing", async () => {
    const sam = await local.join("sam");
    await local.database.update(accounts).set({ suspendedAt: Date.now() }).where(eq(accounts.id, sam.identity.id));
    expect(await update(sam)).toBe("badauth");
  });

  it("that was deactivated does nothing", async () => {
    const kim = await local.join("kim");
    expect(await update(kim)).toBe("nohost");
    await local.database.update(apiKeys).set({ isActive: false }).where(eq(apiKeys.ownerId, kim.identity.id));
    expect(await update(kim)).toBe("badauth");
  });
});

describe("An update", () => {
  it("without a change is one round trip to the database", async () => {
    await update(ada);
    local.resetCount();
    expect(await update(ada)).toBe("nochg 203.0.113.1");
    expect(local.count.batches).toBe(1);
    expect(local.count.statements).toBe(2);
  });

  it("of 20 hosts without a change is one round trip too", async () => {
    const hosts = Array.from({ length: 19 }, (_, index) => `h${index}.certedge.test`);
    for (const fqdn of hosts) await local.take(ada, fqdn, "203.0.113.1");
    await local.afterwards();
    local.resetCount();
    const lines = (await update(ada, [HOME, ...hosts].join(","))).split("\n");
    expect(lines).toEqual(Array.from({ length: 20 }, () => "nochg 203.0.113.1"));
    expect(local.count).toMatchObject({ batches: 1, statements: 2 });
  });
});
