import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answerRemote } from "../../src/dns/pdns-remote";
import { describeWith } from "../support/tools";
import { memorySigning } from "./memory-signing";
import { memoryZones } from "./memory-zones";
import { type RemotePowerDns, startRemotePowerDns } from "./powerdns-remote";

const long = "x".repeat(300);
const zones = memoryZones({
  "certedge.test": [
    ["home.certedge.test", "A", "192.0.2.1"],
    ["home.certedge.test", "AAAA", "2001:db8::1"],
    ["home.certedge.test", "TXT", 'says "hello" \\ and more'],
    ["long.certedge.test", "TXT", long],
    ["_acme-challenge.deep.certedge.test", "TXT", "one"],
    ["_acme-challenge.deep.certedge.test", "TXT", "two"],
    ["*.wild.certedge.test", "TXT", "any"],
    ["known.wild.certedge.test", "A", "192.0.2.3"],
    ["alias.certedge.test", "CNAME", "home.certedge.test"],
  ],
  "other.test": [["a.other.test", "A", "192.0.2.4"]],
});

const signing = memorySigning(["certedge.test"]);
const call = async (path: string, form?: Record<string, string | string[]>) => {
  const pairs = Object.entries(form ?? {}).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  return (await answerRemote(path, { zones, signing }, new URLSearchParams(pairs))).result;
};

describe("Our side of PowerDNS's remote backend", () => {
  it("lists every type at a name, SOA and NS records at the apex among them", async () => {
    expect(await call("lookup/certedge%2etest%2e/ANY")).toEqual([
      {
        qname: "certedge.test.",
        qtype: "SOA",
        content: "ns1.certedge.test hostmaster.certedge.test 7 3600 600 1209600 60",
        ttl: 60,
        auth: 1,
        domain_id: 1,
      },
      { qname: "certedge.test.", qtype: "NS", content: "ns1.certedge.test", ttl: 60, auth: 1, domain_id: 1 },
    ]);
    expect(await call("lookup/home.certedge.test./ANY")).toMatchObject([
      { qtype: "A" },
      { qtype: "AAAA" },
      { qtype: "TXT" },
    ]);
  });

  it("gives one type where one is asked for, and nothing else in its place", async () => {
    expect(await call("lookup/home.certedge.test./SOA")).toEqual([]);
    expect(await call("lookup/certedge.test./SOA")).toMatchObject([{ qtype: "SOA" }]);
    expect(await call("lookup/deep.certedge.test./SOA")).toEqual([]);
  });

  it("leaves wildcards to PowerDNS", async () => {
    expect(await call("lookup/x.wild.certedge.test./ANY")).toEqual([]);
    expect(await call("lookup/%2a%2ewild%2ecertedge%2etest%2e/ANY")).toMatchObject([
      { qname: "*.wild.certedge.test." },
    ]);
  });

  it("tells the zones and what is in them", async () => {
    expect(await call("getAllDomains")).toMatchObject([
      { id: 1, zone: "certedge.test.", kind: "native", serial: 7 },
      { id: 2, zone: "other.test.", kind: "native", serial: 7 },
    ]);
    expect(await call("getDomainInfo/other%2etest%2e")).toMatchObject({ id: 2, zone: "other.test." });
    expect(await call("getDomainInfo/example%2eorg%2e")).toBe(false);
    expect(await call("list/2/other%2etest%2e")).toMatchObject([
      { qtype: "SOA" },
      { qtype: "NS" },
      { qname: "a.other.test." },
    ]);
    expect(await call("list/3/example%2eorg%2e")).toBe(false);
  });

  it("keeps keys, whichever side of the zone's name their number is on", async () => {
    const key = { flags: "257", active: "1", published: "0", content: "Private-key-format: v1.2\nAlgorithm: 13" };
    const id = await call("addDomainKey/certedge.test.", key);
    expect(await call("getDomainKeys/certedge.test.")).toEqual([
      { id, flags: 257, active: true, published: false, content: key.content },
    ]);
    expect(await call(`deactivateDomainKey/${id}/certedge.test.`)).toBe(true);
    expect(await call(`publishDomainKey/certedge.test./${id}`)).toBe(true);
    expect(await call("getDomainKeys/certedge.test.")).toMatchObject([{ active: false, published: true }]);
    expect(await call(`removeDomainKey/${id}/certedge.test.`)).toBe(true);
    expect(await call(`removeDomainKey/${id}/certedge.test.`)).toBe(false);
    expect(await call("getDomainKeys/certedge.test.")).toEqual([]);
  });

  it("takes no key for a zone that is not ours, and none without content or with flags that are no number", async () => {
    const key = { flags: "257", active: "1", content: "x" };
    expect(await call("addDomainKey/example.org.", key)).toBe(false);
    expect(await call("addDomainKey/certedge.test.", { ...key, content: "" })).toBe(false);
    expect(await call("addDomainKey/certedge.test.", { ...key, flags: "many" })).toBe(false);
    expect(await call("getDomainKeys/certedge.test.")).toEqual([]);
  });

  it("keeps metadata, but denies names in narrow mode whatever it is told", async () => {
    expect(await call("setDomainMetadata/certedge.test./ALLOW-AXFR-FROM", { "value[]": ["192.0.2.1", "::1"] })).toBe(
      true,
    );
    expect(await call("getDomainMetadata/certedge.test./ALLOW-AXFR-FROM")).toEqual(["192.0.2.1", "::1"]);
    expect(await call("setDomainMetadata/certedge.test./ALLOW-AXFR-FROM")).toBe(true);
    expect(await call("getDomainMetadata/certedge.test./ALLOW-AXFR-FROM")).toEqual([]);
    expect(await call("setDomainMetadata/certedge.test./NSEC3NARROW")).toBe(false);
    expect(await call("setDomainMetadata/certedge.test./NSEC3PARAM", { "value[]": "1 0 5 ab" })).toBe(false);
    expect(await call("getAllDomainMetadata/certedge.test.")).toEqual({ NSEC3PARAM: ["1 0 0 -"], NSEC3NARROW: ["1"] });
  });

  it("says that it has nothing to what it does not know or cannot read", async () => {
    for (const path of ["", "lookup", "lookup/SOA", "startTransaction/1/x", "constructor", "__proto__/x", "toString"]) {
      expect([false, []], path).toContainEqual(await call(path));
    }
    expect(await call("lookup/%ff%fe/ANY")).toEqual([]);
    expect(await call("lookup/%E0%A4%A/ANY")).toEqual([]);
  });
});

