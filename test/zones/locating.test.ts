/** Where the values that prove many names go: found with as few questions as for one. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DnsProviderError } from "../../src/dns/errors";
import type { ZoneConnection } from "../../src/dns/provider";
import { ResolveError, type Resolver } from "../../src/dns/resolver";
import type { DnsAccountRow, DnsAccounts } from "../../src/dns-accounts/service";
import { accounts, domains, challengeHosts as hostTable, records, zones as zoneTable } from "../../src/storage/schema";
import { createBaseZone } from "../../src/zones/base-zone";
import { createChallengeHosts } from "../../src/zones/challenge-hosts";
import { createChallengeZones } from "../../src/zones/challenges";
import { ownZonesFirst } from "../../src/zones/own-zones-resolver";
import { builtinRecords, zoneLookup } from "../../src/zones/records";
import { createZones, type DnsPin } from "../../src/zones/service";
import { type LocalDatabase, localDatabase } from "./local-database";

const OWNER = 1;
const OTHER = 2;
const OURS = "certedge.test";

let local: LocalDatabase;
/** What was asked outside of D1, in order: "CNAME name", "zones account", "zone account name". */
let asked: string[] = [];
let aliases: Record<string, string> = {};
/** Nobody answers for it. */
let silent = "";

beforeAll(async () => {
  local = await localDatabase();
  const account = { username: "ada", email: "ada@example.com", role: "member", plan: "elite" } as const;
  const other = { ...account, username: "bob", email: "bob@example.com" };
  await local.database.insert(accounts).values([
    { ...account, id: OWNER, passwordHash: "", createdAt: 0 },
    { ...other, id: OTHER, passwordHash: "", createdAt: 0 },
  ]);
});
afterAll(() => local.close());

beforeEach(async () => {
  asked = [];
  aliases = {};
  silent = "";
  await local.database.delete(records);
  await local.database.delete(domains);
  await local.database.delete(hostTable);
  await local.database.delete(zoneTable);
  await local.database.insert(zoneTable).values({ name: OURS, serial: 1, createdAt: 0 });
});

const world: Resolver = {
  async query(name, type) {
    asked.push(`${type} ${name}`);
    if (name === silent) throw new ResolveError("The resolver cannot be reached.");
    const value = aliases[name];
    return { rcode: "NOERROR", answers: value ? [{ name, type: "CNAME", ttl: 60, value }] : [] };
  },
};

type Account = Pick<ZoneConnection, "zones" | "hasZone">;

const listing = (accountId: string, names: string[]): Account => ({
  async zones() {
    asked.push(`zones ${accountId}`);
    return names;
  },
});

const telling = (accountId: string, names: string[]): Account => ({
  async hasZone(name) {
    asked.push(`zone ${accountId} ${name}`);
    return names.includes(name);
  },
});

const failing = (accountId: string): Account => ({
  async zones() {
    asked.push(`zones ${accountId}`);
    throw new DnsProviderError("credential", "Test", "It knows no such key.");
  },
});

/** `bound` says which of the accounts are for one instance alone. */
function challengeZones(connections: Record<string, Account> = {}, bound: Record<string, string> = {}) {
  const scope = { allowedZones: null, allowedRecords: null, disabledAt: null };
  const rows = Object.keys(connections).map((accountId) => ({
    id: accountId,
    accountId,
    provider: "powerdns",
    instanceId: bound[accountId] ?? null,
    ...scope,
  }));
  const dnsAccounts = {
    list: async () => rows as DnsAccountRow[],
    defaultProvider: async () => null,
    open: async (row: DnsAccountRow) => ({
      row,
      provider: { title: "Test", connect: () => connections[row.id] },
      credentials: {},
    }),
  } as unknown as DnsAccounts;
  const zones = createZones({
    database: local.database,
    dnsAccounts,
    objects: {} as DurableObjectNamespace<never>,
    http: () => ({}) as never,
    connect: () => ({}) as never,
    builtinRecords: builtinRecords(local.database, () => 0),
    baseZone: createBaseZone({ database: local.database, builtinZone: OURS, now: () => 0 }),
    records: zoneLookup(local.database),
    tell: async () => undefined,
    now: () => 0,
  });
  const resolver = ownZonesFirst(zoneLookup(local.database), world);
  return createChallengeZones({
    zones,
    dnsAccounts,
    challengeHosts: challengeHosts(),
    resolver,
    visibility: {} as never,
  });
}

const challengeHosts = () => createChallengeHosts({ database: local.database, builtinZone: OURS, now: () => 0 });

const takeDomain = (ownerId: number, fqdn: string) =>
  local.database
    .insert(domains)
    .values({ id: fqdn, ownerId, fqdn, zone: OURS, dnsAccountId: null, ttl: 60, createdAt: 0, updatedAt: 0 });

const hosts = (count: number, zone: string) => Array.from({ length: count }, (_, index) => `host${index}.${zone}`);
const placesOf = async (names: string[], connections?: Record<string, Account>) => {
  const places = await challengeZones(connections).locate(OWNER, names, {});
  return places.map(
    ({ recordName, location }) => `${recordName} in ${location.dnsAccountId ?? "ours"}/${location.zone}`,
  );
};

