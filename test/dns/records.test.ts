import { type Answer, decode, encode } from "dns-packet";
import { describe, expect, it } from "vitest";
import { fromWire, knownTypes, toWire } from "../../src/dns/records";

/** Through real bytes, as a server and its client do it. */
function overTheWire(type: string, value: string) {
  const message = encode({ type: "response", answers: [toWire({ name: "a.example", type, ttl: 60, value })] });
  const [answer] = decode(message).answers ?? [];
  return fromWire(answer as Answer);
}

const records = [
  ["A", "192.0.2.1"],
  ["AAAA", "2001:db8::1"],
  ["CNAME", "b.example"],
  ["NS", "ns.example"],
  ["TXT", ""],
  ["TXT", 'a "quoted" word, a \\ and ä€'],
  ["TXT", "x".repeat(600)],
  ["MX", "10 mx.example"],
  ["SRV", "1 2 443 host.example"],
  ["CAA", '0 issue "ca.example; policy=x"'],
  ["CAA", '128 iodef "mailto:a@b.example"'],
  ["SOA", "ns.example host.example 1 2 3 4 5"],
] as const;

describe("resource records", () => {
  it.each(records)("go over the wire unchanged: %s %s", (type, value) => {
    expect(overTheWire(type, value)).toEqual({ name: "a.example", type, ttl: 60, value });
  });

  it("are all tried here", () => {
    expect([...knownTypes].sort()).toEqual([...new Set(records.map(([type]) => type as string))].sort());
  });

  it("cut no character of a TXT value in two for good", () => {
    const value = `${"x".repeat(254)}ä${"y".repeat(10)}`;
    expect(overTheWire("TXT", value)?.value).toBe(value);
  });

  it("of types that nobody asks for are left out", () => {
    expect(fromWire({ type: "HINFO", name: "a.example", data: { cpu: "x", os: "y" } })).toBeUndefined();
  });
});
