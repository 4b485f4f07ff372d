import { describe, expect, it } from "vitest";
import { hasHostPart, isInPrefix, moveTo, parsePrefix, prefixOf } from "../../src/ddns/prefixes";

const prefix = (text: string) => {
  const parsed = parsePrefix(text);
  if (!parsed) throw new Error(`${text} is no network`);
  return parsed;
};

describe("A network of IPv6", () => {
  it.each([
    ["2001:db8:1:2::/64", "2001:db8:1:2::/64"],
    ["2001:DB8:0001:0002:0:0:0:0/64", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::7/64", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2ff::]/56", "2001:db8:1:200::/56"],
    ["2001:db8::/32", "2001:db8::/32"],
    [" 2001:db8:1:2::/64 ", "2001:db8:1:2::/64"],
    ["2001:db8:1:2:3::/77", "2001:db8:1:2::/77"],
  ])("is read from %j as %s", (given, network) => expect(parsePrefix(given)?.network).toBe(network));

  it.each([
    "",
    "::/64",
    "::1/64",
    "fe80::/64",
    "ff02::/16",
    "2001:db8::",
    "2001:db8::/0",
    "2001:db8::/8",
    "2001:db8::/128",
  ])("is not %j", (given) => expect(parsePrefix(given)).toBeUndefined());
  it.each(["203.0.113.0/24", "2001:db8::/1280", "2001:db8::/-1", "<ip6lanprefix>", "2001:db8::g/64", "/64"])(
    "is not %j either",
    (given) => expect(parsePrefix(given)).toBeUndefined(),
  );

  it("is that of an address, of any length", () => {
    expect(prefixOf("2001:db8:1:2ff:1:2:3:4", 56)?.network).toBe("2001:db8:1:200::/56");
    expect(hasHostPart("2001:db8:1:200::", 56)).toBe(false);
    expect(hasHostPart("2001:db8:1:201::", 56)).toBe(true);
  });

  it("has the addresses that begin as it does", () => {
    expect(isInPrefix("2001:db8:1:2ff::1", prefix("2001:db8:1:200::/56"))).toBe(true);
    expect(isInPrefix("2001:db8:1:300::1", prefix("2001:db8:1:200::/56"))).toBe(false);
  });

  it("takes an address over, with its interface and its subnet", () => {
    expect(moveTo("2001:db8:1:2::a:b", prefix("2001:db8:ff:ff::/64"))).toBe("2001:db8:ff:ff::a:b");
    expect(moveTo("2001:db8:1:2ab::a", prefix("2001:db8:ff:ff00::/56"))).toBe("2001:db8:ff:ffab::a");
    for (const length of [17, 33, 48, 63, 64, 65, 96, 126]) {
      const network = prefix(`2001:db8:ffff:ffff:ffff:ffff:ffff:ffff/${length}`);
      const moved = moveTo("2001:db8:1:2:3:4:5:6", network);
      expect(isInPrefix(moved, network)).toBe(true);
      expect(moveTo(moved, prefixOf("2001:db8:1:2:3:4:5:6", length) ?? network)).toBe("2001:db8:1:2:3:4:5:6");
    }
  });
});
