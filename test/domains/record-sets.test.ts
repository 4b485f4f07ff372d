/** Record sets of hosts, and what is set beside them: stored first, and then what the zone answers. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { DnsProviderError } from "../../src/dns/errors";
import { type RecordType, recordTypes } from "../../src/dns/provider";
import { type LocalDomains, localDomains, type Person } from "./local-domains";

let local: LocalDomains;
let ada: Person;
let count = 0;
let host = "";

beforeAll(async () => {
  local = await localDomains();
  ada = await local.join("ada");
});
afterAll(() => local.close());

beforeEach(async () => {
  local.beforeWrite(async () => undefined);
  host = `records-${count++}.certedge.test`;
  await local.take(ada, host);
});

const put = (type: RecordType, values: string[], ttl?: number | null) =>
  local.put(ada, host, { type, values, ...(ttl === undefined ? {} : { ttl }) });
const drop = async (type: RecordType) => {
  const by = { actor: { account_id: 1, username: "ada", via: "session" as const, credential_id: null } };
  const domain = await local.domains.find(ada.identity.id, host);
  return local.domainRecords.remove(ada.identity, domain, type, { ...by, origin: { address: null, client: null } });
};

const long = "v=DKIM1; p=".concat("A".repeat(2000));

const good: [RecordType, string[], string[]][] = [
  ["A", ["203.0.113.7", "203.0.113.8"], ["203.0.113.7", "203.0.113.8"]],
  ["AAAA", ["2001:DB8:0::7"], ["2001:db8::7"]],
  ["CNAME", ["Other.Example.NET."], ["other.example.net"]],
  ["CNAME", ["_sip.example.net"], ["_sip.example.net"]],
  ["TXT", ["v=spf1 -all", 'a "quoted" \\ text', "grün"], ["v=spf1 -all", 'a "quoted" \\ text', "grün"]],
  ["TXT", [long], [long]],
  ["MX", ["10  Mail.example.com.", "020 b.example.com"], ["10 mail.example.com", "20 b.example.com"]],
  ["MX", ["0 ."], ["0 ."]],
  ["SRV", ["0 5 5060 sip.example.com.", "0 0 0 ."], ["0 5 5060 sip.example.com", "0 0 0 ."]],
  ["CAA", ["0 issue ca.example.net", '128 ISSUEWILD ";"'], ['0 issue "ca.example.net"', '128 issuewild ";"']],
  [
    "CAA",
    ['0 issue "ca.example.net; validationmethods=dns-01"', '0 iodef "mailto:a@example.com"'],
    ['0 issue "ca.example.net; validationmethods=dns-01"', '0 iodef "mailto:a@example.com"'],
  ],
];

describe("A record set", () => {
  it.each(good)("of %s is kept and answered: %j", async (type, given, kept) => {
    await put(type, given);
    expect((await local.resolve(host, type)).sort()).toEqual([...kept].sort());
    const { sets } = await local.domains.find(ada.identity.id, host);
    expect(sets.find((set) => set.type === type)?.values).toEqual(kept);
  });

  const bad: [RecordType, string[], string, RegExp][] = [
    ["A", ["203.0.113.7", "2001:db8::7"], "/values/1", /no|not an IPv4 address/],
    ["AAAA", ["::1"], "/values/0", /not an IPv6 address that a host can have/],
    ["CNAME", ["203.0.113.7"], "/values/0", /not the name of a host/],
    ["CNAME", ["a.example", "b.example"], "/values", /alias of one other name/],
    ["CNAME", ["a..example"], "/values/0", /not the name of a host/],
    ["TXT", ["same", "same"], "/values/1", /twice: see \/values\/0/],
    ["TXT", ["x".repeat(65_001)], "/values/0", /65001 bytes/],
    ["MX", ["mail.example.com"], "/values/0", /a preference and a host/],
    ["MX", ["70000 mail.example.com"], "/values/0", /preference is a number from 0 to 65535/],
    ["MX", ["10 203.0.113.7"], "/values/0", /not the name of a host/],
    ["MX", ["10 _mail.example.com"], "/values/0", /not the name of a host/],
    ["MX", ["0 .", "10 mail.example.com"], "/values", /stands alone/],
    ["MX", ["10 ."], "/values/0", /RFC 7505/],
    ["SRV", ["0 5 sip.example.com"], "/values/0", /priority, weight, port and host/],
    ["SRV", ["0 5 99999 sip.example.com"], "/values/0", /port is a number/],
    ["CAA", ["issue ca.example.net"], "/values/0", /flags, tag and value/],
    ["CAA", ["0 isue ca.example.net"], "/values/0", /isue is no tag of CAA/],
    ["CAA", ["256 issue ca.example.net"], "/values/0", /flags is a number from 0 to 255/],
    ["CAA", ['0 issue "not a domain"'], "/values/0", /names no authority/],
    ["CAA", ["0 iodef somewhere"], "/values/0", /nowhere to report to/],
  ];
  it.each(bad)("of %s is not made of %j, and says where it is wrong", async (type, values, pointer, detail) => {
    const refusal = await put(type, values).catch((error) => error);
    expect(refusal).toMatchObject({
      status: 422,
      options: { errors: [{ pointer, detail: expect.stringMatching(detail) }] },
    });
    expect(await local.resolve(host, type)).toEqual([]);
  });

  it("is written again whole, and alone: the other types stay", async () => {
    await put("A", ["203.0.113.7"]);
    await put("TXT", ["one", "two"]);
    await put("TXT", ["three"]);
    expect([await local.resolve(host, "TXT"), await local.resolve(host)]).toEqual([["three"], ["203.0.113.7"]]);
  });

  it("is gone once it is taken away, and can then not be taken away", async () => {
    await put("MX", ["10 mail.example.com"]);
    await drop("MX");
    expect(await local.resolve(host, "MX")).toEqual([]);
    await local.afterwards();
    await expect(drop("MX")).rejects.toMatchObject({ status: 404 });
  });

  it("goes with its domain, of whatever type it is", async () => {
    for (const [type, values] of good) if (type !== "CNAME") await put(type, values);
    await local.domains.remove(ada.identity.id, host);
    for (const type of recordTypes) expect(await local.resolve(host, type)).toEqual([]);
  });

  it("is an alias alone: beside nothing, and nothing beside it", async () => {
    await put("TXT", ["text"]);
    await expect(put("CNAME", ["other.example.net"])).rejects.toMatchObject({
      status: 409,
      detail: expect.stringContaining("has TXT records"),
    });
    await drop("TXT");
    await put("CNAME", ["other.example.net"]);
    await expect(put("A", ["203.0.113.7"])).rejects.toMatchObject({
      status: 409,
      detail: expect.stringContaining("is an alias"),
    });
    expect(await local.update(ada, `hostname=${host}&myip=203.0.113.7`)).toBe("conflict A");
    await expect(put("CNAME", [host])).rejects.toMatchObject({
      status: 422,
      detail: `${host} would be an alias of itself.`,
    });
  });

  it("of two that exclude each other and are written at once, is one", async () => {
    const both = await Promise.allSettled([put("CNAME", ["other.example.net"]), put("A", ["203.0.113.7"])]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const { sets } = await local.domains.find(ada.identity.id, host);
    expect(sets.filter(({ values }) => values.length > 0)).toHaveLength(1);
  });

  it("has a TTL of its own, which a router's update leaves, or that of its domain", async () => {
    await put("A", ["203.0.113.7"], 300);
    await put("TXT", ["text"]);
    await local.change(ada, host, { ttl: 120 });
    await local.update(ada, `hostname=${host}&myip=203.0.113.8`);
    const last = (type: RecordType) => local.written.filter((set) => set.name === host && set.type === type).at(-1);
    expect([last("A")?.ttl, last("TXT")?.ttl]).toEqual([300, 120]);
    await put("A", ["203.0.113.8"], null);
    expect(last("A")?.ttl).toBe(120);
  });

  it("is in the history with what it was before, and says what the provider said", async () => {
    await put("TXT", ["one"]);
    local.beforeWrite(async () => {
      throw new DnsProviderError("unavailable", "PowerDNS", "It is away.");
    });
    await expect(put("TXT", ["two"])).rejects.toThrow("It is away.");
    await local.afterwards();
    const { row, sets } = await local.domains.find(ada.identity.id, host);
    expect(sets).toMatchObject([{ type: "TXT", values: ["two"], problem: "PowerDNS: It is away." }]);
    const [change] = await local.domains.history(row.id, { limit: 1 });
    expect(change).toMatchObject({ type: "TXT", before: ["one"], after: ["two"], outcome: "failed" });
    local.beforeWrite(async () => undefined);
    await put("TXT", ["two"]); // the same again: told again
    expect(await local.resolve(host, "TXT")).toEqual(["two"]);
  });
});

describe("A host", () => {
  it("is offline until it is taken back, whatever its router says meanwhile", async () => {
    await put("A", ["203.0.113.7"]);
    await put("TXT", ["text"]);
    await local.change(ada, host, { offline: true });
    expect([await local.resolve(host), await local.resolve(host, "TXT")]).toEqual([[], []]);
    expect(await local.update(ada, `hostname=${host}&myip=203.0.113.8`)).toBe("good 203.0.113.8");
    expect(await local.resolve(host)).toEqual([]);
    await local.change(ada, host, { offline: false });
    expect([await local.resolve(host), await local.resolve(host, "TXT")]).toEqual([["203.0.113.8"], ["text"]]);
  });

  it("stays offline when an update that began before comes to its end after", async () => {
    await put("A", ["203.0.113.7"]);
    const arrived = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    local.onTheWay(async ([set]) => {
      if (set?.values[0] !== "203.0.113.8") return;
      arrived.resolve();
      await released.promise;
    });
    const slow = local.update(ada, `hostname=${host}&myip=203.0.113.8`);
    await arrived.promise;
    await local.change(ada, host, { offline: true });
    released.resolve();
    await slow;
    local.onTheWay(async () => undefined);
    expect(await local.resolve(host)).toEqual([]);
  });

  it("has its addresses below its name, too, while it is asked to", async () => {
    await put("A", ["203.0.113.7"]);
    await local.change(ada, host, { wildcard: true });
    expect(await local.resolve(`any.${host}`)).toEqual(["203.0.113.7"]);
    await put("A", ["203.0.113.8"]);
    expect(await local.resolve(`any.${host}`)).toEqual(["203.0.113.8"]);
    await local.change(ada, host, { wildcard: false });
    expect([await local.resolve(`any.${host}`), await local.resolve(host)]).toEqual([[], ["203.0.113.8"]]);
  });
});

it("A list is one query for each page, and the pages hold every domain once", async () => {
  const reader = await local.join("reader");
  const names = Array.from({ length: 25 }, (_, index) => `list-${String(index).padStart(2, "0")}.certedge.test`);
  for (const name of names) await local.take(reader, name, "203.0.113.7");
  const page = (after?: string, more = {}) =>
    local.domains.list(reader.identity.id, { after, allowedDomains: null, ...more }, 10);
  local.resetCount();
  const first = await page();
  expect(local.count.statements).toBe(1);
  const second = await page(first.at(-1)?.row.fqdn);
  const third = await page(second.at(-1)?.row.fqdn);
  expect([...first, ...second, ...third].map(({ row }) => row.fqdn)).toEqual(names);
  expect(first.every(({ sets }) => sets.length === 1)).toBe(true);
  const found = async (filter: object) => (await page(undefined, filter)).map(({ row }) => row.fqdn);
  expect(await found({ search: "T-07" })).toEqual(["list-07.certedge.test"]);
  expect(await found({ zone: "elsewhere.example" })).toEqual([]);
  expect(await found({ allowedDomains: ["list-03.certedge.test", "*.list-04.certedge.test"] })).toEqual([names[3]]);
  expect(await found({ allowedDomains: ["*.certedge.test"], search: "list-1" })).toHaveLength(10);
});
