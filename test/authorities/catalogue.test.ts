import { describe, expect, it } from "vitest";
import type { Authority } from "../../src/authorities/authority";
import { authorities, knownAuthority } from "../../src/authorities/catalogue";

const all: [string, Authority][] = Object.entries(authorities);

describe("The catalogue of authorities", () => {
  it.each(all)("%s has https directories, and at least one way to get to one", (id, authority) => {
    const { directories, customerDirectories } = authority;
    for (const url of Object.values(directories)) expect(new URL(url).protocol).toBe("https:");
    const reachable = Object.keys(directories).length > 0 || customerDirectories !== undefined || id === "custom";
    expect(reachable).toBe(true);
  });

  it.each(all)("%s shows as an example what it takes as a customer's directory", (_id, { customerDirectories }) => {
    if (!customerDirectories) return;
    const { hostname } = new URL(customerDirectories.example);
    expect(customerDirectories.hosts.some((host) => `.${hostname}`.endsWith(`.${host}`))).toBe(true);
  });

  it.each(all)("%s lists announced lifetimes from the earliest on", (_id, { profiles }) => {
    for (const { lifetimeChanges = [] } of Object.values(profiles)) {
      expect(lifetimeChanges.map(({ from }) => from)).toEqual(lifetimeChanges.map(({ from }) => from).sort());
    }
  });

  it("has no directory twice: an account's directory tells whose it is", () => {
    const urls = all.flatMap(([, { directories }]) => Object.values(directories));
    expect(new Set(urls).size).toBe(urls.length);
  });

  it("marks what has ended", () => {
    expect(all.filter(([, { ended }]) => ended).map(([id]) => id)).toEqual(["buypass"]);
  });

  it("knows nothing under a name that every object has", () => {
    expect(knownAuthority("constructor")).toBeUndefined();
  });
});
