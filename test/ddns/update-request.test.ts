import { describe, expect, it } from "vitest";
import { dyndns2 } from "../../src/ddns/dialects/dyndns2";

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });

/** What is read from the query of a GET, or from a POST with a form. */
function read(query: string, { form = "", headers = {} }: { form?: string; headers?: Record<string, string> } = {}) {
  const url = new URL(`http://127.0.0.1:8787/nic/update${query}`);
  const request = { method: form ? "POST" : "GET", url, headers: new Headers(headers), body: form };
  return dyndns2.read(request, { baseZone: "certedge.test" });
}

/** The spelling of an address, else what is said instead of one. */
const addressesOf = (query: string, form = "") => {
  const { A, AAAA } = read(query, { form }).families;
  return [A, AAAA].map((wanted) => (wanted?.kind === "set" ? wanted.address.spelling : wanted?.kind));
};

describe("The hosts of an update", () => {
  it.each([
    ["?hostname=home.certedge.test", ["home.certedge.test"]],
    ["?hostname=a.certedge.test,b.certedge.test", ["a.certedge.test", "b.certedge.test"]],
    ["?hostname=a.certedge.test%2Cb.certedge.test", ["a.certedge.test", "b.certedge.test"]],
    [
      "?hostname=b.certedge.test,a.certedge.test,b.certedge.test",
      ["b.certedge.test", "a.certedge.test", "b.certedge.test"],
    ],
    ["?hostname=,a.certedge.test,,%20b.certedge.test%20,", ["a.certedge.test", "b.certedge.test"]],
    ["?hostname=HOME.CertEdge.Test.", ["home.certedge.test"]],
    ["?HostName=home.certedge.test", ["home.certedge.test"]],
    ["?hostname=*.home.certedge.test", ["*.home.certedge.test"]],
    ["?hostname=%2a.home.certedge.test", ["*.home.certedge.test"]],
    ["?host=home.certedge.test", ["home.certedge.test"]],
    ["?domain=home.certedge.test", ["home.certedge.test"]],
    ["?domains=a.certedge.test,b.certedge.test", ["a.certedge.test", "b.certedge.test"]],
    // Single labels are answered with notfqdn, so they are kept.
    ["?hostname=home", ["home"]],
    ["?hostname=", []],
    ["?hostname=YES", []],
    ["?hostname=%h", []],
    ["?hostname=<domain>", []],
    ["?hostname=a.certedge.test%252Cb.certedge.test", ["a.certedge.test", "b.certedge.test"]],
    ["?hostname=grün.certedge.test", ["xn--grn-ioa.certedge.test"]],
    // DD-WRT puts the name behind an address that ends in "?".
    ["?home.certedge.test", ["home.certedge.test"]],
    ["?ip=%i&hostname=%h/nic/update?system=dyndns&hostname=home.certedge.test", ["home.certedge.test"]],
    ["", []],
    ["?", []],
  ])("in %j are %j", (query, hosts) => expect(read(query).hosts).toEqual(hosts));

  it("are the user part alone where no other is given", () => {
    const named = (user: string, query = "") => read(query, { headers: basic(`${user}:secret`) }).hosts;
    expect(named("Home.certedge.test")).toEqual(["home.certedge.test"]);
    expect(named("home.certedge.test", "?hostname=away.certedge.test")).toEqual(["away.certedge.test"]);
    expect(named("ada")).toEqual([]);
    expect(named("ada@example.com")).toEqual([]);
  });

  it("keep bytes that are no UTF-8 out of the way of the others", () => {
    expect(read("?hostname=%ff.certedge.test,home.certedge.test").hosts).toEqual([
      "\ufffd.certedge.test",
      "home.certedge.test",
    ]);
    expect(read("?hostname=100%.certedge.test").hosts).toEqual(["100%.certedge.test"]);
  });
});

