import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { answerRemote } from "../../src/dns/pdns-remote";
import { describeWith } from "../support/tools";
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

const call = async (path: string) => (await answerRemote(path, zones)).result;

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
    powerdns = await startRemotePowerDns(zones);
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

  it("asks for nothing that we do not know", async () => {
    await powerdns.dig("alias.certedge.test A");
    await powerdns.dig("certedge.test ANY", "+tcp");
    await powerdns.dig("certedge.test AXFR");
    const known =
      /^(lookup|list|getDomainInfo|getAllDomains|getAllDomainMetadata|getDomainMetadata|getDomainKeys)(\/|$)/;
    expect(powerdns.calls.filter((path) => !known.test(path))).toEqual([]);
  });
});
