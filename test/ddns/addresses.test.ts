import { describe, expect, it } from "vitest";
import { isPlaceholder, parseAddress } from "../../src/ddns/addresses";
import { checkipPage, clientAddress, clientGiven } from "../../src/ddns/client-address";

describe("An address", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    [" 203.0.113.7 ", "203.0.113.7"],
    ["203.000.113.007", "203.0.113.7"],
    ["255.255.255.255", undefined],
    // Home networks are published too: CertaDNS's own examples have them.
    ["192.168.1.100", "192.168.1.100"],
    ["10.0.0.1", "10.0.0.1"],
    ["172.16.0.1", "172.16.0.1"],
    ["100.64.0.1", "100.64.0.1"],
    ["256.0.113.7", undefined],
    ["203.0.113", undefined],
    ["203.0.113.7.1", undefined],
    ["203.0.113.-7", undefined],
    ["0x7f.0.0.1", undefined],
    ["3405803783", undefined],
    ["203.0.113.7:80", undefined],
    ["203.0.113.0/24", undefined],
    ["home.example.com", undefined],
    ["", undefined],
  ])("of IPv4: %j is %j", (given, address) => {
    expect(parseAddress(given)).toEqual(address && { family: "A", address, spelling: given.trim() });
  });

  it.each([
    ["2001:db8::7", "2001:db8::7"],
    ["2001:DB8:0:0:0:0:0:7", "2001:db8::7"],
    ["2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7"],
    // RFC 5952 §4.2: the longest run of zeros is shortened, of two equal ones the first, and never a single zero.
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["[2001:db8::7]", "2001:db8::7"],
    ["2001:db8::7%eth0", "2001:db8::7"],
    ["64:ff9b::203.0.113.7", "64:ff9b::cb00:7107"],
    ["fd00::7", "fd00::7"],
    ["fec::1", "fec::1"],
    ["ff::1", "ff::1"],
    ["2001:db8::7/64", undefined],
    ["2001:db8::/64", undefined],
    ["2001:db8::7::1", undefined],
    ["2001:db8:7", undefined],
    ["2001:db8::g", undefined],
    ["1:2:3:4:5:6:7:8:9", undefined],
    ["::203.0.113.256", undefined],
    [":", undefined],
  ])("of IPv6: %j is %j", (given, address) => {
    expect(parseAddress(given)).toEqual(address && { family: "AAAA", address, spelling: given.trim() });
  });

  it.each([
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:CB00:7107", "203.0.113.7"],
    ["[::ffff:203.0.113.7]", "203.0.113.7"],
    ["::ffff:0:1", undefined],
    ["::ffff:127.0.0.1", undefined],
  ])("of IPv4 mapped into IPv6 is the one of IPv4: %j is %j", (given, address) => {
    expect(parseAddress(given)).toEqual(address && { family: "A", address, spelling: given });
  });

  it.each([
    ["unspecified", ["0.0.0.0", "0.1.2.3", "::", "0:0:0:0:0:0:0:0"]],
    ["loopback", ["127.0.0.1", "127.255.255.254", "::1", "0::1"]],
    ["link-local", ["169.254.0.1", "fe80::1", "FE80::1%eth0", "febf::1"]],
    ["multicast", ["224.0.0.1", "239.255.255.250", "ff02::1", "FF0E::1"]],
    ["reserved", ["240.0.0.1", "255.255.255.255"]],
  ])("that is %s is none of a host", (_kind, addresses) => {
    for (const address of addresses) expect(parseAddress(address), address).toBeUndefined();
  });

  it.each(["", "<ipaddr>", "%i", "[IP]", "[ip]", "None", "null", "auto", "self", "0.0.0.0", "::"])(
    "that a client had none of stands as a placeholder: %j",
    (text) => expect(isPlaceholder(text)).toBe(true),
  );

  it.each(["203.0.113.7", "2001:db8::7", "::1", "[2001:db8::7]", "nobody.example.com"])(
    "or a name is no placeholder: %j",
    (text) => expect(isPlaceholder(text)).toBe(false),
  );
});

describe("The caller's own address", () => {
  const headers = (values: Record<string, string>) => new Headers(values);

  it("is the one that the edge saw", () => {
    const own = headers({ "cf-connecting-ip": "203.0.113.7", "x-forwarded-for": "198.51.100.9" });
    expect(clientAddress(own)).toBe("203.0.113.7");
    expect(clientGiven(own)).toMatchObject({ family: "A", address: "203.0.113.7" });
  });

  it("is never what the caller claims", () => {
    const claimed = headers({
      "x-forwarded-for": "198.51.100.9",
      "x-real-ip": "198.51.100.9",
      forwarded: "for=198.51.100.9",
    });
    expect(clientAddress(claimed)).toBe("");
    expect(clientGiven(claimed)).toBeUndefined();
  });

  it("is of no use to others where it is a loopback", () => {
    expect(clientGiven(headers({ "cf-connecting-ip": "127.0.0.1" }))).toBeUndefined();
  });

  it("stands on the page after the words that clients look for", () => {
    expect(/Current IP Address: ([0-9a-f.:]+)</i.exec(checkipPage("2001:db8::7"))?.[1]).toBe("2001:db8::7");
  });
});