describeWith(["pdns_server", "dig"], "A real PowerDNS with our records behind it", () => {
  let powerdns: RemotePowerDns;
  beforeAll(async () => {
    powerdns = await startRemotePowerDns({ zones, signing: memorySigning(["certedge.test"]) });
  }, 20_000);
  afterAll(() => powerdns?.stop());
  beforeEach(() => {
    powerdns.calls.length = 0;
  });

  it("answers addresses and text", async () => {
    expect(await powerdns.dig("home.certedge.test A")).toEqual({
      status: "NOERROR",
      records: ["home.certedge.test. 60 IN A 192.0.2.1"],
    });
    expect((await powerdns.dig("home.certedge.test AAAA")).records).toEqual([
      "home.certedge.test. 60 IN AAAA 2001:db8::1",
    ]);
    expect((await powerdns.dig("home.certedge.test TXT")).records).toEqual([
      'home.certedge.test. 60 IN TXT "says \\"hello\\" \\\\ and more"',
    ]);
    expect((await powerdns.dig("long.certedge.test TXT", "+tcp")).records).toEqual([
      `long.certedge.test. 60 IN TXT "${"x".repeat(255)}" "${"x".repeat(45)}"`,
    ]);
  });

  it("answers every value of a challenge name, in any case", async () => {
    expect((await powerdns.dig("_ACME-challenge.Deep.certedge.test TXT")).records).toEqual([
      '_ACME-challenge.Deep.certedge.test. 60 IN TXT "one"',
      '_ACME-challenge.Deep.certedge.test. 60 IN TXT "two"',
    ]);
  });

  it("says that a name with names below it exists, so that those are not taken for gone", async () => {
    expect(await powerdns.dig("deep.certedge.test A")).toEqual({ status: "NOERROR", records: [] });
    expect(await powerdns.dig("nobody.certedge.test A")).toEqual({ status: "NXDOMAIN", records: [] });
  });

  it("covers with wildcards what does not exist, and only that", async () => {
    expect((await powerdns.dig("x.y.wild.certedge.test TXT")).records).toEqual([
      'x.y.wild.certedge.test. 60 IN TXT "any"',
    ]);
    expect(await powerdns.dig("known.wild.certedge.test TXT")).toEqual({ status: "NOERROR", records: [] });
    expect((await powerdns.dig("x.known.wild.certedge.test TXT")).status).toBe("NXDOMAIN");
  });

  it("follows aliases", async () => {
    expect((await powerdns.dig("alias.certedge.test A")).records).toEqual([
      "alias.certedge.test. 60 IN CNAME home.certedge.test.",
      "home.certedge.test. 60 IN A 192.0.2.1",
    ]);
  });

  it("has a SOA record, and gives it with what is not there", async () => {
    const soa = "certedge.test. 60 IN SOA ns1.certedge.test. hostmaster.certedge.test. 7 3600 600 1209600 60";
    expect((await powerdns.dig("certedge.test SOA")).records).toEqual([soa]);
    expect((await powerdns.dig("nobody.certedge.test A", "+authority")).records).toEqual([soa]);
    expect((await powerdns.dig("certedge.test NS")).records).toEqual(["certedge.test. 60 IN NS ns1.certedge.test."]);
  });

  it("refuses names of other zones", async () => {
    for (const name of ["example.org", "test", "."]) expect((await powerdns.dig(`${name} A`)).status).toBe("REFUSED");
  });

  it("says that there are no such names where a label is strange", async () => {
    for (const name of ["a\\.b", "a\\047b"]) {
      expect((await powerdns.dig(`${name}.certedge.test A`)).status, name).toBe("NXDOMAIN");
    }
  });

  it("hands the whole zone to those who may transfer it", async () => {
    const { records } = await powerdns.dig("certedge.test AXFR");
    expect(records).toHaveLength(2 + 1 + 9); // the SOA record comes first and last
  });

  it("signs a zone with keys that it keeps with us, so that answers and denials can be validated", async () => {
    await powerdns.util("secure-zone", "certedge.test");
    expect((await powerdns.util("show-zone", "certedge.test")).toString()).toContain("ECDSAP256SHA256");
    expect((await powerdns.dig("home.certedge.test A", "+dnssec")).records.join()).toContain("RRSIG A 13");
    const anchor = await powerdns.util("export-zone-dnskey", "certedge.test", "1");
    const validate = (name: string, type: string) => powerdns.delv(anchor, "certedge.test", name, type);
    expect(await validate("home.certedge.test", "A")).toContain("; fully validated");
    expect(await validate("long.certedge.test", "TXT")).toContain("; fully validated");
    expect(await validate("x.y.wild.certedge.test", "TXT")).toContain("; fully validated");
    expect(await validate("alias.certedge.test", "AAAA")).toContain("; fully validated");
    expect(await validate("nobody.certedge.test", "A")).toContain("; negative response, fully validated");
    expect(await validate("home.certedge.test", "MX")).toContain("; negative response, fully validated");
    expect(await validate("deep.certedge.test", "A")).toContain("; negative response, fully validated");
  });

  it("asks for nothing that we do not know", async () => {
    await powerdns.dig("alias.certedge.test A");
    await powerdns.dig("certedge.test ANY", "+tcp");
    await powerdns.dig("certedge.test AXFR");
    const known =
      /^(lookup|list|getDomainInfo|getAllDomains|getAllDomainMetadata|getDomainMetadata|getDomainKeys|addDomainKey|setDomainMetadata)(\/|$)/;
    expect(powerdns.calls.filter((path) => !known.test(path))).toEqual([]);
  });
});