describe("The places of names in a zone that we serve", () => {
  it("are found with as many statements for a hundred names as for one, and nobody outside is asked", async () => {
    const statementsFor = async (count: number) => {
      local.resetCount();
      const places = await placesOf(hosts(count, OURS));
      expect(new Set(places)).toEqual(
        new Set(hosts(count, OURS).map((name) => `_acme-challenge.${name} in ours/${OURS}`)),
      );
      return local.count.statements;
    };
    expect(await statementsFor(100)).toBe(await statementsFor(1));
    expect(asked).toEqual([]);
  });

  it("are in the longest of our zones", async () => {
    await local.database.insert(zoneTable).values({ name: `low.${OURS}`, serial: 1, createdAt: 0 });
    expect(await placesOf([`a.low.${OURS}`, `a.${OURS}`, `*.low.${OURS}`])).toEqual([
      `_acme-challenge.a.low.${OURS} in ours/low.${OURS}`,
      `_acme-challenge.a.${OURS} in ours/${OURS}`,
      `_acme-challenge.low.${OURS} in ours/low.${OURS}`,
    ]);
  });

  it.each([`_acme-challenge.a.${OURS}`, `*.a.${OURS}`])("are where our alias at %s leads", async (name) => {
    const [zone] = await local.database.select().from(zoneTable);
    const row = { zoneId: zone?.id ?? 0, type: "CNAME", value: `proof.${OURS}`, ttl: 60 };
    const path = `${name.split(".").reverse().join(".")}.`;
    await local.database.insert(records).values({ ...row, name, path });
    await takeDomain(OWNER, `proof.${OURS}`);
    expect(await placesOf([`a.${OURS}`, `b.${OURS}`])).toEqual([
      `proof.${OURS} in ours/${OURS}`,
      `_acme-challenge.b.${OURS} in ours/${OURS}`,
    ]);
  });

  it("are found for a name of as many labels as there can be", async () => {
    const name = `${"a.".repeat(110)}${OURS}`;
    expect(await placesOf([name])).toEqual([`_acme-challenge.${name} in ours/${OURS}`]);
  });
});

describe("A challenge host", () => {
  it("is where its domain's challenges go once the alias is set, with no DNS account at all", async () => {
    const host = await challengeHosts().handOut(OWNER, "*.Example.com");
    expect(host.name).toMatch(/^[0-9a-f-]{36}\.acme\.certedge\.test$/);
    expect((await challengeHosts().handOut(OWNER, "example.com")).name).toBe(host.name);
    aliases = { "_acme-challenge.example.com": host.name };
    expect(await placesOf(["example.com", "*.example.com"])).toEqual(Array(2).fill(`${host.name} in ours/${OURS}`));
  });

  it("is another one for each account", async () => {
    const [mine, theirs] = await Promise.all([OWNER, OTHER].map((id) => challengeHosts().handOut(id, "example.com")));
    expect(mine?.name).not.toBe(theirs?.name);
  });

  it("is written to for its owner only: whoever else the alias would serve is refused", async () => {
    const { name } = await challengeHosts().handOut(OTHER, "example.com");
    aliases = { "_acme-challenge.example.com": name };
    await expect(placesOf(["example.com"])).rejects.toMatchObject({ status: 403 });
  });

  it("is no way to a host name of somebody else's", async () => {
    await takeDomain(OTHER, `home.${OURS}`);
    aliases = { "_acme-challenge.example.com": `_acme-challenge.home.${OURS}` };
    await expect(placesOf(["example.com"])).rejects.toMatchObject({ status: 403 });
  });

  it("is no way to a host name of somebody else's that is below one's own", async () => {
    await takeDomain(OTHER, `inner.home.${OURS}`);
    await takeDomain(OWNER, `home.${OURS}`);
    aliases = { "_acme-challenge.example.com": `_acme-challenge.inner.home.${OURS}` };
    await expect(placesOf(["example.com"])).rejects.toMatchObject({ status: 403 });
    aliases = { "_acme-challenge.example.com": `_acme-challenge.deep.home.${OURS}` };
    expect(await placesOf(["example.com"])).toEqual([`_acme-challenge.deep.home.${OURS} in ours/${OURS}`]);
  });

  it("is gone once it is given up", async () => {
    const { name } = await challengeHosts().handOut(OWNER, "example.com");
    await challengeHosts().remove(OWNER, "example.com");
    aliases = { "_acme-challenge.example.com": name };
    await expect(placesOf(["example.com"])).rejects.toMatchObject({ status: 403 });
    await expect(challengeHosts().remove(OWNER, "example.com")).rejects.toMatchObject({ status: 404 });
  });
});

