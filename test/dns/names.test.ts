import { describe, expect, it } from "vitest";
import { ancestors, isWithin, normaliseName, relativeName } from "../../src/dns/names";

describe("DNS names", () => {
  it.each([
    ["Example.COM.", "example.com"],
    ["example.com", "example.com"],
    [".", ""],
  ])("are compared in lower case, without the final dot: %s", (given, expected) => {
    expect(normaliseName(given)).toBe(expected);
  });

  it.each([
    ["example.com", "example.com", true],
    ["www.example.com", "example.com", true],
    ["notexample.com", "example.com", false],
    ["com", "example.com", false],
    ["example.com.org", "example.com", false],
  ])("are within a zone by whole labels: %s in %s: %s", (name, zone, expected) => {
    expect(isWithin(name, zone)).toBe(expected);
  });

  it.each([
    ["example.com", "@", "@"],
    ["example.com", "", ""],
    ["www.example.com", "@", "www"],
    ["_acme-challenge.a.b.example.com", "@", "_acme-challenge.a.b"],
    ["*.example.com", "@", "*"],
  ])("are told from the zone on: %s with apex %j is %j", (name, apex, expected) => {
    expect(relativeName(name, "example.com", apex)).toBe(expected);
  });

  it("have ancestors, the longest first", () => {
    expect(ancestors("a.b.example")).toEqual(["a.b.example", "b.example", "example"]);
    expect(ancestors("example")).toEqual(["example"]);
  });
});