describe("The addresses of an update", () => {
  it.each([
    ["?myip=203.0.113.7", "203.0.113.7", undefined],
    ["?myip=2001:db8::7", undefined, "2001:db8::7"],
    ["?myip=2001%3adb8%3A%3a7", undefined, "2001:db8::7"],
    ["?myip=203.0.113.7,2001:db8::7", "203.0.113.7", "2001:db8::7"],
    ["?myip=2001:db8::7,203.0.113.7", "203.0.113.7", "2001:db8::7"],
    ["?myip=203.0.113.7%2C%202001:db8::7", "203.0.113.7", "2001:db8::7"],
    ["?myip=203.0.113.7&myipv6=2001:db8::7", "203.0.113.7", "2001:db8::7"],
    ["?myipv6=2001:db8::7", undefined, "2001:db8::7"],
    ["?myip=&myipv6=2001:db8::7", undefined, "2001:db8::7"],
    // OpenWrt's template for Dynu: leave IPv4 alone.
    ["?myip=no&myipv6=2001:db8::7", "keep", "2001:db8::7"],
    ["?myip=203.0.113.7&myipv6=<ip6addr>", "203.0.113.7", undefined],
    ["?myip=203.0.113.7&myipv6=fe80::1", "203.0.113.7", undefined],
    ["?ip=203.0.113.7&ip6=2001:db8::7", "203.0.113.7", "2001:db8::7"],
    ["?ipv4=203.0.113.7&ipv6=2001:db8::7", "203.0.113.7", "2001:db8::7"],
    ["?MyIP=203.0.113.7", "203.0.113.7", undefined],
    ["?myip=203.000.113.007", "203.000.113.007", undefined],
    ["?myip=203.0.113.256,2001:db8::7", undefined, "2001:db8::7"],
    ["?myip=", undefined, undefined],
    ["?myip", undefined, undefined],
    ["", undefined, undefined],
    ["?myip=%i", undefined, undefined],
    ["?myip=garbage", undefined, undefined],
    ["?myip=%ff%fe", undefined, undefined],
    ["?myip=0.0.0.0", undefined, undefined],
    ["?myip=203.0.113.7&myipv6=preserve", "203.0.113.7", "keep"],
    ["?myip=203.0.113.7&myipv6=-", "203.0.113.7", "remove"],
    ["?myipv4=%3Cpreserve%3E", "keep", undefined],
    ["?myip=203.0.113.7&amp;myipv6=2001:db8::7", "203.0.113.7", "2001:db8::7"],
    ["?myip=203%252E0%252E113%252E7", "203.0.113.7", undefined],
    ["?myipv6=2001:db8:1:2::7/64", undefined, "2001:db8:1:2::7"],
    ["?myipv6=2001:db8:1:2::/64", undefined, "move"],
    // What a router puts there that has no network: an interface part behind nothing.
    ["?ip6lanprefix=::/64&myip=203.0.113.7", "203.0.113.7", undefined],
    ["?myip=__MYIP__", undefined, undefined],
    ["?myip=[IP]", undefined, undefined],
    ["?myip=$ip", undefined, undefined],
    ["?myip=None&myipv6=null", undefined, undefined],
  ])("in %j are %j and %j", (query, ipv4, ipv6) => expect(addressesOf(query)).toEqual([ipv4, ipv6]));
});

describe("An update", () => {
  it("passes over what only the old service knew", () => {
    const plain = read("?hostname=home.certedge.test&myip=203.0.113.7");
    const old = "system=dyndns&wildcard=NOCHG&mx=mail.certedge.test&backmx=YES&url=http://example.com/&offline=NOCHG";
    expect(read(`?${old}&hostname=home.certedge.test&myip=203.0.113.7`)).toEqual(plain);
    expect(plain.offline).toBe(false);
  });

  it.each([
    ["?offline=YES", true],
    ["?offline=yes", true],
    ["?offline=NO", false],
    ["?offline=NOCHG", false],
    ["?offline=", false],
  ])("in %j asks to go offline: %j", (query, offline) => expect(read(query).offline).toBe(offline));

  it("comes as a form too, and what its query says goes first", () => {
    expect(addressesOf("?hostname=home.certedge.test", "myip=203.0.113.7&myipv6=2001%3Adb8%3A%3A7")).toEqual([
      "203.0.113.7",
      "2001:db8::7",
    ]);
    const both = { form: "hostname=away.certedge.test&myip=198.51.100.9" };
    expect(read("?hostname=home.certedge.test", both)).toMatchObject({
      hosts: ["home.certedge.test"],
      families: { A: { address: { address: "198.51.100.9" } } },
    });
  });

  it("may have its query twice, glued by a second question mark", () => {
    const once = "hostname=home.certedge.test&myip=203.0.113.7";
    expect(read(`?${once}?${once}`)).toEqual(read(`?${once}`));
  });

  it("may have a body that is no form", () => {
    for (const form of ['{"hostname":"away.certedge.test"}', "\0\xff%", "=&=&&;", "a".repeat(10_000)]) {
      expect(read("?hostname=home.certedge.test&myip=203.0.113.7", { form })).toMatchObject({
        hosts: ["home.certedge.test"],
        families: { A: { address: { address: "203.0.113.7" } } },
      });
    }
  });

  it.each([
    ["ON", true],
    ["on", true],
    ["OFF", false],
    ["NOCHG", undefined],
    ["", undefined],
  ])("with wildcard=%s asks for the names below: %j", (value, wildcard) =>
    expect(read(`?wildcard=${value}`).wildcard).toBe(wildcard),
  );

  it("tells the network of the hosts behind the router, by any of its names", () => {
    for (const name of ["ip6lanprefix", "ipv6prefix", "prefix", "praefix"]) {
      expect(read(`?myip=203.0.113.7&${name}=2001:DB8:1:200::/56`).prefix).toEqual({
        network: "2001:db8:1:200::/56",
        length: 56,
      });
    }
    expect(read("?myipv6=2001:db8:1:2::7/64").prefix?.network).toBe("2001:db8:1:2::/64");
    for (const none of ["", "::/64", "2001:db8::1", "2001:db8::/300", "fe80::/64", "garbage/64"]) {
      expect(read(`?ip6lanprefix=${none}`).prefix, none).toBeUndefined();
    }
  });

  it("carries its credential in the header, else in the address", () => {
    const query = "?hostname=home.certedge.test";
    expect(read(query, { headers: basic("ada:a:b") }).credentials).toEqual({
      user: "ada",
      secret: "a:b",
      place: "header",
    });
    expect(read(`${query}&username=u%40x.com&password=p%2Bw`).credentials).toEqual({
      user: "u@x.com",
      secret: "p+w",
      place: "url",
    });
    expect(read(`${query}&password=other`, { headers: basic("ada:a") }).credentials?.secret).toBe("a");
    expect(read(query).credentials).toBeUndefined();
  });
});