describe("An account that is bound to an instance", () => {
  const connections = () => ({ ours: listing("ours", ["example.com"]), shared: listing("shared", ["example.com"]) });
  const accountFor = async (pin: DnsPin, name = "a.example.com") => {
    const [place] = await challengeZones(connections(), { ours: "web-1" }).locate(OWNER, [name], pin);
    return place?.location.dnsAccountId;
  };

  it("is used for what is of that instance, and passed over without being asked for all else", async () => {
    expect(await accountFor({ instanceId: "web-1" })).toBe("ours");
    asked = [];
    expect(await accountFor({ instanceId: "web-2" })).toBe("shared");
    expect(await accountFor({})).toBe("shared");
    expect(asked).not.toContain("zones ours");
  });

  it("is used for no other instance's names that an alias leads to", async () => {
    aliases = { "_acme-challenge.a.example.net": "a.example.com" };
    const pin = { provider: "powerdns" };
    expect(await accountFor({ ...pin, instanceId: "web-1" }, "a.example.net")).toBe("ours");
    expect(await accountFor({ ...pin, instanceId: "web-2" }, "a.example.net")).toBe("shared");
  });
});

describe("A declared alias", () => {
  const locate = (alias: string) => challengeZones().locate(OWNER, ["a.example.com", "b.example.com"], {}, alias);

  beforeEach(async () => {
    await takeDomain(OWNER, `proofs.${OURS}`);
    const target = `_acme-challenge.proofs.${OURS}`;
    aliases = { "_acme-challenge.a.example.com": target, "_acme-challenge.b.example.com": target };
  });

  it.each([`proofs.${OURS}`, `_acme-challenge.proofs.${OURS}`])("is %s when every name leads there", async (alias) => {
    expect((await locate(alias)).map(({ recordName }) => recordName)).toEqual(
      Array(2).fill(`_acme-challenge.proofs.${OURS}`),
    );
  });

  it("that a name does not lead to is refused, with the record that is missing", async () => {
    delete aliases["_acme-challenge.b.example.com"];
    await expect(locate(`proofs.${OURS}`)).rejects.toMatchObject({
      status: 422,
      detail: expect.stringContaining("_acme-challenge.b.example.com is no alias"),
    });
  });

  it("that cannot be looked up is refused as such", async () => {
    silent = "_acme-challenge.b.example.com";
    await expect(locate(`proofs.${OURS}`)).rejects.toMatchObject({
      status: 422,
      detail: expect.stringContaining("_acme-challenge.b.example.com could not be looked up"),
    });
  });
});

describe("The places of names in zones of DNS accounts", () => {
  it("are found by listing the zones of each account once", async () => {
    const names = hosts(50, "example.com");
    const places = await placesOf(names, {
      other: listing("other", ["example.net"]),
      home: listing("home", ["example.com"]),
    });
    expect(places).toEqual(names.map((name) => `_acme-challenge.${name} in home/example.com`));
    expect(asked.filter((question) => question.startsWith("zones"))).toEqual(["zones other", "zones home"]);
  });

  it("are found by asking an account for each zone once", async () => {
    const names = hosts(5, "example.com");
    const places = await placesOf(names, { home: telling("home", ["example.com"]) });
    expect(places).toEqual(names.map((name) => `_acme-challenge.${name} in home/example.com`));
    const questions = asked.filter((question) => question.startsWith("zone "));
    expect(questions).toHaveLength(new Set(questions).size);
  });

  it("are found beside names in our own zones, and in spite of an account that fails", async () => {
    const names = [`a.${OURS}`, "a.example.com", "b.example.com"];
    const places = await placesOf(names, { broken: failing("broken"), home: listing("home", ["example.com"]) });
    expect(places).toEqual([
      `_acme-challenge.a.${OURS} in ours/${OURS}`,
      "_acme-challenge.a.example.com in home/example.com",
      "_acme-challenge.b.example.com in home/example.com",
    ]);
    expect(asked).not.toContain(`CNAME _acme-challenge.a.${OURS}`);
  });

  it("are where an alias leads, be it into another account or to us", async () => {
    aliases = {
      "_acme-challenge.a.example.com": "a.proofs.example.net",
      "_acme-challenge.b.example.com": `b.${OURS}`,
    };
    await takeDomain(OWNER, `b.${OURS}`);
    const places = await placesOf(["a.example.com", "b.example.com"], {
      home: listing("home", ["example.com"]),
      proofs: listing("proofs", ["proofs.example.net"]),
    });
    expect(places).toEqual([`a.proofs.example.net in proofs/proofs.example.net`, `b.${OURS} in ours/${OURS}`]);
  });

  it("are missing with what each account answered", async () => {
    const accounts = { broken: failing("broken"), home: listing("home", ["example.net"]) };
    const error = await placesOf(["a.example.com"], accounts).catch((reason) => reason);
    expect(error).toMatchObject({ status: 422 });
    expect(error.detail).toMatch(/broken: It knows no such key\..*home: .*example\.net/);
  });

  it("are the names themselves where nobody can say whether they are aliases; what is missing then says so", async () => {
    silent = "_acme-challenge.a.example.com";
    expect(await placesOf(["a.example.com"], { home: listing("home", ["example.com"]) })).toEqual([
      "_acme-challenge.a.example.com in home/example.com",
    ]);
    const missing = placesOf(["a.example.com"], { home: listing("home", ["example.net"]) });
    await expect(missing).rejects.toMatchObject({
      status: 422,
      detail: expect.stringMatching(/alias .* could not be looked up: The resolver cannot be reached\.$/),
    });
  });
});
