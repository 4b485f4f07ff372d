import { describe, expect, it } from "vitest";
import { type CaaFinding, type CaaRecord, caaRefusal, findCaa } from "../../src/dns/caa";
import { ResolveError, type Resolver } from "../../src/dns/resolver";

/** A DNS with CAA records at some names, and names about which no answer comes. */
function dns(records: Record<string, string[]>, silent: string[] = []) {
  const asked: string[] = [];
  const resolver: Resolver = {
    async query(name) {
      asked.push(name);
      if (silent.includes(name)) throw new ResolveError(`${name} does not answer.`);
      const values = records[name] ?? [];
      return { rcode: "NOERROR", answers: values.map((value) => ({ name, type: "CAA", ttl: 60, value })) };
    },
  };
  return { asked, resolver };
}

const find = async (resolver: Resolver, name: string) => (await findCaa(resolver, [name])).get(name);

describe("The CAA records that hold for a name", () => {
  it.each<[string, string, Record<string, string[]>, object]>([
    ["its own", "www.example.com", { "www.example.com": ['0 issue "a.example"'] }, { at: "www.example.com" }],
    [
      "those of the next name above",
      "a.b.example.com",
      { "example.com": ['0 issue "a.example"'] },
      { at: "example.com" },
    ],
    ["those of the top-level domain", "www.example.com", { com: ['0 issue "a.example"'] }, { at: "com" }],
    [
      "of a wildcard, those of the name below it",
      "*.example.com",
      { "example.com": ['0 issue "b"'] },
      { at: "example.com" },
    ],
    ["none", "www.example.com", { "other.example.com": ['0 issue "b"'] }, { kind: "none" }],
  ])("are %s", async (_, name, records, expected) => {
    expect(await find(dns(records).resolver, name)).toMatchObject(expected);
  });

  it("are not known where the DNS gives no answer on the way up", async () => {
    const { resolver } = dns({ com: ['0 issue "a.example"'] }, ["example.com"]);
    expect(await find(resolver, "www.example.com")).toMatchObject({ kind: "unknown" });
  });

  it("are asked for once at each name, however many names share it", async () => {
    const { resolver, asked } = dns({});
    await findCaa(resolver, ["a.example.com", "b.example.com", "*.example.com", "example.com"]);
    expect(asked.sort()).toEqual(["a.example.com", "b.example.com", "com", "example.com"]);
  });
});

const ACCOUNT = "https://ca.example/acct/1";
const claim = { issuerDomainNames: ["ca.example"], accountUrl: ACCOUNT, validationMethod: "dns-01" };
const found = (...records: [tag: string, value: string, critical?: boolean][]): CaaFinding => ({
  kind: "found",
  at: "example.com",
  records: records.map(([tag, value, critical = false]): CaaRecord => ({ tag, value, critical })),
});

describe("An authority may issue", () => {
  it.each<[string, string, CaaFinding]>([
    ["where there are no records", "example.com", { kind: "none" }],
    ["where nothing is known", "example.com", { kind: "unknown", why: "silence" }],
    ["where it is named", "example.com", found(["issue", "ca.example"])],
    ["where it is one of several", "example.com", found(["issue", "other.example"], ["issue", "CA.example."])],
    ["where only reports are asked for", "example.com", found(["iodef", "mailto:a@example.com", true])],
    ["where only wildcards are limited", "example.com", found(["issuewild", ";"])],
    ["a wildcard by issue", "*.example.com", found(["issue", "ca.example"])],
    ["a wildcard by issuewild alone", "*.example.com", found(["issue", ";"], ["issuewild", "ca.example"])],
    ["for its account", "example.com", found(["issue", `ca.example; accounturi=${ACCOUNT}`])],
    ["by its method", "example.com", found(["issue", "ca.example; validationmethods=http-01,dns-01"])],
  ])("%s", (_, name, finding) => expect(caaRefusal(name, finding, claim)).toBeUndefined());
});

describe("An authority may not issue", () => {
  it.each<[string, string, CaaFinding, RegExp]>([
    ["where others are named", "example.com", found(["issue", "other.example"]), /let others issue/],
    ["where nobody is", "example.com", found(["issue", ";"]), /let others issue/],
    [
      "a wildcard where issuewild names others",
      "*.example.com",
      found(["issue", "ca.example"], ["issuewild", ";"]),
      /others/,
    ],
    [
      "for another account",
      "example.com",
      found(["issue", "ca.example; accounturi=https://ca.example/acct/2"]),
      /another account/,
    ],
    ["by another method", "example.com", found(["issue", "ca.example; validationmethods=http-01"]), /dns-01/],
    [
      "where what is critical is not known",
      "example.com",
      found(["issue", "ca.example"], ["future", "x", true]),
      /critical/,
    ],
    ["by what cannot be read", "example.com", found(["issue", "ca.example; %%%"]), /cannot be read/],
  ])("%s", (_, name, finding, reason) => expect(caaRefusal(name, finding, claim)).toMatch(reason));
});
