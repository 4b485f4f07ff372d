import { describe, expect, it } from "vitest";
import { sameValue } from "../../src/dns/values";

describe("a record", () => {
  it.each([
    ["TXT", "value", "value"],
    ["TXT", '"value"', "value"],
    ["TXT", '"val" "ue"', "value"],
    ["TXT", 'say "hi"', 'say "hi"'],
    ["AAAA", "2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["A", "192.0.2.1", "192.0.2.1"],
    ["CNAME", "Host.Example.", "host.example"],
  ] as const)("holds a value however it is written: %s %s", (type, stored, value) => {
    expect(sameValue(type, stored, value)).toBe(true);
  });

  it.each([
    ["TXT", '"value "', "value"],
    ["TXT", '"Value"', "value"],
    ["AAAA", "2001:db8::2", "2001:db8::1"],
    ["CNAME", "host.example.net", "host.example"],
  ] as const)("does not hold another: %s %s", (type, stored, value) => {
    expect(sameValue(type, stored, value)).toBe(false);
  });
});
